import { hot } from "../statement.ts";

export interface DueRow {
  readonly bucket: number;
  readonly id: string;
  readonly priority: number;
  readonly lane: string;
  readonly destination_id: string;
}

/**
 * Locks scheduled deliveries whose time has come, those that have been due for longest first; two stagers share them.
 * Parameters: now timestamptz, limit int; on a cluster also buckets int[] of one shard.
 */
export const findDue = hot<DueRow>(
  "find_due",
  `SELECT d.bucket, d.id, d.priority, d.lane, d.destination_id
     FROM holdfast.delivery d
    WHERE d.state = 'scheduled' AND d.due_at <= $1/*shard*/ AND d.bucket = ANY($3::int[])/*.*/
    ORDER BY d.due_at
    LIMIT $2 FOR UPDATE SKIP LOCKED`,
);
