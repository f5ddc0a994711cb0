import { PRIORITIES } from "../../domain/priority.ts";
import { cold, hot, keyOf } from "../statement.ts";

export interface LeasedRow {
  readonly bucket: number;
  readonly id: string;
  readonly tenant: string;
  readonly event_id: string;
  readonly destination_id: string;
  readonly key: string;
  readonly trigger: string;
  readonly attempt: number;
  readonly refusals: number;
  readonly priority: number;
  readonly rank: number;
  readonly lane: string;
  readonly permit: boolean;
  readonly order_key: string | null;
}

/** @param bucketsAt the number of the parameter that a cluster needs */
const leaseDue = (due: string, bucketsAt: number): string =>
  `WITH due AS MATERIALIZED (${due})
   UPDATE holdfast.delivery d
      SET state = 'leased', lease = $2, lease_until = $3, attempt = d.attempt + 1
     FROM due
    WHERE/*shard*/ d.bucket = ANY($${bucketsAt}::int[]) AND/*.*/ d.bucket = ${keyOf("due.bucket")} AND d.id = due.id AND d.ctid = due.place
   RETURNING d.bucket, d.id, d.tenant, d.event_id, d.destination_id, d.key, d.trigger, d.attempt, d.refusals,
             d.priority, d.rank, d.lane, d.permit, d.order_key`;

/**
 * Leases the most urgent ready deliveries: strict priority, then rank, one scan of the partial index; SKIP LOCKED keeps
 * workers apart. The attempt is counted here, so that a delivery which kills its worker still comes to an end. The CTE is
 * a fence: as a subquery the planner may run the LIMIT more than once. The rows are found by their place, which the lock keeps:
 * by their key alone a plan that was made while the table was empty reads all of it for each claim (docs/decisions/0009).
 * Parameters: limit int, lease uuid, lease deadline timestamptz; on a cluster also buckets int[] of one shard.
 */
export const claimReady = hot<LeasedRow>(
  "claim_ready",
  leaseDue(
    `SELECT q.bucket, q.id, q.ctid AS place FROM holdfast.delivery q
      WHERE q.state = 'ready'/*shard*/ AND q.bucket = ANY($4::int[])/*.*/
      ORDER BY q.priority, q.rank
      LIMIT $1 FOR UPDATE SKIP LOCKED`,
    4,
  ),
);

const FLOORS_AT = 4;
const FROM_BUCKETS_AT = FLOORS_AT + PRIORITIES.length;

/**
 * The same, each class from a rank on: what is dead before it is passed over, not read. A class is looked at when those before
 * it have too few, so no more are locked than are leased.
 * Parameters: limit int, lease uuid, lease deadline timestamptz, a rank float8 for each class; on a cluster also buckets int[]
 * of one shard.
 */
export const claimFrom = hot<LeasedRow>(
  "claim_from",
  leaseDue(
    `SELECT c.bucket, c.id, c.place FROM (
       ${PRIORITIES.map(
         (_, priority) => `SELECT * FROM (
         SELECT q.bucket, q.id, q.ctid AS place FROM holdfast.delivery q
          WHERE q.state = 'ready' AND q.priority = ${priority} AND q.rank >= $${FLOORS_AT + priority}::float8/*shard*/ AND q.bucket = ANY($${FROM_BUCKETS_AT}::int[])/*.*/
          ORDER BY q.rank
          LIMIT $1 FOR UPDATE SKIP LOCKED) c${priority}`,
       ).join(" UNION ALL ")}) c
      LIMIT $1`,
    FROM_BUCKETS_AT,
  ),
);

/** How many rows of the queue are dead and not yet cleared away, as the server's statistics have it. */
export const countDeadRows = cold<{ dead: number }>(
  "count_dead_rows",
  "SELECT pg_stat_get_dead_tuples('holdfast.delivery'::regclass)::float8 AS dead",
);
