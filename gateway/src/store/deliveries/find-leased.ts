import { cold } from "../statement.ts";
import type { LeasedRow } from "./claim-ready.ts";

export interface FoundLeasedRow extends LeasedRow {
  readonly lease: string;
}

/**
 * What claims have leased whose answer was lost, as it would have been answered. The deadlines lead to the index.
 * Parameters: leases uuid[], their deadlines timestamptz[].
 */
export const findLeased = cold<FoundLeasedRow>(
  "find_leased",
  `SELECT d.bucket, d.id, d.tenant, d.event_id, d.destination_id, d.key, d.trigger, d.attempt, d.refusals,
          d.priority, d.rank, d.lane, d.permit, d.order_key, d.lease
     FROM holdfast.delivery d
    WHERE d.state = 'leased' AND d.lease_until = ANY($2::timestamptz[]) AND d.lease = ANY($1::uuid[])`,
);
