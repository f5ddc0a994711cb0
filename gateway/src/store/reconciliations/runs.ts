import type { RunState } from "../../domain/reconciliation.ts";
import { cold } from "../statement.ts";

/** A run as it is stored. */
export interface RunRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly reconciliation_id: string;
  readonly tenant: string;
  readonly cause: "scheduled" | "requested";
  readonly started_by: string;
  readonly continues: boolean;
  /** Whether it looks again at all that was unexplained before it. */
  readonly carries: boolean;
  readonly window_from: Date;
  readonly window_to: Date;
  readonly state: RunState;
  readonly cursor: string | null;
  readonly compared_to: string | null;
  readonly page_items: number;
  readonly pages: number;
  readonly failures: number;
  readonly due_at: Date;
  readonly detail: string | null;
  readonly listed: number;
  readonly matched: number;
  readonly missing: number;
  readonly recovered: number;
  readonly dead_here: number;
  readonly unknown_to_provider: number;
  readonly unexplained: number;
  readonly started_at: Date;
  readonly finished_at: Date | null;
}

const COLUMNS = `r.id, r.reconciliation_id, r.tenant, r.cause, r.started_by, r.continues, r.carries, r.window_from, r.window_to, r.state,
          r.cursor, r.compared_to, r.page_items, r.pages, r.failures, r.due_at, r.detail, r.listed, r.matched, r.missing, r.recovered,
          r.dead_here, r.unknown_to_provider, r.unexplained, r.started_at, r.finished_at`;

/**
 * Starts a run, unless one of the same reconciliation is unfinished: the unique index decides between two that start at once.
 * Parameters: id, reconciliation id, tenant, cause, started by, window from, window to, items of a page, now, whether it
 * continues.
 */
export const insertRun = cold(
  "insert_reconciliation_run",
  `INSERT INTO holdfast.reconciliation_run (
     id, reconciliation_id, tenant, cause, started_by, window_from, window_to, state, page_items, due_at, started_at, continues, carries)
   VALUES ($1, $2, $3, $4, $5, $6, $7, 'started', $8, $9, $9, $10, true)
   ON CONFLICT (reconciliation_id) WHERE finished_at IS NULL DO NOTHING`,
);

/** The newest run, whatever its state. Parameter: reconciliation id. */
export const findNewestRun = cold<{ id: string }>(
  "find_newest_run",
  "SELECT id FROM holdfast.reconciliation_run WHERE reconciliation_id = $1 ORDER BY id DESC LIMIT 1",
);

/** The run that is under way. Parameter: reconciliation id. */
export const findUnfinishedRun = cold<RunRow>(
  "find_unfinished_run",
  `SELECT ${COLUMNS} FROM holdfast.reconciliation_run r WHERE r.reconciliation_id = $1 AND r.finished_at IS NULL`,
);

/** Parameters: tenant, id. */
export const findRun = cold<RunRow>(
  "find_reconciliation_run",
  `SELECT ${COLUMNS} FROM holdfast.reconciliation_run r WHERE r.tenant = $1 AND r.id = $2`,
);

/** A page of runs, newest first. Parameters: tenant, before id (exclusive), reconciliation id or null, limit. */
export const listRuns = cold<RunRow>(
  "list_reconciliation_runs",
  `SELECT ${COLUMNS} FROM holdfast.reconciliation_run r
    WHERE r.tenant = $1 AND r.id < $2 AND ($3::uuid IS NULL OR r.reconciliation_id = $3)
    ORDER BY r.id DESC LIMIT $4`,
);

/** Of each reconciliation the newest run that has ended, and the one that is under way. Parameter: tenant. */
export const listNewestRuns = cold<RunRow>(
  "list_newest_runs",
  `SELECT DISTINCT ON (r.reconciliation_id, r.finished_at IS NULL) ${COLUMNS} FROM holdfast.reconciliation_run r
    WHERE r.tenant = $1 ORDER BY r.reconciliation_id, r.finished_at IS NULL, r.id DESC`,
);

