import { cold, hot } from "../statement.ts";

export interface ExpiredRow {
  readonly bucket: number;
  readonly id: string;
  readonly destination_id: string;
  readonly lease: string;
  readonly lease_until: Date;
  readonly attempt: number;
  readonly refusals: number;
}

/**
 * Locks deliveries whose lease ends between two moments, the first excluded, so that two rescuers share them.
 * Parameters: from and to timestamptz, limit int; on a cluster also buckets int[] of one shard.
 */
export const findExpired = hot<ExpiredRow>(
  "find_expired",
  `SELECT d.bucket, d.id, d.destination_id, d.lease, d.lease_until, d.attempt, d.refusals
     FROM holdfast.delivery d
    WHERE d.state = 'leased' AND d.lease_until > $1 AND d.lease_until <= $2/*shard*/ AND d.bucket = ANY($4::int[])/*.*/
    ORDER BY d.lease_until
    LIMIT $3 FOR UPDATE SKIP LOCKED`,
);

/** Whether any lease ends later than a moment. Parameter: the moment, timestamptz. */
export const findFarLease = cold(
  "find_far_lease",
  "SELECT FROM holdfast.delivery d WHERE d.state = 'leased' AND d.lease_until > $1 LIMIT 1",
);
