import type { ReplayStanding, ReplayTally } from "../../domain/replay-tally.ts";
import { HAS_WAY_BACK } from "../dead-letters/handle.ts";
import { cold } from "../statement.ts";

/**
 * Queues deliveries of a replay; keys and predecessors are given, since a delivery that follows a dead one keeps its key. They wait
 * from now on: their ids are of a time to come where their events' are.
 * Parameters: buckets int[], ids uuid[], tenant, event ids uuid[], destination ids uuid[], keys uuid[], trigger, predecessors
 * uuid[], priority int, lane text, ranks float8[], states text[], held reasons text[], order keys text[], places in the order
 * bigint[].
 */
export const insertReplayed = cold<{ id: string }>(
  "insert_replayed",
  `INSERT INTO holdfast.delivery (
     bucket, id, tenant, event_id, destination_id, key, trigger, retry_of, priority, lane, rank, state, held_reason,
     order_key, order_at, attempt, refusals, ready_at)
   SELECT b.bucket, u.id, $3, u.event_id, u.destination_id, u.key, $7, u.retry_of, $9, $10, u.rank, u.state, u.held_reason,
          u.order_key, u.order_at, 0, 0, CASE WHEN u.state = 'ready' THEN now() END
     FROM holdfast.bucket_slot b
     JOIN unnest($1::int[], $2::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $8::uuid[], $11::float8[], $12::text[], $13::text[],
                 $14::text[], $15::bigint[])
          AS u(bucket, id, event_id, destination_id, key, retry_of, rank, state, held_reason, order_key, order_at)
          ON u.bucket = b.bucket
    WHERE b.bucket = ANY($1::int[])
   RETURNING id`,
);

/** Lets waiting retries go now, in the replay's class. Parameters: tenant, buckets int[], ids uuid[], ranks float8[], priority int. */
export const pullScheduled = cold<{ id: string }>(
  "pull_scheduled",
  `WITH due AS MATERIALIZED (
     SELECT q.bucket, q.id, u.rank
       FROM unnest($2::int[], $3::uuid[], $4::float8[]) AS u(bucket, id, rank)
       JOIN holdfast.delivery q ON q.bucket = u.bucket AND q.id = u.id
      WHERE q.tenant = $1 AND q.state = 'scheduled'
      ORDER BY q.bucket, q.id FOR UPDATE OF q)
   UPDATE holdfast.delivery d SET state = 'ready', due_at = NULL, rank = due.rank, priority = $5, ready_at = now()
     FROM due
    WHERE d.bucket = due.bucket AND d.id = due.id AND d.state = 'scheduled'
   RETURNING d.id`,
);

/**
 * Parameters: replay uuid, buckets int[], delivery ids uuid[], event ids uuid[], keys uuid[], predecessors uuid[], pulled boolean[].
 */
export const insertItems = cold(
  "insert_replay_items",
  `INSERT INTO holdfast.replay_item (bucket, replay_id, delivery_id, event_id, key, retry_of, pulled, state, effects)
   SELECT b.bucket, $1, u.delivery_id, u.event_id, u.key, u.retry_of, u.pulled, 'queued', 0
     FROM holdfast.bucket_slot b
     JOIN unnest($2::int[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::boolean[])
          AS u(bucket, delivery_id, event_id, key, retry_of, pulled) ON u.bucket = b.bucket
    WHERE b.bucket = ANY($2::int[])`,
);

/**
 * Writes down what became of queued items whose deliveries have finished, and counts the processed deliveries of their keys:
 * more than one would be a second effect. A key is the id of its first delivery, so nothing before it is looked at.
 * Parameters: replay uuid, limit.
 */
