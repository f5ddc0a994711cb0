import { hot } from "../statement.ts";

/**
 * Locks the rows that these leases still hold, sorted against deadlocks. A lease that is not returned was lost: it expired
 * and somebody else has or had the delivery, so its outcome must change nothing.
 * Parameters: buckets int[], ids uuid[], leases uuid[].
 */
export const lockLeases = hot<{ id: string }>(
  "lock_leases",
  `SELECT d.id
     FROM holdfast.delivery d
     JOIN unnest($1::int[], $2::uuid[], $3::uuid[]) AS u(bucket, id, lease) ON u.bucket = d.bucket AND u.id = d.id
    WHERE d.state = 'leased' AND d.lease = u.lease/*shard*/ AND d.bucket = ANY($1::int[])/*.*/
    ORDER BY d.bucket, d.id
      FOR UPDATE OF d`,
);
