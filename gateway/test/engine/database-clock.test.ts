import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { layFoundation } from "../../src/boot/foundation.ts";
import { loadConfig } from "../../src/config.ts";
import { createDatabaseClock, keepTime } from "../../src/engine/database-clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import type { Queryable } from "../../src/store/statement.ts";
import { testDatabase } from "../support/database.ts";
import { until } from "../support/embedded.ts";

const DAY_MS = 86_400_000;

/** How far the database's clock was set forward once the start had read it, as often as it wanted to. */
const database = vi.hoisted(() => ({ isRead: false, aheadMs: 0 }));

vi.mock("../../src/store/upkeep/read-clock.ts", async (original) => {
  const real = await original<typeof import("../../src/store/upkeep/read-clock.ts")>();
  const readClock = async (db: Queryable): Promise<number> =>
    (await real.readClock(db)) + (database.isRead ? database.aheadMs : 0);
  return { ...real, readClock };
});

// What the start does next: on a busy machine it reads the clock more than once.
vi.mock("../../src/store/upkeep/ensure-partitions.ts", async (original) => {
  const real = await original<typeof import("../../src/store/upkeep/ensure-partitions.ts")>();
  const ensurePartitions: typeof real.ensurePartitions = (...asked) => {
    database.isRead = true;
    return real.ensurePartitions(...asked);
  };
  return { ...real, ensurePartitions };
});

test.each([["ingest"], ["admin"], ["worker"]] as const)(
  "a process that is alone with its role, %s, reads the database's clock again after its start",
  async (role) => {
    const { url, drop } = await testDatabase();
    const dataDir = mkdtempSync(join(tmpdir(), "holdfast-case-"));
    onTestFinished(async () => {
      await drop();
      rmSync(dataDir, { recursive: true, force: true });
    });
    const content = { dataDir, databaseUrl: url, roles: [role] };
    const loaded = await loadConfig({ flags: {}, env: {}, cwd: dataDir, content });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
    Object.assign(database, { isRead: false, aheadMs: DAY_MS });
    const foundation = await layFoundation(loaded.config, silentLog, () => {});
    if (!foundation.ok) throw new Error(foundation.message);
    await until(() => foundation.databaseClock.now().getTime() > Date.now() + DAY_MS / 2);
    await foundation.close();
  },
);

test("the time is read every half minute, also after it could not be, and no more once that is stopped", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let reads = 0;
  let nowMs = 1_000;
  const db = {
    run: async () => {
      if (++reads === 2) throw new Error("away");
      return { rows: [{ now: nowMs, ms: nowMs }] } as never;
    },
  };
  const clock = createDatabaseClock(db, { now: () => new Date(0), monotonicMs: () => 0 });
  const keeper = keepTime(clock, { now: () => clock.now() }, silentLog);
  await vi.advanceTimersByTimeAsync(29_999);
  expect(reads).toBe(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(reads).toBe(3);
  nowMs = 5_000;
  await vi.advanceTimersByTimeAsync(30_000);
  expect(reads).toBe(4);
  await keeper.stop();
  await vi.advanceTimersByTimeAsync(300_000);
  expect([reads, vi.getTimerCount()]).toEqual([4, 0]);
});

/** A database and a monotonic clock that agree; each reading waits so long for its connection, and then answers at once. */
function waitingDatabase(waitsMs: number[]) {
  let monotonicMs = 0;
  const trueMs = () => 5_000_000 + monotonicMs;
  const db = {
    run: async () => {
      monotonicMs += waitsMs.shift() ?? 0;
      return { rows: [{ ms: trueMs() }] } as never;
    },
  };
  const clock = createDatabaseClock(db, { now: () => new Date(monotonicMs), monotonicMs: () => monotonicMs });
  return { clock, offMs: () => clock.now().getTime() - trueMs(), pass: (ms: number) => void (monotonicMs += ms) };
}

test("a reading that waited for its connection does not move a time that is known better", async () => {
  Object.assign(database, { isRead: false, aheadMs: 0 });
  const { clock, offMs, pass } = waitingDatabase([2, 1_400, 1_400, 1_400, 2]);
  await clock.sync();
  expect(Math.abs(offMs())).toBeLessThanOrEqual(1);
  pass(30_000);
  await clock.sync();
  expect(Math.abs(offMs())).toBeLessThanOrEqual(1);
  expect(clock.catchUp()).toBeNull();
});

test("a first reading that waited is made again, and what is known of a database that was set is not kept", async () => {
  Object.assign(database, { isRead: false, aheadMs: 0 });
  const { clock, offMs, pass } = waitingDatabase([1_400, 2, 300, 300, 300]);
  await clock.sync();
  expect(Math.abs(offMs())).toBeLessThanOrEqual(1);
  pass(30_000);
  Object.assign(database, { isRead: true, aheadMs: -DAY_MS });
  await clock.sync();
  expect(Math.abs(offMs() + DAY_MS)).toBeLessThanOrEqual(150);
});

test("a wall clock that is more than a minute off is told once, and so is that it is right again", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const told: unknown[] = [];
  const tell = (fields: object, words: string) => void told.push([fields, words]);
  const log = { ...silentLog, warn: tell, info: tell };
  let aheadMs = -61_000;
  const databaseClock = { now: () => new Date(3_600_000), sync: async () => {} };
  const keeper = keepTime(databaseClock, { now: () => new Date(3_600_000 + aheadMs) }, log);
  await vi.advanceTimersByTimeAsync(60_000);
  const apart = [{ aheadSec: -61 }, "this machine's clock and the database's are apart; one of them is wrong"];
  expect(told).toEqual([apart]);
  aheadMs = 60_000;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual([apart, [{}, "this machine's clock and the database's agree again"]]);
  await keeper.stop();
});
