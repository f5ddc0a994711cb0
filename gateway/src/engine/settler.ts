import type { Settled, Settlement } from "../pipeline/settle.ts";
import { settleDeliveries } from "../pipeline/settle.ts";
import type { Clock } from "../platform/clock.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Database } from "../store/database.ts";
import type { DatabaseClock } from "./database-clock.ts";
import type { GroupCommit } from "./group-commit.ts";
import { createGroupCommit } from "./group-commit.ts";

const MIB = 1_048_576;
const TRANSACTION_MS = 5_000;
/** How many settling transactions run at once, each on a connection of its own. */
export const SETTLE_LANES = 2;

/**
 * Settles outcomes in batches. An outcome that cannot be written for most of its lease is given up: the rescuer takes the
 * delivery back, and a later write would be refused by its token anyway.
 */
export function createSettler(deps: {
  readonly db: Database;
  readonly clock: Clock;
  readonly databaseClock: DatabaseClock;
  readonly worker: string;
  readonly leaseMs: number;
  readonly metrics: Metrics;
}): GroupCommit<Settlement, Settled> {
  return createGroupCommit<Settlement, Settled>({
    lanes: SETTLE_LANES,
    // A second transaction beside one that runs only for a batch worth having (docs/decisions/0009).
    laneItemsMin: 512,
    laneWaitMs: 50,
    itemsMax: 512,
    bytesMax: 8 * MIB,
    queueItemsMax: 100_000,
    queueBytesMax: 64 * MIB,
    deadlineMs: deps.leaseMs,
    clock: deps.clock,
    sizeOf: ({ attempt }) => 500 + (attempt?.response?.body.length ?? 0) + (attempt?.response?.headers.length ?? 0),
    keysOf: ({ delivery }) => [delivery.id],
    onBatch: (size) => deps.metrics.settleBatchSize.observe(size),
    run: (items, isRepeat) =>
      deps.db.transaction(
        (tx) => settleDeliveries(tx, items, deps.worker, deps.databaseClock.now(), isRepeat),
        TRANSACTION_MS,
      ),
  });
}
