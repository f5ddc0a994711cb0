import { cold, keyOf } from "../statement.ts";
import { DUE_SINCE } from "./released.ts";

/** A held delivery that is to be let out: what says where it queues then. */
export interface LetOutRow {
  readonly bucket: number;
  readonly id: string;
  readonly priority: number;
  readonly lane: string;
  readonly rank: number;
}

/**
 * Locks what is next at a destination's gate, the most urgent first. Only who holds the gate's row may run it.
 * Parameters: destination uuid, limit int.
 */
export const findGated = cold<LetOutRow>(
  "find_gated",
  `SELECT q.bucket, q.id, q.priority, q.lane, q.rank FROM holdfast.delivery q
    WHERE q.destination_id = $1 AND q.state = 'held' AND q.held_reason = 'destination_gated'
    ORDER BY q.priority, q.rank
    LIMIT $2 FOR UPDATE SKIP LOCKED`,
);

/**
 * Lets out what was locked, each with a permit. A bare test of the state would let the planner go through all that is held.
 * Parameters: buckets int[], ids uuid[], ranks float8[].
 */
export const feedGated = cold(
  "feed_gated",
  `UPDATE holdfast.delivery d
      SET state = 'ready', held_reason = NULL, permit = true, ready_at = now(), rank = u.rank
     FROM unnest($1::int[], $2::uuid[], $3::float8[]) AS u(bucket, id, rank)
    WHERE d.bucket = ${keyOf("u.bucket")} AND d.id = u.id
      AND CASE WHEN d.held_reason = 'destination_gated' THEN d.state = 'held' END`,
);

/** Lets out what waits at a gate that is no longer there. A turn that was given stays given. Parameters: destination uuid, limit int. */
export const releaseGate = cold(
  "release_gate",
  `WITH next AS MATERIALIZED (
     SELECT q.bucket, q.id FROM holdfast.delivery q
      WHERE q.destination_id = $1 AND q.state = 'held' AND q.held_reason = 'destination_gated'
      ORDER BY q.priority, q.rank
      LIMIT $2 FOR UPDATE SKIP LOCKED)
   UPDATE holdfast.delivery d SET state = 'scheduled', held_reason = NULL, due_at = ${DUE_SINCE}
     FROM next
    WHERE d.bucket = next.bucket AND d.id = next.id AND d.state = 'held'`,
);
