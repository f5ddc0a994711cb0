import { hot, keyOf } from "../statement.ts";

/** Takes finished deliveries out of the hot table. Parameters: buckets int[], ids uuid[], leases uuid[]. */
export const deleteFinished = hot<{ id: string }>(
  "delete_finished",
  `DELETE FROM holdfast.delivery d
    USING unnest($1::int[], $2::uuid[], $3::uuid[]) AS u(bucket, id, lease)
    WHERE/*shard*/ d.bucket = ANY($1::int[]) AND/*.*/ d.bucket = ${keyOf("u.bucket")} AND d.id = u.id AND d.lease = u.lease
   RETURNING d.id`,
);