export const settleItems = cold<{ delivery_id: string }>(
  "settle_replay_items",
  `WITH ended AS MATERIALIZED (
     SELECT i.bucket, i.delivery_id, i.event_id, i.key, f.state
       FROM (SELECT q.bucket, q.delivery_id, q.event_id, q.key FROM holdfast.replay_item q
              WHERE q.replay_id = $1 AND q.state = 'queued') i
       CROSS JOIN LATERAL (
         SELECT h.state FROM holdfast.finished_delivery h WHERE h.bucket = i.bucket AND h.id = i.delivery_id) f
      LIMIT $2)
   UPDATE holdfast.replay_item r
      SET state = ended.state,
          effects = CASE WHEN ended.state = 'processed' THEN (
            SELECT count(*) FROM holdfast.finished_delivery o
             WHERE o.bucket = ended.bucket AND o.event_id = ended.event_id AND o.id >= ended.key AND o.key = ended.key
               AND o.state = 'processed') ELSE 0 END
     FROM ended
    WHERE r.bucket = ended.bucket AND r.replay_id = $1 AND r.delivery_id = ended.delivery_id AND r.state = 'queued'
   RETURNING r.delivery_id`,
);

/**
 * The next replays that have ended and have items that are still queued; a running one is settled in its turn. Parameters: after id
 * (exclusive), limit.
 */
export const listUnsettled = cold<{ id: string }>(
  "list_unsettled_replays",
  `SELECT p.id FROM holdfast.replay p
    WHERE p.state <> 'running' AND p.id > $1
      AND EXISTS (SELECT 1 FROM holdfast.replay_item i WHERE i.replay_id = p.id AND i.state = 'queued')
    ORDER BY p.id LIMIT $2`,
);

/**
 * Deliveries of a replay that are on their way: ready, leased or held, or let go after a pause and not tried since. Parameter:
 * replay uuid.
 */
export const countInFlight = cold<{ deliveries: number }>(
  "count_replay_in_flight",
  `SELECT count(*)::int AS deliveries
     FROM (SELECT q.bucket, q.delivery_id FROM holdfast.replay_item q WHERE q.replay_id = $1 AND q.state = 'queued') i
     JOIN holdfast.delivery d ON d.bucket = i.bucket AND d.id = i.delivery_id
    WHERE d.state IN ('ready', 'leased', 'held') OR (d.state = 'scheduled' AND d.attempt = 0)`,
);

const STANDING = `count(*) FILTER (WHERE w.dead)::int AS dead,
          count(*) FILTER (WHERE w.queued AND NOT w.dead)::int AS queued,
          count(*) FILTER (WHERE w.withdrawn AND NOT w.dead AND NOT w.queued)::int AS withdrawn,
          count(*) FILTER (WHERE NOT w.withdrawn AND NOT w.dead AND NOT w.queued)::int AS processed,
          coalesce(sum(w.deliveries), 0)::int AS deliveries, coalesce(sum(w.doubled), 0)::int AS doubled`;
const BY_EVENT = `SELECT bool_or(i.state = 'dead') AS dead, bool_or(i.state = 'queued') AS queued,
                  bool_or(i.state = 'withdrawn') AS withdrawn, count(*) AS deliveries,
                  count(*) FILTER (WHERE i.effects > 1) AS doubled
             FROM holdfast.replay_item i`;

export interface StandingRow {
  readonly tally: ReplayTally;
  readonly kept: Omit<ReplayStanding, "lost"> | null;
  readonly dead: number;
  readonly queued: number;
  readonly withdrawn: number;
  readonly processed: number;
  readonly deliveries: number;
  readonly doubled: number;
}

/**
 * Where the events of a replay stand, each by the worst of its deliveries, with what was counted: in one statement, so that
 * both are of one moment. Parameter: replay uuid.
 */
export const readStanding = cold<StandingRow>(
  "read_replay_standing",
  `SELECT r.tally, r.standing AS kept, s.*
     FROM holdfast.replay r
     CROSS JOIN (SELECT ${STANDING} FROM (${BY_EVENT} WHERE i.replay_id = $1 GROUP BY i.event_id) w) s
    WHERE r.id = $1`,
);

