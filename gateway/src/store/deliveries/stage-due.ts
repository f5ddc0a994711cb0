import { hot } from "../statement.ts";

/**
 * Makes scheduled deliveries ready whose time has come; they queue by the time they were due. The epoch is taken from an
 * interval: of a timestamptz it is only stable, and a cluster refuses stable functions of columns in an UPDATE.
 * Parameters: now timestamptz, limit int; on a cluster also buckets int[] of one shard.
 */
export const stageDue = hot<{ id: string }>(
  "stage_due",
  `WITH due AS MATERIALIZED (
     SELECT q.bucket, q.id FROM holdfast.delivery q
      WHERE q.state = 'scheduled' AND q.due_at <= $1/*shard*/ AND q.bucket = ANY($3::int[])/*.*/
      ORDER BY q.due_at
      LIMIT $2 FOR UPDATE SKIP LOCKED)
   UPDATE holdfast.delivery d
      SET state = 'ready', rank = extract(epoch FROM d.due_at - timestamptz '1970-01-01 00:00:00+00') * 1000, due_at = NULL
     FROM due
    WHERE/*shard*/ d.bucket = ANY($3::int[]) AND/*.*/ d.bucket = due.bucket AND d.id = due.id
   RETURNING d.id`,
);