const lastCompleted = (id: string, now: string): string =>
  `SELECT o.id FROM holdfast.reconciliation_run o
    WHERE o.reconciliation_id = ${id} AND o.state = 'completed' AND o.continues AND o.window_to <= ${now}
    ORDER BY o.id DESC LIMIT 1`;

/**
 * Which runs `r` of a reconciliation tell what is unexplained now: the newest completed one, which has looked again at all that was so
 * before it; and since that those of windows of their own that a process of the version before started, which have not. By id, in the
 * order in which they began: one that was carried from tells only until the next has completed.
 *
 * @param id the reconciliation's id as an expression
 */
export const tellsUnexplained = (id: string): string =>
  `r.reconciliation_id = ${id} AND r.state = 'completed' AND r.unexplained > 0
     AND NOT EXISTS (SELECT 1 FROM holdfast.reconciliation_run o
                      WHERE o.reconciliation_id = ${id} AND o.state = 'completed' AND o.id > r.id AND (o.continues OR o.carries))`;

/** Parameter: reconciliation id. */
export const listTellingRuns = cold<{ id: string; unexplained: number }>(
  "list_telling_runs",
  `SELECT r.id, r.unexplained FROM holdfast.reconciliation_run r WHERE ${tellsUnexplained("$1")} ORDER BY r.id`,
);

/** How many of the runs that tell of a reconciliation are named. */
export const NAMED_MAX = 20;

/**
 * Which runs tell what is unexplained, of each reconciliation the newest, each with the sum over all of them; no row where there is
 * nothing. Parameter: tenant.
 */
export const listUnexplained = cold<{
  reconciliation_id: string;
  id: string;
  started_at: Date;
  unexplained: number;
  in_all: number;
}>(
  "list_unexplained",
  `SELECT c.id AS reconciliation_id, u.id, u.started_at, u.unexplained, u.in_all FROM holdfast.reconciliation c
    CROSS JOIN LATERAL (SELECT r.id, r.started_at, r.unexplained, (sum(r.unexplained) OVER ())::int AS in_all
                          FROM holdfast.reconciliation_run r
                         WHERE ${tellsUnexplained("c.id")}
                         ORDER BY r.id DESC LIMIT ${NAMED_MAX}) u
    WHERE c.tenant = $1 ORDER BY c.id, u.id DESC`,
);

/**
 * The newest run that went on and completed, where the next one goes on; but none whose window is not over yet: by a clock that was ahead
 * it compared a time that had not come. Parameters: reconciliation id, now.
 */
export const findLastCompleted = cold<{ id: string; window_to: Date }>(
  "find_last_completed_run",
  `SELECT r.id, r.window_to FROM holdfast.reconciliation_run r WHERE r.id = (${lastCompleted("$1", "$2")})`,
);

/**
 * Ends the windows of completed runs that a clock that was ahead has ended in the future: no more than what has come was compared, and
 * once that time has come too, the next run would go on behind what came until then. Such a window that has not even begun is no
 * place to go on from. Parameters: reconciliation id, now.
 */
export const endAheadWindows = cold(
  "end_ahead_windows",
  `UPDATE holdfast.reconciliation_run
      SET window_to = CASE WHEN window_from < $2 THEN $2 ELSE window_to END, continues = window_from < $2
    WHERE reconciliation_id = $1 AND state = 'completed' AND continues AND window_to > $2`,
);

/** How the newest run ended that is not under way. Parameter: reconciliation id. */
export const findNewestEnd = cold<{ state: RunState }>(
  "find_newest_end_of_run",
  `SELECT state FROM holdfast.reconciliation_run
    WHERE reconciliation_id = $1 AND finished_at IS NOT NULL ORDER BY id DESC LIMIT 1`,
);

/**
 * Takes the lease of one run that is due, or that ends because its reconciliation was disabled, and that nobody holds.
 * Parameters: lease uuid, lease until, now, and when a lease ends too far from now to be one of a clock that is right.
 */
