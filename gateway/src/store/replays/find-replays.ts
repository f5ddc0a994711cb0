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

/** What a tenant has running. Parameter: tenant. */
export const listRunning = cold<ReplayRow>(
  "list_running_replays",
  `SELECT ${REPLAY_COLUMNS} FROM holdfast.replay WHERE tenant = $1 AND state = 'running' ORDER BY id`,
);

/**
 * Makes those who start replays of one tenant wait for each other: without it two that overlap could both find nothing
 * running. Parameter: tenant.
 */
export const lockTenant = cold("lock_tenant", "SELECT id FROM holdfast.tenant WHERE id = $1 FOR NO KEY UPDATE");

/** Everybody's running replays that this worker may go on with. Parameters: lease uuid, now, limit. */
export const listRunnable = cold<{ id: string }>(
  "list_runnable_replays",
  `SELECT id FROM holdfast.replay
    WHERE state = 'running' AND (lease IS NULL OR lease = $1 OR lease_until <= $2)
    ORDER BY id LIMIT $3`,
);

/** Holds a cancelled replay while its deliveries are taken back, so that one worker does it. Parameter: id. */
export const lockCancelled = cold<{ tenant: string; subject: string }>(
  "lock_cancelled_replay",
  "SELECT tenant, subject FROM holdfast.replay WHERE id = $1 AND state = 'cancelled' FOR UPDATE SKIP LOCKED",
);
