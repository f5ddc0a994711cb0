import { cold } from "../statement.ts";
import { tellsUnexplained } from "./runs.ts";

/** As the index of such entries has it. */
const HAS_BYTES = "(n.headers IS NOT NULL OR n.body IS NOT NULL)";

/**
 * Runs with bytes of what the provider listed that no run will read any more: they have ended, and what is unexplained now another one
 * tells, which has taken the bytes along. From one run to the next by the index, which has only entries with bytes. Parameter: limit.
 */
export const listSpentRuns = cold<{ id: string }>(
  "list_spent_runs",
  `WITH RECURSIVE holding (id) AS (
     (SELECT n.run_id FROM holdfast.reconciliation_entry n WHERE ${HAS_BYTES} ORDER BY n.run_id LIMIT 1)
     UNION ALL
     SELECT (SELECT n.run_id FROM holdfast.reconciliation_entry n
              WHERE ${HAS_BYTES} AND n.run_id > h.id ORDER BY n.run_id LIMIT 1)
       FROM holding h WHERE h.id IS NOT NULL)
   SELECT r.id FROM holding h JOIN holdfast.reconciliation_run r ON r.id = h.id
    WHERE r.finished_at IS NOT NULL AND (${tellsUnexplained("r.reconciliation_id")}) IS NOT TRUE
    LIMIT $1`,
);

/** Takes the bytes from entries of a run; what it found stays. Parameters: run id, limit. */
export const dropBytes = cold(
  "drop_entry_bytes",
  `UPDATE holdfast.reconciliation_entry SET headers = NULL, body = NULL
    WHERE run_id = $1
      AND k = ANY (ARRAY(SELECT n.k FROM holdfast.reconciliation_entry n WHERE n.run_id = $1 AND ${HAS_BYTES} LIMIT $2))`,
);
