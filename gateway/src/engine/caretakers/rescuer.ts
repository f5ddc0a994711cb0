import type { CatalogIndex } from "../../pipeline/catalog-index.ts";
import { rescue } from "../../pipeline/rescue.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { Database } from "../../store/database.ts";

const BATCH = 200;
const DEADLINE_MS = 5_000;

export interface RescuerDeps {
  readonly db: Database;
  readonly random: (bytes: number) => Uint8Array;
  readonly worker: string;
  readonly catalog: () => CatalogIndex;
  readonly leaseMs: number;
  readonly metrics: Metrics;
  readonly onReady: () => void;
}

/**
 * Takes back what leases that end before `endedBefore` have left behind, batch by batch.
 *
 * @returns how many
 */
export async function rescueExpired(deps: RescuerDeps, now: Date, endedBefore: Date): Promise<number> {
  let total = 0;
  for (;;) {
    const result = await deps.db.transaction((tx) => rescue(deps, tx, now, endedBefore, BATCH), DEADLINE_MS);
    if (!result.ok) throw new Error(result.message);
    total += result.value;
    if (result.value > 0) {
      deps.metrics.rescued.inc(result.value);
      deps.onReady();
    }
    if (result.value < BATCH) return total;
  }
}
