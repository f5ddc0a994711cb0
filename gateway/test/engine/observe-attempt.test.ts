import { expect, it } from "vitest";
import { TRIGGERS } from "../../src/domain/delivery.ts";
import { observeAttempt } from "../../src/engine/observe-attempt.ts";
import type { Claimed } from "../../src/pipeline/claim.ts";
import type { Settlement } from "../../src/pipeline/settle.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createMetrics } from "../../src/platform/metrics.ts";

const RECEIVED = new Date("2026-11-20T00:00:00Z");
const ID = "01930000-0000-7000-8000-000000000000";

/** How many waits, and times to processed, a first attempt three days after the receipt leaves in the metrics. */
async function observed(trigger: string): Promise<[waits: number, processed: number]> {
  const metrics = createMetrics("test");
  const startedAt = new Date("2026-11-23T00:00:00Z");
  observeAttempt(
    { log: silentLog, metrics, worker: "a test" },
    { delivery: { id: ID, eventId: ID, attempt: 1, trigger }, event: { receivedAt: RECEIVED } } as unknown as Claimed,
    { startedAt, durationMs: 10, outcome: { kind: "answered", status: 200 } } as never,
    { decision: { to: "processed" }, dueAt: null } as unknown as Settlement,
    null,
  );
  const count = async (histogram: (typeof metrics)["processedSeconds"]): Promise<number> =>
    (await histogram.get()).values.find(({ metricName }) => metricName?.endsWith("_count"))!.value;
  return [await count(metrics.firstAttemptSeconds), await count(metrics.processedSeconds)];
}

it("tells a first attempt after hours from one after a minute, as it does the whole way", async () => {
  const { firstAttemptSeconds, processedSeconds } = createMetrics("test");
  for (const histogram of [firstAttemptSeconds, processedSeconds]) {
    for (const sec of [61, 7_200]) histogram.observe(sec);
    const { values } = await histogram.get();
    const upTo = (sec: number) => values.find(({ labels }) => labels.le === sec)?.value;
    expect([upTo(30), upTo(300), upTo(3_600), upTo(21_600)]).toEqual([0, 1, 1, 2]);
  }
});

it("times from its receipt what is delivered because it came, and not what somebody delivers again days later", async () => {
  const timed = [];
  for (const trigger of TRIGGERS) timed.push([trigger, ...(await observed(trigger))]);
  expect(timed).toEqual([
    ["live", 1, 1],
    ["retry", 0, 0],
    ["replay", 0, 0],
    ["reconcile", 1, 1],
    ["copy", 0, 0],
  ]);
});
