import type { CatalogIndex } from "../../pipeline/catalog-index.ts";
import type { LeaseEnds } from "../../pipeline/rescue.ts";
import { rescue } from "../../pipeline/rescue.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import { messageOf } from "../../platform/log.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { Database } from "../../store/database.ts";
import { findFarLease } from "../../store/deliveries/find-expired.ts";

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
 * Takes back what leases with these ends have left behind, batch by batch.
 *
 * @returns how many
 */
export async function rescueExpired(deps: RescuerDeps, now: Date, ends: LeaseEnds = { until: now }): Promise<number> {
  let total = 0;
  for (;;) {
    const result = await deps.db.transaction((tx) => rescue(deps, tx, now, ends, BATCH), DEADLINE_MS);
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

/** No process is told a longer lease (`worker.leaseMs`). */
const LEASE_MS_MAX = 3_600_000;
/** No lease ends later than so long from now, however old the reading of the database's clock is that it was reckoned from. */
const FAR_MS = 2 * LEASE_MS_MAX;

/**
 * The rescuer's rounds. A lease that was written while the database's clock was ahead ends too late, by as much. Its worker
 * may still be at it when the clock is set right, so it is taken back when such have been seen for as long as any lease holds.
 *
 * @returns one round, which returns how many were taken back
 */
export function createRescuer(deps: RescuerDeps & { readonly clock: Clock }): (now: Date) => Promise<number> {
  let farSinceMs: number | null = null;
  return async (now) => {
    const rescued = await rescueExpired(deps, now);
    const after = new Date(now.getTime() + FAR_MS);
    if ((await deps.db.run(findFarLease, [after.toISOString()])).rowCount === 0) {
      farSinceMs = null;
      return rescued;
    }
    farSinceMs ??= deps.clock.monotonicMs();
    if (deps.clock.monotonicMs() < farSinceMs + LEASE_MS_MAX) return rescued;
    return rescued + (await rescueExpired(deps, now, { after }));
  };
}
