import type { StageDeps } from "../../pipeline/stage.ts";
import { stage } from "../../pipeline/stage.ts";
import type { Database } from "../../store/database.ts";
import type { DatabaseClock } from "../database-clock.ts";

const BATCH = 500;
const DEADLINE_MS = 5_000;

/** Queues the retries whose time has come. @returns whether there may be more at once */
export async function stageBatch(
  deps: StageDeps & {
    readonly db: Database;
    readonly databaseClock: DatabaseClock;
    readonly onReady: () => void;
  },
): Promise<boolean> {
  const now = deps.databaseClock.now();
  const staged = await deps.db.transaction((tx) => stage(deps, tx, now, BATCH), DEADLINE_MS);
  if (!staged.ok) throw new Error(staged.message);
  if (staged.value > 0) deps.onReady();
  return staged.value >= BATCH / 2;
}
