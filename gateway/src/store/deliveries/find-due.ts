import { hot } from "../statement.ts";

export interface DueRow {
  readonly bucket: number;
  readonly id: string;
  readonly priority: number;
  readonly lane: string;
  readonly destination_id: string;
}

/** One scan of the index, as far as the limit asks for. A cluster's buckets are the third parameter. */
const dueWithin = (range: string, limit: string): string =>
  `SELECT d.bucket, d.id, d.priority, d.lane, d.destination_id
         FROM holdfast.delivery d
        WHERE d.state = 'scheduled' AND ${range}/*shard*/ AND d.bucket = ANY($3::int[])/*.*/
        ORDER BY d.due_at
        LIMIT ${limit} FOR UPDATE SKIP LOCKED`;

/**
 * Locks scheduled deliveries whose time has come; two stagers share them. Half of them at most have been due for longer than a minute,
 * those that have been for longest first: what a pause has gathered is due since it was made, hundreds of thousands at once, and
 * everybody's retries would wait until the last of it is queued. Fewer than half of the limit: there are no more.
 * Parameters: now timestamptz, limit int; on a cluster also buckets int[] of one shard.
 */
export const findDue = hot<DueRow>(
  "find_due",
  `SELECT due.bucket, due.id, due.priority, due.lane, due.destination_id FROM (
     SELECT * FROM (
       ${dueWithin("d.due_at <= $1::timestamptz - interval '1 minute'", "($2::int + 1) / 2")}) old
     UNION ALL
     SELECT * FROM (
       ${dueWithin("d.due_at > $1::timestamptz - interval '1 minute' AND d.due_at <= $1::timestamptz", "$2::int")}) fresh) due
    LIMIT $2::int`,
);
