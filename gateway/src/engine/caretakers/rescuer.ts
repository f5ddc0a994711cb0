import type { CatalogIndex } from "../../pipeline/catalog-index.ts";
import { rescue } from "../../pipeline/rescue.ts";
import type { Log } from "../../platform/log.ts";
import { messageOf } from "../../platform/log.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { Database } from "../../store/database.ts";

const BATCH = 200;
const DEADLINE_MS = 5_000;
/** So many are named in a line of the log. */
const NAMED_MAX = 10;

export interface RescuerDeps {
  readonly db: Database;
  readonly random: (bytes: number) => Uint8Array;
  readonly worker: string;
  readonly catalog: () => CatalogIndex;
  readonly leaseMs: number;
  readonly metrics: Metrics;
  readonly log: Log;
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
    const { found, stuck } = result.value;
    const rescued = found - stuck.length;
    total += rescued;
    if (rescued > 0) {
      deps.metrics.rescued.inc(rescued);
      deps.onReady();
    }
    if (stuck.length > 0) {
      const deliveries = stuck.slice(0, NAMED_MAX).map(({ id }) => id);
      const words = "deliveries whose lease has ended cannot be taken back; the next round tries again";
      deps.log.error({ stuck: stuck.length, deliveries, error: messageOf(stuck[0]!.error) }, words);
    }
    if (found < BATCH || rescued === 0) return total;
  }
}
