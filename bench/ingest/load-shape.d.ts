/** One round of load: which address, for how long, with which events. */
export interface RoundPlan {
  readonly url: string;
  readonly secret: string;
  readonly connections: number;
  readonly durationMs: number;
  /** Arrivals a second, due whatever the answers do (open loop); null: each connection sends when it is answered (closed loop). */
  readonly arrivalsPerSec: number | null;
  /** How many distinct events are made ahead; the round ends early when they are used up. */
  readonly eventsMax: number;
  /** Makes this round's event ids differ from every other's, up to 8 letters and digits. */
  readonly mark: string;
  readonly seed: number;
  /** A header, in lower case, that each 200 must carry, or null. */
  readonly keptHeader: string | null;
  /** A header, in lower case, that marks a duplicate, or null. */
  readonly duplicateHeader: string | null;
}

/** What a round came to. */
export interface Round {
  readonly answered: number;
  readonly sent: number;
  readonly elapsedMs: number;
  readonly ratePerSec: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Open loop: how late the sender itself was with what found a connection free, 99th percentile; null in a closed loop. */
  readonly lateP99Ms: number | null;
  readonly usedUp: boolean;
  /** What was wrong with answers, and how often. Any entry makes the round void. */
  readonly faults: Readonly<Record<string, number>>;
  /** CPU of the server's own process for each answer, null where the system does not tell. */
  readonly nodeCpuMicros: number | null;
  /** CPU of its database and queue for each answer. */
  readonly databaseCpuMicros: number | null;
  /** CPU of the sender for each answer: what the machine spends on asking. */
  readonly senderCpuMicros: number | null;
  /** Share of the machine's CPU that went to whatever else was running. */
  readonly othersShare: number | null;
}
