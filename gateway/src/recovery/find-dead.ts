import type { DeadFacts } from "../domain/dead-cause.ts";
import type { DeadFilter } from "../domain/dead-filter.ts";
import { DEAD_SEARCHED_MAX, matchesDead } from "../domain/dead-filter.ts";
import { bucketOf, lowestUuid } from "../domain/id.ts";
import type { DeadRow, LastWordsRow } from "../store/dead-letters/list-facts.ts";
import { listDeadRows, listLastWords, pickDeadRows } from "../store/dead-letters/list-facts.ts";
import type { Queryable } from "../store/statement.ts";

/** What a search found, newest first, and how far it looked. */
export interface FoundDead {
  readonly letters: readonly DeadFacts[];
  /** How many dead letters were looked at, and whether that is all there are. */
  readonly searched: { readonly newest: number; readonly complete: boolean };
}

const NEWEST = "ffffffff-ffff-ffff-ffff-ffffffffffff";
/** An attempt is written with the end of its delivery; clocks of processes may differ by so much. */
const CLOCKS_MS = 3_600_000;

/**
 * Finds dead letters that nobody has retried: the open ones, or those that were dismissed. Looks at the newest
 * {@link DEAD_SEARCHED_MAX} of the destination (or of all), however many there are, and says so.
 */
export async function findDead(
  tx: Queryable,
  tenant: string,
  filter: DeadFilter,
  isDismissed = false,
): Promise<FoundDead> {
  const { ids, destinationId, untilMs } = filter;
  // An id carries when its delivery was made: what died before a moment was made before it.
  const before = untilMs === undefined ? NEWEST : lowestUuid(Math.max(0, untilMs) + CLOCKS_MS);
  const rows =
    ids === undefined
      ? (await tx.run(listDeadRows, [tenant, before, destinationId ?? null, isDismissed, DEAD_SEARCHED_MAX + 1])).rows
      : (await tx.run(pickDeadRows, [tenant, ids.map(bucketOf), ids, isDismissed])).rows;
  const looked = rows.slice(0, DEAD_SEARCHED_MAX);
  const words = await readLastWords(tx, looked);
  const letters = looked.map((row) => toFacts(row, words.get(row.id)));
  return {
    letters: letters.filter((letter) => matchesDead(filter, letter)),
    searched: { newest: looked.length, complete: rows.length <= DEAD_SEARCHED_MAX },
  };
}

async function readLastWords(tx: Queryable, rows: readonly DeadRow[]): Promise<Map<string, LastWordsRow>> {
  if (rows.length === 0) return new Map();
  const found = await tx.run(listLastWords, [
    rows.map(({ id }) => bucketOf(id)),
    rows.map(({ id }) => id),
    rows.map((row) => row.event_id),
    rows.map((row) => lowestUuid(row.finished_at.getTime() - CLOCKS_MS)),
  ]);
  return new Map(found.rows.map((row) => [row.id, row]));
}

function toFacts(row: DeadRow, words: LastWordsRow | undefined): DeadFacts {
  const said = words?.said ?? null;
  return {
    id: row.id,
    eventId: row.event_id,
    destinationId: row.destination_id,
    sourceId: words?.source_id ?? null,
    eventType: words?.event_type ?? null,
    reason: row.reason,
    finishedAt: row.finished_at,
    outcome: words?.outcome ?? null,
    status: words?.status ?? null,
    detail: words?.detail ?? (said === null ? null : said.toString("utf8")),
  };
}
