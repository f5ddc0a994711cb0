import { expect, onTestFinished, test } from "vitest";
import { startDuties } from "../../src/boot/leader-duties.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { openTestPool, testDatabase } from "../support/database.ts";
import { until } from "../support/embedded.ts";

const DAY_MS = 86_400_000;
const RETENTION = { eventDays: 30, attemptDays: 30, rejectionDays: 30, dedupeDays: 90 };

test("a leader whose day is another one makes the days ahead at once, not when its hour is over", async () => {
  const database = await testDatabase();
  const db = openTestPool(database, 4);
  onTestFinished(async () => {
    await db.close();
    await database.drop();
  });
  let nowMs = Date.UTC(2031, 0, 1, 23, 59, 59, 999);
  let monotonicMs = 0;
  const clock: Clock = { now: () => new Date(nowMs), monotonicMs: () => monotonicMs };
  const stop = startDuties(
    {
      db,
      leader: { current: () => ({ name: "caretakers", holder: "one", epoch: 1 }) },
      processes: { live: () => [] } as never,
      clock,
      databaseClock: { now: () => new Date(nowMs), sync: async () => {} },
      metrics: createMetrics("0.0.0"),
      random: (bytes) => Buffer.alloc(bytes),
      log: silentLog,
    },
    RETENTION,
  );
  onTestFinished(stop);
  const hasDay = async (day: string): Promise<boolean> =>
    (await db.pool.query(`SELECT FROM pg_class WHERE relname = 'rejection_p${day}'`)).rowCount === 1;
  await until(() => hasDay("20310108"));
  expect(await hasDay("20310109")).toBe(false);
  // Midnight, by a clock that is read again, and hardly any time by one's own.
  nowMs += 1;
  monotonicMs += 1;
  await until(() => hasDay("20310109"));
  // A suspend of weeks.
  nowMs += 30 * DAY_MS;
  await until(() => hasDay("20310208"));
  // Set back, where a start has made other days.
  nowMs -= 200 * DAY_MS;
  await until(() => hasDay("20300723"));
});
