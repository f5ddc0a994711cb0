import { cold } from "../statement.ts";
import type { ReplayRow } from "./replay-row.ts";
import { REPLAY_COLUMNS } from "./replay-row.ts";

/**
 * Parameters: id, tenant, token, subject, scope json, options json, plan json, tally json, until id, cursor id, now, by whom.
 */
export const insertReplay = cold<ReplayRow>(
  "insert_replay",
  `INSERT INTO holdfast.replay (
     id, tenant, token, subject, state, scope, options, plan, tally, until_id, cursor_id, is_scanned, planned_at, planned_by)
   VALUES ($1, $2, $3, $4, 'planned', $5::jsonb, $6::jsonb, $7::jsonb, $8::jsonb, $9, $10, false, $11, $12)
   RETURNING ${REPLAY_COLUMNS}`,
);

/** Parameters: id, now, by whom. */
export const startReplay = cold<ReplayRow>(
  "start_replay",
  `UPDATE holdfast.replay SET state = 'running', started_at = $2, started_by = $3
    WHERE id = $1 AND state = 'planned'
   RETURNING ${REPLAY_COLUMNS}`,
);

/** Stops a running replay; whoever works on it finds out at its next batch. Parameters: tenant, id, now, by whom. */
export const cancelReplay = cold<ReplayRow>(
  "cancel_replay",
  `UPDATE holdfast.replay SET state = 'cancelled', ended_at = $3, ended_by = $4, lease = NULL, lease_until = NULL
    WHERE tenant = $1 AND id = $2 AND state = 'running'
   RETURNING ${REPLAY_COLUMNS}`,
);

/**
 * Takes or prolongs the lease: one worker at a time goes on with a replay. Parameters: id, lease uuid, deadline, now, and when
 * a lease ends too far from now to be one of a clock that is right.
 */
export const leaseReplay = cold<ReplayRow>(
  "lease_replay",
  `UPDATE holdfast.replay SET lease = $2, lease_until = $3
    WHERE id = $1 AND state = 'running' AND (lease IS NULL OR lease = $2 OR lease_until <= $4 OR lease_until > $5)
   RETURNING ${REPLAY_COLUMNS}`,
);

/** Gives every lease of this worker back. Parameter: lease uuid. */
export const releaseReplays = cold(
  "release_replays",
  "UPDATE holdfast.replay SET lease = NULL, lease_until = NULL WHERE lease = $1 AND state = 'running'",
);

/**
 * Leaves a replay alone until a deadline: the lease is nobody's, so no worker takes it before. Parameters: id, lease uuid, nobody's
 * lease uuid, deadline.
 */
export const restReplay = cold(
  "rest_replay",
  "UPDATE holdfast.replay SET lease = $3, lease_until = $4 WHERE id = $1 AND state = 'running' AND lease = $2",
);

/**
 * The fence of a batch: holds the row while the batch is written, and finds nothing when the replay was stopped, when its
 * lease is another's, or when another has moved the cursor. Parameters: id, lease uuid, cursor id.
 */
export const fenceReplay = cold<{ id: string }>(
  "fence_replay",
  `SELECT id FROM holdfast.replay WHERE id = $1 AND state = 'running' AND lease = $2 AND cursor_id = $3 FOR UPDATE`,
);

/** Moves the cursor with what was counted. Parameters: id, cursor id, when, tally json, whether all is scanned. */
export const advanceReplay = cold(
  "advance_replay",
  `UPDATE holdfast.replay SET cursor_id = $2, cursor_at = $3, tally = $4::jsonb, is_scanned = $5
    WHERE id = $1 AND state = 'running'`,
);

/** Ends a replay that has done its work. Parameters: id, lease uuid, state, reason or null, now. */
export const endReplay = cold(
  "end_replay",
  `UPDATE holdfast.replay SET state = $3, end_reason = $4, ended_at = $5, ended_by = 'the gateway', lease = NULL, lease_until = NULL
    WHERE id = $1 AND state = 'running' AND lease = $2`,
);
