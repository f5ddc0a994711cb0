/** How much one batch may hold at most, whatever the database bears. */
export interface BatchSizeMax {
  readonly itemsMax: number;
  readonly bytesMax: number;
}

/** How much the next batch may hold: less after one that ran out of time, and more again with each that did not. */
export interface BatchSize {
  now(): BatchSizeMax;
  /** A batch was stored within its time. */
  wasInTime(): void;
  /** This batch was given up, or ended by the database, because it took too long. */
  wasLate(batch: readonly { readonly size: number }[]): void;
}

const LESS = 0.5;
const MORE = 1.25;

/**
 * Repeated at the same size, a batch that is too much for a slow disk or a narrow way to the database runs out of time again, and so
 * does each that follows: nothing gets through, though half of it would.
 */
export function createBatchSize(most: BatchSizeMax): BatchSize {
  const least = 1 / most.itemsMax;
  let share = 1;
  return {
    now: () => ({
      itemsMax: Math.max(1, Math.floor(share * most.itemsMax)),
      bytesMax: Math.max(1, Math.floor(share * most.bytesMax)),
    }),
    wasInTime: () => {
      share = Math.min(1, share * MORE);
    },
    wasLate: (batch) => {
      const bytes = batch.reduce((sum, { size }) => sum + size, 0);
      const filled = Math.max(batch.length / most.itemsMax, bytes / most.bytesMax);
      share = Math.max(least, LESS * Math.min(share, filled));
    },
  };
}
