import type { Registry } from "prom-client";
import { Counter, Gauge, Histogram } from "prom-client";
import { REFUSAL_CAUSES } from "../domain/admission.ts";
import { PRIORITIES } from "../domain/priority.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
// From receipt to processed: retries take hours, and up to three days. A backlog or a pause holds up a first attempt as long.
const LONG_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3_600, 21_600, 86_400];
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** How fast the queue moves: commits, claims, settlements, and the whole way. docs/operate/queue.md reads them. */
export function createPaceMetrics(registers: Registry[]) {
  return {
    recordSeconds: new Histogram({
      name: "holdfast_record_commit_seconds",
      help: "Duration of one group commit of arrivals",
      buckets: SECONDS,
      registers,
    }),
    recordQueue: new Gauge({
      name: "holdfast_record_queue_events",
      help: "Arrivals that wait for their commit",
      registers,
    }),
    settleBatchSize: new Histogram({
      name: "holdfast_settle_batch_deliveries",
      help: "Deliveries that shared one settling commit",
      buckets: SIZES,
      registers,
    }),
    claimSize: new Histogram({
      name: "holdfast_claim_deliveries",
      help: "Deliveries that one claim leased; claims that found nothing are not counted",
      buckets: SIZES,
      registers,
    }),
    claimSeconds: new Histogram({
      name: "holdfast_claim_seconds",
      help: "Duration of one claim",
      buckets: SECONDS,
      registers,
    }),
    firstAttemptSeconds: new Histogram({
      name: "holdfast_delivery_wait_seconds",
      help: "From receipt to the start of the first attempt, of what is delivered because it came: no retries by hand, no replays",
      buckets: LONG_SECONDS,
      registers,
    }),
    processedSeconds: new Histogram({
      name: "holdfast_delivery_processed_seconds",
      help: "From receipt to processed, attempts and waits included, of what is delivered because it came: no retries by hand, no replays",
      buckets: LONG_SECONDS,
      registers,
    }),
  };
}

/** How overloaded this process is, and whom it refuses because of it. */
export function createOverloadMetrics(registers: Registry[]) {
  const ingestRefused = new Counter({
    name: "holdfast_ingest_refused_total",
    help: "Arrivals refused with 429 or 503 to keep the gateway able to work, by class and cause",
    labelNames: ["priority", "cause"],
    registers,
  });
  // Prometheus sees an increase only from a value that it has read before: the first refusals would be none.
  for (const priority of PRIORITIES) for (const cause of REFUSAL_CAUSES) ingestRefused.inc({ priority, cause }, 0);
  return {
    saturationLevel: new Gauge({
      name: "holdfast_saturation_level",
      aggregator: "max",
      help: "0: everything is accepted; 1: low and normal are slowed down; 2 to 4: low, then normal, then high are refused",
      registers,
    }),
    saturationRatio: new Gauge({
      name: "holdfast_saturation_signal_ratio",
      aggregator: "max",
      help: "Each signal as a share of its first threshold: 1 and more is over it",
      labelNames: ["signal"],
      registers,
    }),
    throttleState: new Gauge({
      name: "holdfast_throttle_state",
      aggregator: "max",
      help: "What the overload controller does to a class: 0 accepted, 1 throttled, 2 refused",
      labelNames: ["priority"],
      registers,
    }),
    throttles: new Gauge({
      name: "holdfast_throttles_in_force",
      aggregator: "max",
      help: "Throttles that operators have set and that have not ended, by action",
      labelNames: ["action"],
      registers,
    }),
    ingestRefused,
  };
}
