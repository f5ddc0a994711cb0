import type { Priority } from "./priority.ts";
import { PRIORITIES } from "./priority.ts";

/** What a process looks at to see whether it is overloaded. */
export const SIGNALS = ["commits", "queue", "loop", "memory", "disk", "oldest_ready", "depth"] as const;
export type Signal = (typeof SIGNALS)[number];

/** 0: everything is accepted. 1: low and normal are slowed down. 2: low is refused. 3: normal, too. 4: high, too. */
export type Level = 0 | 1 | 2 | 3 | 4;

/** Where levels 1 to 4 begin: rising, but for `disk`, of which less is worse. */
export type Steps = readonly [number, number, number, number];
export type Thresholds = Readonly<Record<Signal, Steps>>;

/** One look at every signal; null where it is not known (another machine's disk, a database that does not answer). */
export interface Readings {
  /** Milliseconds: how long a group commit takes, or how long the oldest arrival has waited for one. */
  readonly commits: number;
  /** Percent of what may wait for the database. */
  readonly queue: number;
  /** Milliseconds by which the event loop is late. */
  readonly loop: number;
  /** Percent of the memory that the gateway may take: this process's heap, or all that is to be had here. */
  readonly memory: number;
  /** MiB free where the embedded database lives. */
  readonly disk: number | null;
  /** Seconds, by priority number: the age of the oldest delivery that is ready. */
  readonly oldestReady: readonly number[] | null;
  /** Deliveries that are ready. */
  readonly depth: number | null;
}

/** Which signal is over which threshold. */
export interface Cause {
  readonly signal: Signal;
  readonly value: number;
  readonly threshold: number;
}

/** A level as one look gives it, without memory. The cause is null exactly at level 0. */
export interface Assessment {
  readonly level: Level;
  readonly cause: Cause | null;
}

/** The level as it stands, with what the hysteresis has to remember. Times are those of one monotonic clock. */
export interface Saturation {
  readonly level: Level;
  readonly cause: Cause | null;
  readonly sinceMs: number;
  /** Which part of the throttled classes is accepted, 0 to 1. */
  readonly share: number;
  /** Since when every signal has been clear of this level, or null. */
  readonly calmSinceMs: number | null;
  readonly atMs: number;
}

/** What becomes of a class: all of it accepted, a share of it, or none. */
export type Treatment = "accepted" | "throttled" | "shed";

const LEVELS = [4, 3, 2, 1] as const;

/**
 * Which level the readings ask for: the highest whose threshold any signal has reached. The age of a class counts for the
 * levels that refuse this class or a less urgent one: an old low delivery is no reason to refuse high ones, while an old
 * critical one is a reason to refuse all the others.
 *
 * @param ease below 1 asks the same of thresholds that are so much nearer: what is over them is not clear of the level yet
 */
export function assess(readings: Readings, thresholds: Thresholds, ease = 1): Assessment {
  for (const level of LEVELS) {
    for (const signal of SIGNALS) {
      const threshold = thresholds[signal][level - 1]!;
      const value = readAt(readings, signal, level);
      if (value !== null && isReached(signal, value, threshold, ease))
        return { level, cause: { signal, value, threshold } };
    }
  }
  return { level: 0, cause: null };
}

function isReached(signal: Signal, value: number, threshold: number, ease: number): boolean {
  return signal === "disk" ? value <= threshold / ease : value >= threshold * ease;
}

function readAt(readings: Readings, signal: Signal, level: Level): number | null {
  if (signal !== "oldest_ready") return readings[signal];
  if (readings.oldestReady === null) return null;
  const counted = level === 4 ? 2 : level === 3 ? 3 : 4;
  return Math.max(0, ...readings.oldestReady.slice(0, counted));
}

/** How near each signal is to its first threshold: 1 and more is over it. Null where it is not known. */
export function ratioOf(readings: Readings, thresholds: Thresholds, signal: Signal): number | null {
  const value = readAt(readings, signal, 1);
  const [first] = thresholds[signal];
  if (value === null) return null;
  return signal === "disk" ? first / Math.max(1, value) : value / first;
}

/** Signals must be clear of a level's thresholds by this factor before the level is left. */
export const EASE = 0.8;
/** And for this long. */
export const CALM_MS = 2_000;
const SHARE_MIN = 0.1;
const SHARE_FIRST = 0.5;
const HALVING_MS = 500;
const FULL_AFTER_MS = 2_000;

export function calm(atMs: number): Saturation {
  return { level: 0, cause: null, sinceMs: atMs, share: 1, calmSinceMs: null, atMs };
}

/**
 * The next state. Up at once, to whatever level is asked for; down one level at a time, when all signals have been clear of
 * the level for {@link CALM_MS}, so that a signal which dances around its threshold does not open and close the door. Inside
 * a level the share of the throttled classes halves while the level is asked for, and grows while it is not.
 *
 * @param raw what the readings ask for; @param eased the same with {@link EASE}
 */
export function advance(state: Saturation, raw: Assessment, eased: Assessment, nowMs: number): Saturation {
  const atMs = Math.max(nowMs, state.atMs);
  const passedMs = atMs - state.atMs;
  if (raw.level > state.level)
    return { level: raw.level, cause: raw.cause, sinceMs: atMs, share: SHARE_FIRST, calmSinceMs: null, atMs };
  if (state.level === 0) return { ...state, atMs };
  if (raw.level === state.level) {
    const share = Math.max(SHARE_MIN, state.share * 0.5 ** (passedMs / HALVING_MS));
    return { ...state, cause: raw.cause, share, calmSinceMs: null, atMs };
  }
  const share = Math.min(1, state.share + passedMs / FULL_AFTER_MS);
  // A signal may stay between the two for days, and no threshold is exceeded: only the level waits.
  if (eased.level >= state.level) return { ...state, share, calmSinceMs: null, atMs };
  const calmSinceMs = state.calmSinceMs ?? atMs;
  if (atMs - calmSinceMs < CALM_MS) return { ...state, share, calmSinceMs, atMs };
  return stepDown(state, raw, atMs);
}

function stepDown(state: Saturation, raw: Assessment, atMs: number): Saturation {
  const level = (state.level - 1) as Level;
  if (level === 0) return calm(atMs);
  // What brought it up stays the reason while nothing newer asks for this level.
  const cause = raw.level === level ? raw.cause : state.cause;
  return { level, cause, sinceMs: atMs, share: SHARE_MIN, calmSinceMs: null, atMs };
}

/** What a level does to a class. Critical is accepted at every level: only bounds that nothing can pass refuse it. */
export function treat(level: Level, priority: Priority): Treatment {
  const urgency = PRIORITIES.length - 1 - PRIORITIES.indexOf(priority);
  if (urgency === PRIORITIES.length - 1) return "accepted";
  if (urgency < level - 1) return "shed";
  if (level === 1) return urgency <= 1 ? "throttled" : "accepted";
  return urgency === level - 1 ? "throttled" : "accepted";
}

/**
 * When a refused sender is asked to come back, in whole seconds: spread over a range that grows with the level, so that
 * those who were refused together do not return together.
 *
 * @param random in [0, 1)
 */
export function spreadRetryAfterSec(level: Level, random: number): number {
  const base = 5 * 2 ** Math.max(0, level - 1);
  return Math.round(base + 2 * base * random);
}
