import type { Registry } from "prom-client";
import { Counter, Gauge } from "prom-client";
import { REPLAY_SUBJECTS } from "../domain/replay-scope.ts";
import { createReconciliationMetrics } from "./reconciliation-metrics.ts";

/** What replays and reconciliations do. A replay is counted by the process that holds it by its lease at that moment. */
export function createRecoveryMetrics(registers: Registry[]) {
  const replaysEnded = new Counter({
    name: "holdfast_replays_ended_total",
    help: "Replays that went to their end, by state: completed, or failed at the integrity check",
    labelNames: ["state"],
    registers,
  });
  const replaysReplayed = new Counter({
    name: "holdfast_replays_replayed_total",
    help: "Events, or rejections, that replays queued at least one delivery for, or made events of",
    labelNames: ["subject"],
    registers,
  });
  const replaysSkipped = new Counter({
    name: "holdfast_replays_skipped_total",
    help: "Events, or rejections, that replays passed over as processed or under way already",
    labelNames: ["subject"],
    registers,
  });
  // Prometheus sees an increase only from a value that it has read before: the first failure, or batch, would be none.
  for (const state of ["completed", "failed"]) replaysEnded.inc({ state }, 0);
  for (const counter of [replaysReplayed, replaysSkipped])
    for (const subject of REPLAY_SUBJECTS) counter.inc({ subject }, 0);
  return {
    ...createReconciliationMetrics(registers),
    replaysRunning: new Gauge({
      name: "holdfast_replays_running",
      help: "Replays that this process goes on with now",
      registers,
    }),
    replaysReplayed,
    replaysSkipped,
    replaysEnded,
  };
}
