import type { LoopCause } from "../domain/retry-loop.ts";
import type { Arrival } from "../pipeline/arrival.ts";
import type { IngestDeps } from "../pipeline/ingest.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Queryable } from "../store/statement.ts";
import type { ArrivalTally } from "./arrival-tally.ts";
import { createArrivalTally } from "./arrival-tally.ts";
import type { RetryLoops } from "./retry-loops.ts";
import { DRAIN_MS, createRetryLoops } from "./retry-loops.ts";
import type { SecretUsage } from "./secret-usage.ts";
import { createSecretUsage } from "./secret-usage.ts";

/** An answer that took this long may have come too late: the strictest providers wait 3 s, network and all (Slack). */
const LATE_MS = 2_000;
const LATE_MAX = 2_000;

/** What watches arrivals beside their way: it touches memory only, and writes in the background. */
export interface ArrivalWatch {
  readonly observe: IngestDeps["observe"];
  readonly loops: RetryLoops;
  /** Counts an arrival by what became of it. */
  readonly count: ArrivalTally["note"];
  /** Writes what is left, as far as the database takes it within {@link DRAIN_MS}. */
  drain(): Promise<void>;
}

/** Starts the counting of secret uses and the look-out for loops. */
export function startArrivalWatch(deps: {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}): ArrivalWatch {
  const usage = createSecretUsage(deps);
  const loops = createRetryLoops(deps);
  const tally = createArrivalTally(deps);
  return {
    observe: createObserver({ ...deps, usage, loops }),
    loops,
    count: tally.note,
    drain: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, DRAIN_MS);
      });
      await Promise.race([Promise.all([usage.drain(), loops.drain(), tally.drain()]), late]);
      clearTimeout(timer);
    },
  };
}

/**
 * Sees every verified arrival once its result is known: counts the use of its secret version, counts duplicates, and tells
 * why an event comes again.
 */
function createObserver(deps: {
  readonly usage: SecretUsage;
  readonly loops: RetryLoops;
  readonly metrics: Metrics;
  readonly clock: Clock;
}): IngestDeps["observe"] {
  // By the event's key in the ledger, which is there even when the event could not be recorded.
  const answeredLate = new Set<string>();
  return (ready, arrival, draft, outcome) => {
    deps.usage.note(draft.sourceId, draft.secretVersion, draft.receivedAt);
    const key = draft.keys[0]!.key;
    if (outcome.ok && outcome.value.kind === "duplicate") {
      const { name: source } = ready.source;
      const isLate = answeredLate.has(key) || saysLate(arrival);
      const cause: LoopCause = isLate ? "answered_late" : "redelivered";
      deps.metrics.duplicates.inc({ source });
      const { sourceId, receivedAt: at } = draft;
      const fingerprint = outcome.value.eventId;
      deps.loops.note({ sourceId, source, kind: "duplicate", fingerprint, cause, reason: null, at });
    }
    answeredLate.delete(key);
    const tookMs = deps.clock.now().getTime() - draft.receivedAt.getTime();
    if (outcome.ok && tookMs < LATE_MS) return;
    if (answeredLate.size >= LATE_MAX) answeredLate.delete(answeredLate.values().next().value ?? "");
    answeredLate.add(key);
  };
}

// Slack tells why it tries again. The header is not signed, and decides nothing but this word.
function saysLate(arrival: Arrival): boolean {
  return arrival.headers.some(
    ([name, value]) => value === "http_timeout" && name.toLowerCase() === "x-slack-retry-reason",
  );
}
