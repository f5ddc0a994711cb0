import type { Database } from "../store/database.ts";
import { dropBytes, listSpentRuns } from "../store/reconciliations/spent-bytes.ts";

const RUNS_MAX = 10;
/** Each of them may have 8 MiB. */
const ENTRIES_MAX = 100;

/**
 * Takes the bytes of what is missing from runs that have ended and whose findings a newer one has taken over: each run carries what was
 * unexplained with it, so one that cannot succeed would fill the disk with copies. Decided by what is stored alone, piece by piece:
 * killed anywhere, whoever leads next goes on, and a run that is under way or that the next one carries from keeps all.
 *
 * @returns whether there was something; then there may be more
 */
export async function dropSpentBytes(db: Pick<Database, "run">): Promise<boolean> {
  const spent = (await db.run(listSpentRuns, [RUNS_MAX])).rows;
  for (const { id } of spent) await db.run(dropBytes, [id, ENTRIES_MAX]);
  return spent.length > 0;
}
