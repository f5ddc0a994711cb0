import { createGateMetrics } from "./gate-metrics.ts";
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import { createOverloadMetrics, createPaceMetrics } from "./queue-metrics.ts";
import { createRecoveryMetrics } from "./recovery-metrics.ts";
import { createMetricsExchange } from "./metrics-exchange.ts";
import { createUpkeepMetrics } from "./upkeep-metrics.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
// With an edge at what HoldfastAcksAreSlow asks for: a quantile is guessed between two edges, and 1.1 s came out as 2.
const ACK_SECONDS = [...SECONDS.filter((edge) => edge < 2), 2, ...SECONDS.filter((edge) => edge > 2)];
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** All metrics of one process, on a registry of its own: embedding must not touch the global one. */
export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(version: string) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const buildInfo = new Gauge({
    name: "holdfast_build_info",
    help: "1, with the version as label",
    labelNames: ["version"],
    aggregator: "first",
    registers,
  });
  buildInfo.set({ version }, 1);
  return {
    registry,
    exchange: createMetricsExchange(registry),
    ...createIngestMetrics(registers),
    ...createRouteMetrics(registers),
    ...createSubscriptionMetrics(registers),
    attempts: new Counter({
      name: "holdfast_delivery_attempts_total",
      help: "Attempts by destination and outcome class",
      labelNames: ["destination", "outcome"],
      registers,
    }),
    attemptSeconds: new Histogram({
      name: "holdfast_delivery_duration_seconds",
      help: "Duration of one attempt",
      buckets: SECONDS,
      registers,
    }),
    leasesLost: new Counter({
      name: "holdfast_leases_lost_total",
      help: "Outcomes that came after their lease was gone and changed nothing",
      registers,
    }),
    rescued: new Counter({
      name: "holdfast_deliveries_rescued_total",
      help: "Deliveries taken back from a worker that died",
      registers,
    }),
    ...createQueueMetrics(registers),
    ...createGateMetrics(registers),
    ...createPaceMetrics(registers),
    ...createOverloadMetrics(registers),
    ...createUpkeepMetrics(registers),
    ...createRecoveryMetrics(registers),
    databaseUp: new Gauge({
      name: "holdfast_database_up",
      aggregator: "min",
      help: "1 when the last look at the database was answered and its settings are safe",
      registers,
    }),
  };
}

function createRouteMetrics(registers: Registry[]) {
  return {
    routeFilterFaults: new Counter({
      name: "holdfast_route_filter_faults_total",
      help: "Events that a route left out because its filter could not be worked out for them, by route",
      labelNames: ["route"],
      registers,
    }),
  };
}

function createIngestMetrics(registers: Registry[]) {
  return {
    ingestRequests: new Counter({
      name: "holdfast_ingest_requests_total",
      help: "Arrivals by source and result",
      labelNames: ["source", "result"],
      registers,
    }),
    ingestConnections: new Gauge({
      name: "holdfast_ingest_connections",
      help: "Open connections at the ingest door",
      registers,
    }),
    ingestSeconds: new Histogram({
      name: "holdfast_ingest_ack_seconds",
      help: "From the last byte of a genuine arrival to its durable answer, or to the word that it could not be recorded",
      buckets: ACK_SECONDS,
      registers,
    }),
    recordBatchSize: new Histogram({
      name: "holdfast_record_batch_events",
      help: "Arrivals that shared one commit",
      buckets: SIZES,
      registers,
    }),
    duplicates: new Counter({
      name: "holdfast_duplicates_total",
      help: "Arrivals whose event was recorded already, by source",
      labelNames: ["source"],
      registers,
    }),
    rejections: new Counter({
      name: "holdfast_rejections_total",
      help: "Rejected arrivals by source and reason",
      labelNames: ["source", "reason"],
      registers,
    }),
    keyFetches: new Counter({
      name: "holdfast_key_fetches_total",
      help: "Keys and certificates fetched from providers, by result",
      labelNames: ["result"],
      registers,
    }),
    rejectionsUnkept: new Counter({
      name: "holdfast_rejections_unkept_total",
      help: "Rejections that were counted but not stored, because too many or too large ones came at once or the disk is low",
      registers,
    }),
  };
}

function createQueueMetrics(registers: Registry[]) {
  return {
    queueDepth: new Gauge({
      name: "holdfast_queue_depth",
      aggregator: "max",
      help: "Unfinished deliveries by state",
      labelNames: ["state"],
      registers,
    }),
    queueOldestSeconds: new Gauge({
      name: "holdfast_queue_oldest_age_seconds",
      aggregator: "max",
      help: "For how long the oldest ready delivery has been ready, by priority",
      labelNames: ["priority"],
      registers,
    }),
  };
}

function createSubscriptionMetrics(registers: Registry[]) {
  return {
    subscriptionConfirmations: new Counter({
      name: "holdfast_subscription_confirmations_total",
      help: "Subscriptions that were to be confirmed by visiting a URL (Amazon SNS), by result",
      labelNames: ["result"],
      registers,
    }),
  };
}

/** Shows of a source what an alert goes by before it happens: Prometheus sees a counter grow only from a value that it has read. */
export function beginSource({ ingestRequests }: Metrics, source: string): void {
  ingestRequests.inc({ source, result: "unavailable" }, 0);
}
