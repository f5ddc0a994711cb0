import { expect, onTestFinished, test } from "vitest";
import { startDuties } from "../../src/boot/leader-duties.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { takeLead } from "../../src/store/processes/leadership.ts";
import { PARTITIONED, ensurePartitions } from "../../src/store/upkeep/ensure-partitions.ts";
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

test("a leader drops nothing because the database's clock was set ahead, but what is old by its own clock too", async () => {
  const database = await testDatabase();
  const db = openTestPool(database, 4);
  onTestFinished(async () => {
    await db.close();
    await database.drop();
  });
  const nowMs = Date.now();
  for (const ms of [nowMs, nowMs - 60 * DAY_MS]) await ensurePartitions(db, ms, 0);
  const holder = "0196c0de-0000-7000-8000-00000000000a";
  const { epoch } = (await db.run(takeLead, ["caretakers", holder, 600])).rows[0]!;
  const stop = startDuties(
    {
      db,
      leader: { current: () => ({ name: "caretakers", holder, epoch }) },
      processes: { live: () => [] } as never,
      clock: systemClock,
      databaseClock: { now: () => new Date(Date.now() + 100 * DAY_MS), sync: async () => {} },
      metrics: createMetrics("0.0.0"),
      random: (bytes) => Buffer.alloc(bytes),
      log: silentLog,
    },
    RETENTION,
  );
  const daysOf = async (ms: number): Promise<string[]> => {
    const day = new Date(ms).toISOString().slice(0, 10).replaceAll("-", "");
    const { rows } = await db.pool.query<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relname ~ ('^[a-z_]+_p' || $1 || '$') AND relkind = 'r' ORDER BY 1",
      [day],
    );
    return rows.map(({ name }) => name.replace(/_p\d+$/, ""));
  };
  await until(async () => (await daysOf(nowMs - 60 * DAY_MS)).length === 0);
  await stop();
  expect(await daysOf(nowMs)).toEqual(["attempt", "duplicate", "event", "finished_delivery", "rejection"]);
  expect((await db.pool.query("SELECT gen FROM holdfast.dedupe_generation")).rowCount).toBe(1);
});

test("the leader shows how many days are made ahead, fewer while no day can be made, and whoever does not lead shows none", async () => {
  const database = await testDatabase();
  const db = openTestPool(database, 4);
  onTestFinished(async () => {
    await db.close();
    await database.drop();
  });
  const nowMs = Date.UTC(2031, 0, 1, 12);
  let monotonicMs = 0;
  let leads = true;
  const metrics = createMetrics("0.0.0");
  // Somebody's own table under the name of a day.
  await db.pool.query("CREATE TABLE holdfast.event_p20310103 AS SELECT 1 AS theirs");
  const stop = startDuties(
    {
      db,
      leader: { current: () => (leads ? { name: "caretakers", holder: "one", epoch: 1 } : null) },
      processes: { live: () => [] } as never,
      clock: { now: () => new Date(nowMs), monotonicMs: () => monotonicMs },
      databaseClock: { now: () => new Date(nowMs), sync: async () => {} },
      metrics,
      random: (bytes) => Buffer.alloc(bytes),
      log: silentLog,
    },
    RETENTION,
  );
  onTestFinished(stop);
  const shown = async (): Promise<Record<string, number>> => {
    const { values } = await metrics.partitionsAhead.get();
    return Object.fromEntries(values.map(({ labels, value }) => [labels.table, value]));
  };
  const areShown = (days: number) => async (): Promise<boolean> => {
    monotonicMs += 3_600_000;
    const ahead = await shown();
    return PARTITIONED.every((table) => ahead[table] === days);
  };
  await until(areShown(1));
  await db.pool.query("DROP TABLE holdfast.event_p20310103");
  await until(areShown(7));
  leads = false;
  await until(async () => Object.keys(await shown()).length === 0);
});