export const claimRun = cold<RunRow>(
  "claim_reconciliation_run",
  `UPDATE holdfast.reconciliation_run r SET lease = $1, lease_until = $2
    WHERE r.id = (SELECT q.id FROM holdfast.reconciliation_run q
                    JOIN holdfast.reconciliation c ON c.id = q.reconciliation_id
                   WHERE q.finished_at IS NULL AND (q.due_at <= $3 OR c.state = 'disabled')
                     AND (q.lease_until IS NULL OR q.lease_until < $3 OR q.lease_until > $4)
                   ORDER BY q.due_at LIMIT 1 FOR UPDATE OF q SKIP LOCKED)
   RETURNING ${COLUMNS}`,
);

/**
 * Holds the lease for the rest of the transaction, and on: nothing is written for a run by whoever has lost it, nor for one
 * whose reconciliation was disabled since, but its end.
 * Parameters: id, lease, lease until.
 */
export const holdRun = cold(
  "hold_reconciliation_run",
  `UPDATE holdfast.reconciliation_run r SET lease_until = $3
     FROM holdfast.reconciliation c
    WHERE r.id = $1 AND r.lease = $2 AND r.finished_at IS NULL AND c.id = r.reconciliation_id AND c.state = 'active'`,
);

/** Gives the lease back. Parameters: id, lease, when it is due again at the earliest (null: as it stands). */
export const releaseRun = cold(
  "release_reconciliation_run",
  `UPDATE holdfast.reconciliation_run
      SET lease = NULL, lease_until = NULL, due_at = greatest(due_at, $3::timestamptz)
    WHERE id = $1 AND lease = $2`,
);

/**
 * Where a run stands now. Under the lease only. Parameters: id, lease, state, cursor, compared to, items of a page, pages,
 * failures, due at, detail.
 */
export const moveRun = cold(
  "move_reconciliation_run",
  `UPDATE holdfast.reconciliation_run
      SET state = $3, cursor = $4, compared_to = $5, page_items = $6, pages = $7, failures = $8, due_at = $9, detail = $10
    WHERE id = $1 AND lease = $2 AND finished_at IS NULL`,
);

/**
 * Ends a run with its sums. Parameters: id, lease (null for a cancellation, which needs none), state, detail, now, listed, matched,
 * missing, recovered, dead here, unknown to provider, unexplained.
 */
export const finishRun = cold(
  "finish_reconciliation_run",
  `UPDATE holdfast.reconciliation_run
      SET state = $3, detail = $4, finished_at = $5, listed = $6, matched = $7, missing = $8, recovered = $9, dead_here = $10,
          unknown_to_provider = $11, unexplained = $12, lease = NULL, lease_until = NULL
    WHERE id = $1 AND ($2::uuid IS NULL OR lease = $2) AND finished_at IS NULL`,
);

/**
 * Old runs go, the newest 1,000 of each reconciliation stay, and of the older ones where the next goes on and what tells: however many
 * have failed since, nobody else has these. So does the one before that left something unexplained: it alone names what a run says that
 * it looks for no longer. Their entries go with them. Parameters: reconciliation id, now.
 */
export const pruneRuns = cold(
  "prune_reconciliation_runs",
  `DELETE FROM holdfast.reconciliation_run r
    WHERE r.id IN (SELECT o.id FROM holdfast.reconciliation_run o
                    WHERE o.reconciliation_id = $1 AND o.finished_at IS NOT NULL ORDER BY o.id DESC OFFSET 1000)
      AND r.id IS DISTINCT FROM (${lastCompleted("$1", "$2")}) AND (${tellsUnexplained("$1")}) IS NOT TRUE
      AND r.id <> ALL (ARRAY(SELECT o.id FROM holdfast.reconciliation_run o
                              WHERE o.reconciliation_id = $1 AND o.state = 'completed' AND o.unexplained > 0
                              ORDER BY o.id DESC LIMIT 2))`,
);
