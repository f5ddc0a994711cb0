// Tries to lead, and while it does writes a line under its term as often as it can; it also tries to write when it believes
// itself deposed, with the last term that it had. Its arguments: the database, its id, and how long a lease is.
import { setTimeout as pause } from "node:timers/promises";
import { startCandidacy, underTerm } from "../../dist/engine/leader.js";
import { systemClock } from "../../dist/platform/clock.js";
import { silentLog } from "../../dist/platform/log.js";
import { openDatabase } from "../../dist/store/database.js";

const [url, holder, leadMs] = process.argv.slice(2);
const db = openDatabase({
  url,
  connectionsMax: 3,
  connectTimeoutMs: 10_000,
  statementTimeoutMs: 20_000,
  applicationName: `candidate ${holder}`,
  log: silentLog,
});
const candidacy = await startCandidacy(
  { db, clock: systemClock, log: silentLog },
  { name: "caretakers", holder, leadMs: Number(leadMs) },
);
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
process.stdout.write("ready\n");
let last = null;
while (!stop.signal.aborted) {
  const term = candidacy.current();
  last = term ?? last;
  if (last !== null) {
    const done = await underTerm(
      db,
      last,
      (tx) =>
        tx.client.query("insert into public.deed (holder, epoch, believed) values ($1, $2, $3)", [
          holder,
          last.epoch,
          term !== null,
        ]),
      5_000,
    );
    if ("deposed" in done) process.stdout.write(`deposed ${last.epoch}\n`);
  }
  await pause(10);
}
await candidacy.stop();
await db.close();
