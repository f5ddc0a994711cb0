import type { DeadFacts } from "../domain/dead-cause.ts";
import type { DeadFilter } from "../domain/dead-filter.ts";
import { DEAD_LOOKED_MAX, DEAD_SEARCHED_MAX, matchesDead } from "../domain/dead-filter.ts";
import { bucketOf, lowestUuid } from "../domain/id.ts";
import type { DeadRow, LastWordsRow } from "../store/dead-letters/list-facts.ts";
import { listDismissedRows, listLastWords, listOpenRows, pickDeadRows } from "../store/dead-letters/list-facts.ts";
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
const LOOKED_AT_ONCE = 500;

/** Which dead letters are looked at, beside the filter. */
export interface DeadLook {
  /** Those that were dismissed instead of the open ones. */
  readonly isDismissed?: boolean;
  /** How many are looked at at most; the newest. */
  readonly lookedMax?: number;
}

/**
 * Finds dead letters that nobody has retried: the open ones, or those that were dismissed. Looks at the newest
 * {@link DEAD_SEARCHED_MAX} of the destination (or of all), however many there are, and says so.
 */
export async function findDead(
  tx: Queryable,
  tenant: string,
  filter: DeadFilter,
  { isDismissed = false, lookedMax = DEAD_SEARCHED_MAX }: DeadLook = {},
): Promise<FoundDead> {
  const { ids } = filter;
  const rows =
    ids === undefined
      ? await readNewest(tx, tenant, filter, { isDismissed, before: NEWEST, limit: lookedMax + 1 })
      : (await tx.run(pickDeadRows, [tenant, ids.map(bucketOf), ids, isDismissed])).rows;
  const looked = rows.slice(0, lookedMax);
  return {
    letters: await readLetters(tx, filter, looked),
    searched: { newest: looked.length, complete: rows.length <= lookedMax },
  };
}

/** Letters of one page, and where the search for them ended without having seen everything; null when it saw all there is. */
export interface FoundPage extends FoundDead {
  readonly floor: string | null;
}

/**
 * Finds a page of dead letters older than `before`: looks at some at a time until the page is full, at
 * {@link DEAD_LOOKED_MAX} at most, so that a page takes as long however many there are.
 */
export async function findDeadPage(
  tx: Queryable,
  tenant: string,
  filter: DeadFilter,
  wish: { readonly isDismissed: boolean; readonly before: string; readonly limit: number },
): Promise<FoundPage> {
  if (filter.ids !== undefined) return { ...(await findDead(tx, tenant, filter, wish)), floor: null };
  const letters: DeadFacts[] = [];
  let newest = 0;
  let before = wish.before;
  while (letters.length < wish.limit && newest < DEAD_LOOKED_MAX) {
    const { isDismissed } = wish;
    const rows = await readNewest(tx, tenant, filter, { isDismissed, before, limit: LOOKED_AT_ONCE });
    letters.push(...(await readLetters(tx, filter, rows)));
    newest += rows.length;
    if (rows.length < LOOKED_AT_ONCE) return { letters, searched: { newest, complete: true }, floor: null };
    before = rows.at(-1)!.id;
  }
  return { letters, searched: { newest, complete: false }, floor: before };
}

async function readNewest(
  tx: Queryable,
  tenant: string,
  { destinationId, untilMs }: DeadFilter,
  { isDismissed, before, limit }: { readonly isDismissed: boolean; readonly before: string; readonly limit: number },
): Promise<readonly DeadRow[]> {
  // An id carries when its delivery was made: what died before a moment was made before it.
  const latest = untilMs === undefined ? NEWEST : lowestUuid(Math.max(0, untilMs) + CLOCKS_MS);
  const values = [tenant, before < latest ? before : latest, destinationId ?? null, limit];
  return (await tx.run(isDismissed ? listDismissedRows : listOpenRows, values)).rows;
}

async function readLetters(tx: Queryable, filter: DeadFilter, rows: readonly DeadRow[]): Promise<DeadFacts[]> {
  const words = await readLastWords(tx, rows);
  return rows.map((row) => toFacts(row, words.get(row.id))).filter((letter) => matchesDead(filter, letter));
}

async function readLastWords(tx: Queryable, rows: readonly DeadRow[]): Promise<Map<string, LastWordsRow>> {
  if (rows.length === 0) return new Map();
  const found = await tx.run(listLastWords, [
    rows.map(({ id }) => bucketOf(id)),
    rows.map(({ id }) => id),
    rows.map((row) => row.event_id),
    rows.map((row) => lowestUuid(row.finished_at.getTime() - CLOCKS_MS)),
    rows.map((row) => lowestUuid(row.finished_at.getTime() + CLOCKS_MS)),
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
