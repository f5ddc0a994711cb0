import type { Source } from "../domain/catalog.ts";
import type { IngestResult } from "../pipeline/arrival.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Queryable } from "../store/statement.ts";
import { addArrivalMinutes } from "../store/rates/arrival-minutes.ts";
import { startLoop } from "./loop.ts";

const OUTCOMES = ["recorded", "duplicates", "rejected", "unavailable"] as const;
type TallyOutcome = (typeof OUTCOMES)[number];

/** Counts arrivals by source and minute. A crash loses the seconds that were not written yet, and no more. */
export interface ArrivalTally {
  /** One look-up in memory, so it may stand on the path of an ack. */
  note(source: Pick<Source, "id" | "tenant">, kind: IngestResult["kind"]): void;
  /** Writes what is left, and stops. */
  drain(): Promise<void>;
}

interface Count extends Record<TallyOutcome, number> {
  readonly sourceId: string;
  readonly tenant: string;
  readonly minuteMs: number;
}

const FLUSH_MS = 2_000;
const MINUTE_MS = 60_000;
/** Sources times the minutes for which the database may be away; beyond, counts are dropped, since they are for the eye. */
const COUNTS_MAX = 20_000;

export function createArrivalTally(deps: {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly log: Log;
}): ArrivalTally {
  let counts = new Map<string, Count>();
  const flush = async (): Promise<boolean> => {
    if (counts.size === 0) return false;
    const written = [...counts.values()];
    const before = counts;
    counts = new Map();
    try {
      await deps.db.run(addArrivalMinutes, toColumns(written));
    } catch (error) {
      for (const [key, count] of before) merge(counts, key, count);
      throw error;
    }
    return false;
  };
  const loop = startLoop({ name: "arrival tally", log: deps.log, idleMs: FLUSH_MS }, flush);
  let last: { readonly of: Map<string, Count>; readonly count: Count } | null = null;
  return {
    note: (source, kind) => {
      const outcome = toOutcome(kind);
      if (outcome === null) return;
      const minuteMs = Math.floor(deps.clock.now().getTime() / MINUTE_MS) * MINUTE_MS;
      // Arrivals come in runs of one source, and each is on the path of an ack.
      if (last?.of === counts && last.count.sourceId === source.id && last.count.minuteMs === minuteMs) {
        last.count[outcome]++;
        return;
      }
      const key = `${source.id}/${minuteMs}`;
      const count = { recorded: 0, duplicates: 0, rejected: 0, unavailable: 0, [outcome]: 1 };
      merge(counts, key, { sourceId: source.id, tenant: source.tenant, minuteMs, ...count });
      const known = counts.get(key);
      last = known === undefined ? null : { of: counts, count: known };
    },
    drain: async () => {
      await loop.stop();
      await flush().catch(() => {});
    },
  };
}

function toOutcome(kind: IngestResult["kind"]): TallyOutcome | null {
  switch (kind) {
    case "recorded":
      return "recorded";
    case "duplicate":
      return "duplicates";
    case "rejected":
      return "rejected";
    case "refused":
    case "unavailable":
      return "unavailable";
    case "handshake":
      return null;
  }
}

function merge(counts: Map<string, Count>, key: string, more: Count): void {
  const known = counts.get(key);
  if (known !== undefined) for (const outcome of OUTCOMES) known[outcome] += more[outcome];
  else if (counts.size < COUNTS_MAX) counts.set(key, more);
}

function toColumns(counts: readonly Count[]): unknown[] {
  return [
    counts.map(({ sourceId }) => sourceId),
    counts.map(({ minuteMs }) => new Date(minuteMs).toISOString()),
    counts.map(({ tenant }) => tenant),
    ...OUTCOMES.map((outcome) => counts.map((count) => count[outcome])),
  ];
}
