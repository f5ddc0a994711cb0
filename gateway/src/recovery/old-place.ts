import { timeOf } from "../domain/id.ts";
import type { OrderPlace } from "../pipeline/record-event.ts";

/**
 * The place that a delivery had in the order of its key, for the one that follows it: before all that came later, whether that
 * waits for its turn now or is queued at the same moment. What ended before places were kept has the time at which it was made.
 */
export function oldPlace(row: {
  readonly id: string;
  readonly order_key: string | null;
  readonly order_at: number | null;
}): OrderPlace | null {
  return row.order_key === null ? null : { key: row.order_key, at: row.order_at ?? timeOf(row.id) * 1_000 };
}