/** Keeps how the events of one long ended replay stood, so that its items can be forgotten. Parameter: ended before. */
export const keepStanding = cold(
  "keep_replay_standing",
  `UPDATE holdfast.replay r
      SET standing = (SELECT to_jsonb(s) FROM (
            SELECT ${STANDING} FROM (${BY_EVENT} WHERE i.replay_id = r.id GROUP BY i.event_id) w) s)
    WHERE r.id = (
      SELECT p.id FROM holdfast.replay p
       WHERE p.ended_at < $1 AND p.standing IS NULL
         AND NOT EXISTS (SELECT 1 FROM holdfast.replay_item q WHERE q.replay_id = p.id AND q.state = 'queued')
       ORDER BY p.id LIMIT 1)`,
);

/** Queued items whose delivery is nowhere: there must be none. Parameter: replay uuid. */
export const countLost = cold<{ deliveries: number }>(
  "count_replay_lost",
  `SELECT count(*)::int AS deliveries
     FROM holdfast.replay_item i
    WHERE i.replay_id = $1 AND i.state = 'queued'
      AND NOT EXISTS (SELECT 1 FROM holdfast.delivery d WHERE d.bucket = i.bucket AND d.id = i.delivery_id)
      AND NOT EXISTS (SELECT 1 FROM holdfast.finished_delivery f WHERE f.bucket = i.bucket AND f.id = i.delivery_id)`,
);

/** Deliveries that a replay made, that nobody has tried, and that can be taken back. Parameters: replay uuid, limit. */
export const listWithdrawable = cold<{ bucket: number; delivery_id: string; retry_of: string | null }>(
  "list_withdrawable_items",
  `SELECT i.bucket, i.delivery_id, i.retry_of
     FROM holdfast.replay_item i
     JOIN holdfast.delivery d ON d.bucket = i.bucket AND d.id = i.delivery_id
    WHERE i.replay_id = $1 AND i.state = 'queued' AND NOT i.pulled AND d.state IN ('ready', 'held') AND d.attempt = 0
      AND ${HAS_WAY_BACK}
    LIMIT $2`,
);

/**
 * Tells every replay which of its deliveries were taken back, whoever did it: one that is not told would miss them. Found by their
 * events, since no index begins with a delivery. Parameters: buckets int[], event ids uuid[], delivery ids uuid[].
 */
export const withdrawItems = cold(
  "withdraw_replay_items",
  `UPDATE holdfast.replay_item i SET state = 'withdrawn'
     FROM unnest($1::int[], $2::uuid[], $3::uuid[]) AS u(bucket, event_id, id)
    WHERE i.bucket = u.bucket AND i.event_id = u.event_id AND i.delivery_id = u.id AND i.state = 'queued'`,
);

/** The replays that an event was part of. Parameters: bucket, event id. */
export const listReplaysOfEvent = cold<{
  replay_id: string;
  delivery_id: string;
  pulled: boolean;
  started_at: Date | null;
}>(
  "list_replays_of_event",
  `SELECT i.replay_id, i.delivery_id, i.pulled, p.started_at
     FROM holdfast.replay_item i JOIN holdfast.replay p ON p.id = i.replay_id
    WHERE i.bucket = $1 AND i.event_id = $2 AND i.state <> 'withdrawn'
    ORDER BY i.replay_id, i.delivery_id LIMIT 200`,
);

/** The deliveries of a replay that ended dead. Parameters: replay uuid, limit. */
export const listDeadItems = cold<{ delivery_id: string; event_id: string }>(
  "list_dead_replay_items",
  `SELECT i.delivery_id, i.event_id FROM holdfast.replay_item i
    WHERE i.replay_id = $1 AND i.state = 'dead' ORDER BY i.delivery_id LIMIT $2`,
);

/** Forgets the items of replays whose standing is kept. Parameter: limit. */
export const pruneItems = cold(
  "prune_replay_items",
  `DELETE FROM holdfast.replay_item i
    WHERE (i.bucket, i.replay_id, i.delivery_id) IN (
      SELECT q.bucket, q.replay_id, q.delivery_id
        FROM holdfast.replay p JOIN holdfast.replay_item q ON q.replay_id = p.id
       WHERE p.standing IS NOT NULL LIMIT $1)`,
);
