import { HAS_WAY_BACK } from "../dead-letters/handle.ts";
import { cold } from "../statement.ts";
import type { ReplayRow } from "./replay-row.ts";
import { REPLAY_COLUMNS } from "./replay-row.ts";

/** Parameters: tenant, before id (exclusive), limit. */
export const listReplays = cold<ReplayRow>(
  "list_replays",
  `SELECT ${REPLAY_COLUMNS} FROM holdfast.replay WHERE tenant = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
);

/** Parameters: tenant, id. */
export const findReplay = cold<ReplayRow>(
  "find_replay",
  `SELECT ${REPLAY_COLUMNS} FROM holdfast.replay WHERE tenant = $1 AND id = $2`,
);

/** Locks the plan that a token is of. Parameters: tenant, token. */
export const lockByToken = cold<ReplayRow>(
  "lock_replay_by_token",
  `SELECT ${REPLAY_COLUMNS} FROM holdfast.replay WHERE tenant = $1 AND token = $2 FOR UPDATE`,
);

/**
 * What a tenant has under way: what runs, then what was cancelled and may still be taken back, which a worker's lease or the end
 * of a pause puts off. Another replay would find those deliveries under way and skip what is gone a moment later. The limits
 * inside keep the planner from joining what all replays have queued. Parameter: tenant.
 */
export const listUnderWay = cold<ReplayRow>(
  "list_replays_under_way",
  `SELECT ${REPLAY_COLUMNS} FROM holdfast.replay p
    WHERE p.tenant = $1
      AND (p.state = 'running'
        OR p.state = 'cancelled' AND p.subject = 'events' AND (
          SELECT true
            FROM holdfast.replay_item i
            CROSS JOIN LATERAL (
              SELECT 1 FROM holdfast.delivery d
               WHERE d.bucket = i.bucket AND d.id = i.delivery_id
                 AND (d.attempt = 0 OR d.state = 'leased' AND d.attempt = 1) AND ${HAS_WAY_BACK} LIMIT 1) u
           WHERE i.replay_id = p.id AND i.state = 'queued' AND NOT i.pulled LIMIT 1))
    ORDER BY p.state DESC, p.id`,
);

/**
 * Makes those who start replays of one tenant wait for each other: without it two that overlap could both find nothing
 * running. Parameter: tenant.
 */
export const lockTenant = cold("lock_tenant", "SELECT id FROM holdfast.tenant WHERE id = $1 FOR NO KEY UPDATE");

/**
 * Everybody's running replays that this worker may go on with: those that nobody has first, then the one whose lease was renewed
 * longest ago. Each look renews a lease, so all get their turns, however many wait. A lease that ends too far from now
 * is one of a time when a clock was ahead, and holds nobody up. Parameters: lease uuid, now, limit, when that is too far.
 */
export const listRunnable = cold<{ id: string }>(
  "list_runnable_replays",
  `SELECT id FROM holdfast.replay
    WHERE state = 'running' AND (lease IS NULL OR lease = $1 OR lease_until <= $2 OR lease_until > $4)
    ORDER BY CASE WHEN lease_until <= $4 THEN lease_until END NULLS FIRST, id LIMIT $3`,
);

/**
 * Everybody's cancelled replays that have something to take back: what was tried stays queued for days, and must not stand in
 * front of them. The limits inside keep the planner from joining what all replays have queued. Parameter: limit.
 */
export const listWithdrawing = cold<{ id: string }>(
  "list_withdrawing_replays",
  `SELECT p.id
     FROM holdfast.replay p
     CROSS JOIN LATERAL (
       SELECT 1
         FROM holdfast.replay_item i
         CROSS JOIN LATERAL (
           SELECT 1 FROM holdfast.delivery d
            WHERE d.bucket = i.bucket AND d.id = i.delivery_id AND d.state IN ('ready', 'held') AND d.attempt = 0
              AND ${HAS_WAY_BACK} LIMIT 1) u
        WHERE i.replay_id = p.id AND i.state = 'queued' AND NOT i.pulled LIMIT 1) w
    WHERE p.state = 'cancelled' AND p.subject = 'events'
    ORDER BY p.id LIMIT $1`,
);

/** Holds a cancelled replay while its deliveries are taken back, so that one worker does it. Parameter: id. */
export const lockCancelled = cold<{ tenant: string; subject: string }>(
  "lock_cancelled_replay",
  "SELECT tenant, subject FROM holdfast.replay WHERE id = $1 AND state = 'cancelled' FOR UPDATE SKIP LOCKED",
);
