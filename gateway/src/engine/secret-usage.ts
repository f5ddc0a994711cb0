import type { Log } from "../platform/log.ts";
import { addSecretUsage } from "../store/catalog/secret-usage.ts";
import type { Queryable } from "../store/statement.ts";
import { startLoop } from "./loop.ts";

/** Counts which secret version verified how many arrivals. A crash loses the seconds that were not written yet, and no more. */
export interface SecretUsage {
  /** One arrival was verified by this version. Costs a look-up in memory, so it may stand on the path of an ack. */
  note(sourceId: string, version: string | null, at: Date): void;
  /** Writes what is left, and stops. */
  drain(): Promise<void>;
}

interface Count {
  readonly sourceId: string;
  readonly version: string;
  uses: number;
  firstMs: number;
  lastMs: number;
}

const USAGE_FLUSH_MS = 2_000;
/** Names of versions come from the catalog, so there are never that many; a bound all the same. */
const COUNTS_MAX = 20_000;

export function createSecretUsage(deps: { readonly db: Queryable; readonly log: Log }): SecretUsage {
  let counts = new Map<string, Count>();
  const flush = async (): Promise<boolean> => {
    if (counts.size === 0) return false;
    const written = counts;
    counts = new Map();
    try {
      await deps.db.run(addSecretUsage, toColumns([...written.values()]));
    } catch (error) {
      // Counted again at the next round. When only the answer was lost, a few uses count twice; the times stay right.
      for (const count of written.values()) merge(counts, count);
      throw error;
    }
    return false;
  };
  const loop = startLoop({ name: "secret usage", log: deps.log, idleMs: USAGE_FLUSH_MS }, flush);
  return {
    note: (sourceId, version, at) => {
      if (version === null) return;
      const ms = at.getTime();
      merge(counts, { sourceId, version, uses: 1, firstMs: ms, lastMs: ms });
    },
    drain: async () => {
      await loop.stop();
      await flush().catch(() => {});
    },
  };
}

function merge(counts: Map<string, Count>, more: Count): void {
  const key = `${more.sourceId}/${more.version}`;
  const known = counts.get(key);
  if (known === undefined) {
    if (counts.size < COUNTS_MAX) counts.set(key, more);
    return;
  }
  known.uses += more.uses;
  known.firstMs = Math.min(known.firstMs, more.firstMs);
  known.lastMs = Math.max(known.lastMs, more.lastMs);
}

function toColumns(counts: readonly Count[]): unknown[] {
  return [
    counts.map(({ sourceId }) => sourceId),
    counts.map(({ version }) => version),
    counts.map(({ uses }) => uses),
    counts.map(({ firstMs }) => new Date(firstMs).toISOString()),
    counts.map(({ lastMs }) => new Date(lastMs).toISOString()),
  ];
}
