import { expect, it, onTestFinished } from "vitest";
import type { QueueGauge } from "../../src/engine/caretakers/gauger.ts";
import { startSaturationWatch } from "../../src/engine/saturation-watch.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import type { Database } from "../../src/store/database.ts";
import { openDatabase } from "../../src/store/database.ts";
import { listSaturation } from "../../src/store/saturation/list-saturation.ts";
import { reportSaturation } from "../../src/store/saturation/report-saturation.ts";
import { openTestPool, testDatabase } from "../support/database.ts";

const beyondReach = [1e9, 2e9, 3e9, 4e9] as const;
const belowAll = [-1, -2, -3, -4] as const;

const NOBODY_THERE = {
  url: "postgresql://nobody@127.0.0.1:1/nothing",
  connectionsMax: 1,
  connectTimeoutMs: 1_000,
  statementTimeoutMs: 1_000,
  applicationName: "a test",
  log: silentLog,
};

/** A watch that cannot measure its queue; over a database that nobody serves, or over one that answers all else. */
function watchWithout(
  measureQueue: () => Promise<QueueGauge>,
  {
    db = openDatabase(NOBODY_THERE),
    processes = 1,
    clock = systemClock,
  }: { readonly db?: Database; readonly processes?: number; readonly clock?: Clock } = {},
) {
  const metrics = createMetrics("0.0.0-test");
  const waiting = { items: 0 };
  const watch = startSaturationWatch(
    {
      db,
      clock,
      metrics,
      log: silentLog,
      process: "a test",
      databaseFolder: null,
      processes,
      load: () => ({ items: waiting.items, bytes: 0, oldestMs: 0, isFailing: true }),
      doorWaitedMs: () => 0,
      measureQueue,
      throttles: () => [],
    },
    {
      isOn: true,
      thresholds: {
        commits: beyondReach,
        queue: [60, 70, 80, 90],
        loop: beyondReach,
        memory: [100, 2e9, 3e9, 4e9],
        disk: belowAll,
        oldest_ready: beyondReach,
        depth: beyondReach,
      },
      queueItemsMax: 100,
      queueBytesMax: 1_000,
    },
  );
  const ratioOf = async (signal: string) =>
    (await metrics.saturationRatio.get()).values.find(({ labels }) => labels.signal === signal)?.value;
  const shown = async () => ({
    waiting: (await metrics.recordQueue.get()).values[0]?.value,
    memory: await ratioOf("memory"),
    depth: await ratioOf("depth"),
  });
  const stop = async () => {
    await watch.stop();
    await db.close();
  };
  return { waiting, watch, shown, stop };
}

it("shows what waits and how full memory is while the queue cannot be measured, as it changes", async () => {
  let failures = 0;
  const { waiting, shown, stop } = watchWithout(() => {
    failures++;
    return Promise.reject(new Error("the database is away"));
  });
  onTestFinished(stop);
  for (const items of [3, 5, 0]) {
    waiting.items = items;
    const before = failures;
    await expect.poll(() => failures).toBeGreaterThan(before);
    await expect.poll(shown).toMatchObject({ waiting: items, memory: expect.any(Number) });
  }
});

it("does so while the database is silent, too", async () => {
  let speak: () => void = () => {};
  const silence = new Promise<QueueGauge>((_resolve, reject) => {
    speak = () => reject(new Error("the connection was lost"));
  });
  const { waiting, shown, stop } = watchWithout(() => silence);
  onTestFinished(async () => {
    speak();
    await stop();
  });
  for (const items of [3, 5]) {
    waiting.items = items;
    await expect.poll(shown).toMatchObject({ waiting: items, memory: expect.any(Number) });
  }
});

it("says how overloaded it is, and whom it refuses, while the queue cannot be measured or its count does not come back", async () => {
  const database = await testDatabase();
  const db = openTestPool(database, 2);
  let giveUp: () => void = () => {};
  const cut = new Promise<QueueGauge>((_resolve, reject) => {
    giveUp = () => reject(new Error("canceling statement due to statement timeout"));
  });
  const { waiting, watch, stop } = watchWithout(() => cut, { db });
  onTestFinished(async () => {
    giveUp();
    await stop();
    await database.drop();
  });
  const told = async () =>
    (await db.run(listSaturation, [])).rows.map(({ level, signal, refused }) => [level, signal, refused["high"]]);
  await expect.poll(told).toEqual([[0, null, 0]]);
  waiting.items = 100;
  await expect.poll(told).toEqual([[4, "queue", 0]]);
  giveUp();
  watch.noteRefused("high");
  await expect.poll(told).toEqual([[4, "queue", 1]]);
});

it("counts in memory those that were started with it: a machine has no room for a million of them", async () => {
  const { shown, stop } = watchWithout(() => Promise.reject(new Error("the database is away")), {
    processes: 1_000_000,
  });
  onTestFinished(stop);
  // Of the first threshold.
  await expect.poll(async () => (await shown()).memory).toBeGreaterThan(0.99);
});

it("says how it stands again as soon as the database takes it, and not after the time that lies between two reports", async () => {
  const database = await testDatabase();
  const db = openTestPool(database, 2);
  let refusals = 3;
  const trouble: Database = {
    ...db,
    run: (...asked: Parameters<Database["run"]>) =>
      asked[0] === reportSaturation && refusals-- > 0 ? Promise.reject(new Error("it is away")) : db.run(...asked),
  } as Database;
  // By this clock the time for another report never comes.
  const clock = { ...systemClock, monotonicMs: () => 1_000 };
  const { stop } = watchWithout(() => Promise.reject(new Error("not now")), { db: trouble, clock });
  onTestFinished(async () => {
    await stop();
    await database.drop();
  });
  await expect.poll(async () => (await db.run(listSaturation, [])).rows.length).toBe(1);
  expect(refusals).toBeLessThan(0);
});

it("keeps what it knows of the queue when it looks at itself meanwhile", async () => {
  let looks = 0;
  const { shown, stop } = watchWithout(() => {
    // Known while the memory is being read, and not told again.
    if (looks++ > 0) return Promise.reject(new Error("the database is away"));
    return Promise.resolve({ depth: { ready: 5e8 }, oldestReadyMs: {} });
  });
  onTestFinished(stop);
  await expect.poll(async () => (await shown()).memory).toEqual(expect.any(Number));
  expect((await shown()).depth).toBe(0.5);
});
