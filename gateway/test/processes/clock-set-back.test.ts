import { randomUUID } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { forgetProcesses, readProcesses, watchProcesses } from "../../src/engine/process-watch.ts";
import { silentLog } from "../../src/platform/log.ts";
import { beat } from "../../src/store/processes/process-rows.ts";
import { openTestPool, testDatabase } from "../support/database.ts";

it("a process goes on saying that it lives when the database's clock is set back, and a dead one does not live on until then", async () => {
  const database = await testDatabase();
  const db = openTestPool(database, 2);
  onTestFinished(async () => {
    await db.close();
    await database.drop();
  });
  const [self, dead] = [randomUUID(), randomUUID()];
  const watch = await watchProcesses({ db, log: silentLog }, { id: self, roles: ["worker"], version: "1" });
  onTestFinished(() => watch.stop());
  await db.run(beat, [dead, "other", 7, ["worker"], "1"]);
  // As if both had written it before the clock was set back by a month.
  await db.pool.query(
    "UPDATE holdfast.process SET started_at = started_at + interval '30 days', seen_at = seen_at + interval '30 days'",
  );
  await db.run(beat, [self, "here", 6, ["worker"], "1"]);
  expect((await readProcesses(db)).map(({ id }) => id)).toEqual([self]);
  await forgetProcesses(db);
  const { rows } = await db.pool.query("SELECT id, started_at <= now() AS begun FROM holdfast.process");
  expect(rows).toEqual([{ id: self, begun: true }]);
});
