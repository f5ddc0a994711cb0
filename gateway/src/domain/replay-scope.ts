import { matchesEventType } from "./event-type.ts";

/** What a replay goes over: events that are recorded, or rejections whose cause was ours. */
export const REPLAY_SUBJECTS = ["events", "rejections"] as const;
export type ReplaySubject = (typeof REPLAY_SUBJECTS)[number];

export const REPLAY_STATES = ["planned", "running", "completed", "cancelled", "failed"] as const;
export type ReplayState = (typeof REPLAY_STATES)[number];

/** How an event stands at one destination, as a replay sees it. `waiting`: a retry waits for its time. */
export const STANDINGS = ["missing", "dead", "waiting", "processed", "under_way", "dismissed"] as const;
export type Standing = (typeof STANDINGS)[number];
/** Those that a scope may ask for. */
export const SELECTABLE_STANDINGS = ["dead", "waiting", "missing", "processed"] as const satisfies readonly Standing[];

/** Which arrivals a replay goes over. Ids are UUIDs; an empty list means all; times are Unix milliseconds, `untilMs` excluded. */
export interface ReplayScope {
  readonly sourceIds: readonly string[];
  /** Patterns as routes have them. */
  readonly eventTypes: readonly string[];
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly destinationIds: readonly string[];
  /** Empty: what is dead and what waits for a retry. What no route ever sent is replayed only when it is asked for. */
  readonly standings: readonly Standing[];
  /** Of rejections alone. */
  readonly reasons: readonly string[];
  /** Ids of events or, where rejections are replayed, of rejections. */
  readonly ids: readonly string[];
}

/** How a replay delivers. */
export interface ReplayOptions {
  /** What is processed already is delivered once more, as a new delivery with a new idempotency key. */
  readonly again: boolean;
  /** Another destination (UUID) that gets copies; the event's own deliveries stay as they are. */
  readonly copyTo: string | null;
  /** Deliveries queued a second, at most. */
  readonly ratePerSec: number;
  /** Deliveries of the run that are not finished, at most. */
  readonly inFlightMax: number;
  /** 0 (critical) to 3 (low); live traffic of a higher class goes first. */
  readonly priority: number;
  /** Events that cannot be verified again go by the verdict of their receipt and the hash of their body. */
  readonly trustRecorded: boolean;
}

export const REPLAY_RATE_MAX = 10_000;
export const REPLAY_IN_FLIGHT_MAX = 5_000;
export const REPLAY_DEFAULTS: ReplayOptions = {
  again: false,
  copyTo: null,
  ratePerSec: 100,
  inFlightMax: 200,
  priority: 3,
  trustRecorded: false,
};
export const REPLAY_IDS_MAX = 1_000;
/** A plan that is older has been overtaken by what came since. */
export const PLAN_MS = 3_600_000;

/** Whether the scope asks for an event of this type. */
export function wantsType(scope: ReplayScope, eventType: string | null): boolean {
  return scope.eventTypes.length === 0 || matchesEventType(scope.eventTypes, eventType);
}

interface Claimed {
  readonly subject: ReplaySubject;
  readonly scope: ReplayScope;
  readonly options: Pick<ReplayOptions, "copyTo">;
}

/**
 * Whether two replays could touch the same deliveries. Says yes in doubt: patterns of event types are compared by what
 * stands before their first `*`.
 */
export function scopesOverlap(a: Claimed, b: Claimed): boolean {
  if (a.subject !== b.subject || a.options.copyTo !== b.options.copyTo) return false;
  const [first, second] = [a.scope, b.scope];
  return (
    first.sinceMs < second.untilMs &&
    second.sinceMs < first.untilMs &&
    shareOne(first.sourceIds, second.sourceIds) &&
    // Copies go to one destination, whichever others the scope names.
    (a.options.copyTo !== null || shareOne(first.destinationIds, second.destinationIds)) &&
    shareOne(first.ids, second.ids) &&
    shareOne(first.reasons, second.reasons) &&
    shareType(first.eventTypes, second.eventTypes)
  );
}

function shareOne(a: readonly string[], b: readonly string[]): boolean {
  return a.length === 0 || b.length === 0 || a.some((item) => b.includes(item));
}

function shareType(a: readonly string[], b: readonly string[]): boolean {
  if (a.length === 0 || b.length === 0) return true;
  return a.some((one) => b.some((other) => mayMeet(one, other)));
}

function mayMeet(a: string, b: string): boolean {
  if (!a.includes("*")) return matchesEventType([b], a);
  if (!b.includes("*")) return matchesEventType([a], b);
  const [first = ""] = a.split("*");
  const [second = ""] = b.split("*");
  return first.startsWith(second) || second.startsWith(first);
}
