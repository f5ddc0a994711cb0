import { expect, it, onTestFinished } from "vitest";
import type { QueueGauge } from "../../src/engine/caretakers/gauger.ts";
import { startSaturationWatch } from "../../src/engine/saturation-watch.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { openDatabase } from "../../src/store/database.ts";

const steps = [1, 2, 3, 4] as const;
const falling = [4, 3, 2, 1] as const;

/** A watch over a database that nobody serves. */
function watchWithout(measureQueue: () => Promise<QueueGauge>) {
  const metrics = createMetrics("0.0.0-test");
  const db = openDatabase({
    url: "postgresql://nobody@127.0.0.1:1/nothing",
    connectionsMax: 1,
    connectTimeoutMs: 1_000,
    statementTimeoutMs: 1_000,
    applicationName: "a test",
    log: silentLog,
  });
  const waiting = { items: 0 };
  const watch = startSaturationWatch(
    {
      db,
      clock: systemClock,
      metrics,
      log: silentLog,
      process: "a test",
      databaseFolder: null,
      load: () => ({ items: waiting.items, bytes: 0, oldestMs: 0, isFailing: true }),
      doorWaitedMs: () => 0,
      measureQueue,
      throttles: () => [],
    },
    {
      isOn: false,
      thresholds: {
        commits: steps,
        queue: steps,
        loop: steps,
        memory: steps,
        disk: falling,
        oldest_ready: steps,
        depth: steps,
      },
      queueItemsMax: 100,
      queueBytesMax: 1_000,
    },
  );
  const shown = async () => ({
    waiting: (await metrics.recordQueue.get()).values[0]?.value,
    memory: (await metrics.saturationRatio.get()).values.find(({ labels }) => labels.signal === "memory")?.value,
  });
  const stop = async () => {
    await watch.stop();
    await db.close();
  };
  return { waiting, shown, stop };
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
