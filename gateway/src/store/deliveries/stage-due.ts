import { hot } from "../statement.ts";

/**
 * Makes scheduled deliveries ready whose time has come; they queue by the time they were due.
 * Parameters: buckets int[] of this claim group, now timestamptz, limit int.
 */
export const stageDue = hot<{ id: string }>(
  "stage_due",
  `WITH due AS MATERIALIZED (
     SELECT q.bucket, q.id FROM holdfast.delivery q
      WHERE q.state = 'scheduled' AND q.due_at <= $2 AND q.bucket = ANY($1::int[])
      ORDER BY q.due_at
      LIMIT $3 FOR UPDATE SKIP LOCKED)
   UPDATE holdfast.delivery d
      SET state = 'ready', rank = extract(epoch FROM d.due_at) * 1000, due_at = NULL
     FROM due
    WHERE d.bucket = ANY($1::int[]) AND d.bucket = due.bucket AND d.id = due.id
   RETURNING d.id`,
);
