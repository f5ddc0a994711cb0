import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { startCandidacy } from "../../src/engine/leader.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { Log } from "../../src/platform/log.ts";
import { silentLog } from "../../src/platform/log.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";

const SCRIPT = fileURLToPath(new URL("./leader-process.mjs", import.meta.url));
const FIRST = "0196c0de-0000-7000-8000-00000000000a";
const SECOND = "0196c0de-0000-7000-8000-00000000000b";

interface Candidate {
  readonly process: ChildProcess;
  readonly lines: string[];
  readonly ended: Promise<unknown>;
}

async function startCandidate(desk: Desk, holder: string, leadMs: number): Promise<Candidate> {
  const args = [SCRIPT, desk.database.url, holder, String(leadMs)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  await until(() => lines.length > 0);
  return { process: child, lines, ended };
}

/** Long enough that a living leader keeps its lead while a busy machine lets it wait for its turn. */
const LEAD_MS = 10_000;

async function openBook(): Promise<Desk> {
  const desk = await openDesk();
  await desk.query(
    "create table public.deed (place bigint generated always as identity, holder text, epoch bigint, believed boolean)",
  );
  return desk;
}

const deedsOf = async (desk: Desk, holder: string): Promise<number> =>
  (await desk.query<{ n: number }>("select count(*)::int as n from public.deed where holder = $1", [holder]))[0]!.n;

it("when the leader is killed another one takes over, under a larger epoch", async () => {
  const desk = await openBook();
  const first = await startCandidate(desk, FIRST, LEAD_MS);
  const second = await startCandidate(desk, SECOND, LEAD_MS);
  await until(async () => (await deedsOf(desk, FIRST)) > 3);
  expect(await deedsOf(desk, SECOND)).toBe(0);
  first.process.kill("SIGKILL");
  await until(async () => (await deedsOf(desk, SECOND)) > 3);
  const rows = await desk.query("select distinct holder, epoch::int as epoch from public.deed order by epoch");
  expect(rows).toEqual([
    { holder: FIRST, epoch: 1 },
    { holder: SECOND, epoch: 2 },
  ]);
  second.process.kill("SIGTERM");
  await second.ended;
});

it("a leader that stood still goes on and does nothing more with its old epoch, although it tries to", async () => {
  const desk = await openBook();
  const first = await startCandidate(desk, FIRST, LEAD_MS);
  const second = await startCandidate(desk, SECOND, LEAD_MS);
  await until(async () => (await deedsOf(desk, FIRST)) > 3);
  first.process.kill("SIGSTOP");
  await until(async () => (await deedsOf(desk, SECOND)) > 3);
  const done = await deedsOf(desk, FIRST);
  first.process.kill("SIGCONT");
  await until(() => first.lines.filter((line) => line === "deposed 1").length > 3);
  expect(await deedsOf(desk, FIRST)).toBe(done);
  const [late] = await desk.query<{ n: number }>(
    `select count(*)::int as n from public.deed
      where epoch = 1 and place > (select min(place) from public.deed where epoch = 2)`,
  );
  expect(late).toEqual({ n: 0 });
  // It waits its turn like anybody, and leads again under an epoch of its own.
  second.process.kill("SIGTERM");
  await second.ended;
  await until(async () => (await deedsOf(desk, FIRST)) > done);
  const epochs = await desk.query("select distinct epoch::int as epoch from public.deed where holder = $1 order by 1", [
    FIRST,
  ]);
  expect(epochs).toEqual([{ epoch: 1 }, { epoch: 3 }]);
  first.process.kill("SIGTERM");
  await first.ended;
});

it("a leader that ends in order gives the lead up at once, however long its lease", async () => {
  const desk = await openBook();
  const first = await startCandidate(desk, FIRST, 3_600_000);
  await until(async () => (await deedsOf(desk, FIRST)) > 0);
  first.process.kill("SIGTERM");
  await first.ended;
  const second = await startCandidate(desk, SECOND, 3_600_000);
  await until(async () => (await deedsOf(desk, SECOND)) > 0);
  second.process.kill("SIGTERM");
  await second.ended;
});

it("a lease that was written while the database's clock was ahead keeps nobody from leading, one of the right length does, and the log says whose", async () => {
  const desk = await openDesk();
  const told: Record<string, unknown>[] = [];
  const log: Log = { ...silentLog, info: (fields, text) => void told.push({ ...fields, text }) };
  const stand = async (holder: string, leadMs: number) => {
    const candidacy = await startCandidacy(
      { db: desk.db, clock: systemClock, log },
      { name: "caretakers", holder, leadMs },
    );
    onTestFinished(() => candidacy.stop());
    return candidacy;
  };
  await desk.query("update holdfast.leadership set holder = $1, epoch = 7, lease_until = now() + interval '30 days'", [
    FIRST,
  ]);
  const second = await stand(SECOND, 3_600_000);
  expect(second.current()).toMatchObject({ holder: SECOND, epoch: 8 });
  const first = await stand(FIRST, 3_600_000);
  expect(first.current()).toBe(null);
  expect(told.at(-1)).toMatchObject({ process: SECOND, until: expect.any(Date) });
});

it("the lease and the heartbeat go by a connection of their own: no caretaker that takes its time holds them up", async () => {
  const desk = await openDesk();
  await startDeliveries(desk, { destinations: {} });
  const lastOf = async (pool: string): Promise<string[]> =>
    (
      await desk.query<{ query: string }>(
        "select query from pg_stat_activity where application_name = $1 and datname = current_database()",
        [`holdfast ${pool}`],
      )
    ).map(({ query }) => query);
  const isSignOfLife = (query: string): boolean => /^UPDATE holdfast\.leadership|holdfast\.process\b/.test(query);
  await until(async () => (await lastOf("caretaker")).length > 0);
  const lead = await lastOf("lead");
  expect([lead.length, lead.filter(isSignOfLife).length]).toEqual([1, 1]);
});
