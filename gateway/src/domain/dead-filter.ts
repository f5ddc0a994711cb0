import type { DeadFacts } from "./dead-cause.ts";
import { groupIdOf } from "./dead-cause.ts";
import { matchesEventType } from "./event-type.ts";

/** Which dead letters are meant; what is absent does not matter. Ids are UUIDs; times are Unix milliseconds. */
export interface DeadFilter {
  readonly ids?: readonly string[];
  readonly destinationId?: string;
  readonly sourceId?: string;
  readonly eventType?: string;
  readonly reason?: string;
  readonly outcome?: string;
  readonly status?: number;
  readonly group?: string;
  /** When they died: at or after, and before. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

/** Whether a filter says anything at all: one that does not would mean everything. */
export function isNarrow(filter: DeadFilter): boolean {
  return Object.values(filter).some((value) => value !== undefined);
}

export function matchesDead(filter: DeadFilter, letter: DeadFacts): boolean {
  const { ids, sinceMs, untilMs } = filter;
  const diedMs = letter.finishedAt.getTime();
  return (
    (ids === undefined || ids.includes(letter.id)) &&
    (filter.destinationId === undefined || filter.destinationId === letter.destinationId) &&
    (filter.sourceId === undefined || filter.sourceId === letter.sourceId) &&
    (filter.eventType === undefined || matchesEventType([filter.eventType], letter.eventType)) &&
    (filter.reason === undefined || filter.reason === letter.reason) &&
    (filter.outcome === undefined || filter.outcome === letter.outcome) &&
    (filter.status === undefined || filter.status === letter.status) &&
    (sinceMs === undefined || diedMs >= sinceMs) &&
    (untilMs === undefined || diedMs < untilMs) &&
    (filter.group === undefined || filter.group === groupIdOf(letter))
  );
}

/** For so long what was done with dead letters can be undone. */
export const UNDO_MS = 7 * 86_400_000;
/** So many of the newest dead letters are looked at; what is older is reached by a filter on time, or by a replay. */
export const DEAD_SEARCHED_MAX = 10_000;

/** How many a look goes through, which comes again and again: each costs two looks-up, 0.05 ms together. */
export const DEAD_LOOKED_MAX = 2_000;
