import { expect, it } from "vitest";
import { createMetrics } from "../../src/platform/metrics.ts";

it("what the leader shows for all is shown once beside a former leader that stands still and is shown as it was", async () => {
  const [former, leader] = [createMetrics("test"), createMetrics("test")];
  for (const [metrics, value] of [
    [former, 50],
    [leader, 20],
  ] as const) {
    metrics.queueDepth.set({ state: "ready" }, value);
    metrics.queueOldestSeconds.set({ priority: "critical" }, value);
    metrics.reconciliationUnexplained.set({ source: "stripe" }, value);
    metrics.reconciliationFailing.set({ source: "stripe" }, value);
    for (const gauge of [metrics.oldestSnapshotSeconds, metrics.inactiveSlots, metrics.retentionNeeded])
      gauge.set(value);
  }
  const left = await former.exchange.read();
  leader.exchange.gatherFrom(async () => [left]);
  const shown = (await leader.exchange.show()).split("\n");
  const values = [
    'queue_depth{state="ready"}',
    'queue_oldest_age_seconds{priority="critical"}',
    'reconciliation_unexplained_events{source="stripe"}',
    'reconciliation_failing{source="stripe"}',
    "database_oldest_snapshot_seconds",
    "database_inactive_replication_slots",
    "retention_needed_partitions",
  ].map((name) => shown.find((line) => line.startsWith(`holdfast_${name} `)));
  expect(values.map((line) => line?.split(" ").at(-1))).toEqual(Array.from({ length: 7 }, () => "50"));
});
