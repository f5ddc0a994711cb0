import type { Query } from "./call-api.ts";

/** One minute's counts: arrivals by what became of them, attempts by how they went. */
export interface RateMinute {
  at: string;
  recorded: number;
  duplicates: number;
  rejected: number;
  /** Answered 429 or 503: the provider sends it again. */
  unavailable: number;
  succeeded: number;
  failed: number;
  /** Mean of the minute's attempts. */
  latencyMs: number | null;
}

/** What came at one source, in sum. */
export interface SourceTraffic {
  sourceId: string;
  recorded: number;
  duplicates: number;
  rejected: number;
  unavailable: number;
  lastRecordedAt: string | null;
  lastRejectedAt: string | null;
}

/** How the attempts at one destination went, in sum. */
export interface DestinationTraffic {
  destinationId: string;
  succeeded: number;
  failed: number;
  meanLatencyMs: number | null;
  lastTriedAt: string | null;
}

/** Counts of the last minutes, 60 unless `minutes` says otherwise, 1,440 at most. */
export interface RateCalls {
  /** Minute by minute, oldest first; of one source's arrivals or one destination's attempts by its id. */
  byMinute(query?: { minutes?: number; source?: string; destination?: string }): Promise<{ minutes: RateMinute[] }>;
  /** A source at which nothing came is left out. */
  bySource(query?: { minutes?: number }): Promise<{ from: string; items: SourceTraffic[] }>;
  /** A destination that was not tried is left out. */
  byDestination(query?: { minutes?: number }): Promise<{ from: string; items: DestinationTraffic[] }>;
}

/** Reads the counts. */
export function ratesOf({ get }: { get<T>(path: string, query?: Query): Promise<T> }): RateCalls {
  return {
    byMinute: (query = {}) => get("/rates", { ...query }),
    bySource: (query = {}) => get("/rates/sources", { ...query }),
    byDestination: (query = {}) => get("/rates/destinations", { ...query }),
  };
}
