import { hot } from "../statement.ts";

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
 * Locks deliveries whose lease has expired, so that two rescuers share them.
 * Parameters: now timestamptz, limit int; on a cluster also buckets int[] of one shard.
 */
export const findExpired = hot<ExpiredRow>(
  "find_expired",
  `SELECT d.bucket, d.id, d.destination_id, d.lease, d.lease_until, d.attempt, d.refusals
     FROM holdfast.delivery d
    WHERE d.state = 'leased' AND d.lease_until <= $1/*shard*/ AND d.bucket = ANY($3::int[])/*.*/
    ORDER BY d.lease_until
    LIMIT $2 FOR UPDATE SKIP LOCKED`,
);
