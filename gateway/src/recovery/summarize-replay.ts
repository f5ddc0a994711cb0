import type { ReplayStanding, ReplayTally } from "../domain/replay-tally.ts";
import { countLost, readStanding } from "../store/replays/items.ts";
import type { Queryable } from "../store/statement.ts";

/** What a replay has counted and where its events stand now; null when there is no such replay. */
export async function readReplayStanding(
  db: Queryable,
  id: string,
): Promise<{ readonly tally: ReplayTally; readonly standing: ReplayStanding } | null> {
  const row = (await db.run(readStanding, [id])).rows[0];
  if (row === undefined) return null;
  const { tally, kept, dead, queued, withdrawn, processed, deliveries, doubled } = row;
  if (kept !== null) return { tally, standing: { ...kept, lost: 0 } };
  const lost = queued === 0 ? 0 : ((await db.run(countLost, [id])).rows[0]?.deliveries ?? 0);
  return { tally, standing: { dead, queued, withdrawn, processed, deliveries, doubled, lost } };
}
