import type { Database } from "../../store/database.ts";
import { releaseActive } from "../../store/deliveries/release-active.ts";

const BATCH = 1_000;

/** Lets go what is held for a destination that is active again. @returns how many */
export async function release(deps: { readonly db: Database; readonly onReady: () => void }): Promise<number> {
  const released = (await deps.db.run(releaseActive, [BATCH])).rowCount ?? 0;
  if (released > 0) deps.onReady();
  return released;
}
