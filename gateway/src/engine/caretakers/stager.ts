import type { Database } from "../../store/database.ts";
import { stageDue } from "../../store/deliveries/stage-due.ts";
import type { DatabaseClock } from "../database-clock.ts";

const BATCH = 500;

/** Makes scheduled deliveries ready when their time has come. @returns how many */
export async function stage(deps: {
  readonly db: Database;
  readonly databaseClock: DatabaseClock;
  readonly onReady: () => void;
}): Promise<number> {
  const staged = (await deps.db.run(stageDue, [deps.databaseClock.now().toISOString(), BATCH])).rowCount ?? 0;
  if (staged > 0) deps.onReady();
  return staged;
}
