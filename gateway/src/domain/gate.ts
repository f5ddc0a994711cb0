import type { Breaker, BreakerState } from "./breaker.ts";
import { PROBE_MS } from "./breaker.ts";

/** What a destination asks for itself; null: no such limit. */
export interface Limits {
  /** Attempts under way at once, over all processes. */
  readonly concurrency: number | null;
  /** Attempts begun per second, over all processes. */
  readonly ratePerSec: number | null;
  /** How many may begin at once after a quiet time; set with the rate. */
  readonly burst: number | null;
}

export const NO_LIMITS: Limits = { concurrency: null, ratePerSec: null, burst: null };

/** Why a destination has a gate; the strongest stands first. */
export const GATE_REASONS = ["breaker", "slow", "limit"] as const;
export type GateReason = (typeof GATE_REASONS)[number];

/** A gate as the catalog carries it: while a destination has one, no attempt begins without a permit. */
export interface Gate {
  readonly reason: GateReason;
  readonly breaker: BreakerState;
  /** When the breaker came into its state; null when it has always been closed. */
  readonly breakerSince: Date | null;
  /** The share that a slow destination was given when it was found slow; null when it was not. */
  readonly slowConcurrency: number | null;
}

/** The gate of a destination, or null when nothing holds its deliveries back. */
export function gateOf(
  limits: Limits,
  row: Pick<Gate, "breaker" | "breakerSince" | "slowConcurrency"> | null,
): Gate | null {
  const breaker = row?.breaker ?? "closed";
  const isSlow = row !== null && row.slowConcurrency !== null;
  const isLimited = limits.concurrency !== null || limits.ratePerSec !== null;
  if (breaker === "closed" && !isSlow && !isLimited) return null;
  const reason = breaker !== "closed" ? "breaker" : isSlow ? "slow" : "limit";
  return {
    reason,
    breaker,
    breakerSince: row?.breakerSince ?? null,
    slowConcurrency: row?.slowConcurrency ?? null,
  };
}

/** Why a delivery is held; docs/states.md has the same list. */
export const HELD_REASONS = [
  "destination_paused",
  "destination_disabled",
  "destination_gated",
  "ordered",
  "handler_missing",
  "signing_secret_unreadable",
] as const;
export type HeldReason = (typeof HELD_REASONS)[number];

/**
 * Why a new delivery waits from the start; null: it is ready at once. One with an order key always waits for its turn first,
 * also while its destination is paused, so that there is one place alone where turns are given.
 */
export function heldReasonOf(
  destination: { readonly state: "active" | "paused" | "disabled"; readonly gate: Gate | null },
  orderKey: string | null,
): HeldReason | null {
  if (orderKey !== null) return "ordered";
  if (destination.state !== "active") return `destination_${destination.state}`;
  return destination.gate === null ? null : "destination_gated";
}

/** Why a claimed delivery may not be tried now; null: it may. A permit lets it through a gate, not to a destination that is paused. */
export function stopReasonOf(
  destination: { readonly state: "active" | "paused" | "disabled"; readonly gate: Gate | null },
  hasPermit: boolean,
): HeldReason | null {
  const reason = heldReasonOf(destination, null);
  return reason === "destination_gated" && hasPermit ? null : reason;
}

/** A gate as it stands in the database, read under its lock. */
export interface GateStanding {
  readonly breaker: Pick<Breaker, "state" | "concurrency" | "probeAt">;
  readonly slowConcurrency: number | null;
  readonly tokens: number;
  readonly refilledAt: Date;
}

/** What a feeder may let out now, and the gate's new standing before that. */
export interface FeedPlan {
  /** False: no permits are needed, and what waits is simply let go. */
  readonly isGated: boolean;
  /** How many may go out now, at most {@link FEED_MAX}. */
  readonly room: number;
  /** How many permits are out beyond the places: of what is taken back, so many may not be given again. */
  readonly excess: number;
  readonly tokens: number;
  readonly refilledAt: Date;
  /** When the next look is worth it, in milliseconds, if only time has to pass; null otherwise. */
  readonly waitMs: number | null;
  /** Whether this is to be written down even if nothing goes out: tokens of a time in which none could be had must not be given later. */
  readonly isDue: boolean;
}

/** One feeding lets out so many at most, so that its transaction stays short. */
export const FEED_MAX = 500;
/** A rate is kept by looking at most so often: 50 times a second. Bursts are at least a fiftieth of the rate. */
const LOOK_MIN_MS = 20;
/** A bucket that is full of permits is written down so often, or with each token that it could have given. */
const FULL_WRITE_MS = 250;

/**
 * Plans one feeding. Refilling the bucket goes by the database's time, and backwards only when that was set back, so over any span no
 * more goes out than the rate and one burst. What waits for a worker is as a token that nobody has used, so that no more begins at once
 * when workers have room for it again after a long time: a burst, or what the rate gives in a second where that is more.
 *
 * @param out permits that are out now
 * @param unclaimed those of them that no worker has claimed
 * @param slowGates how many destinations are slow at once: they share what a few of them would get
 * @param now by the database's own clock, and not as a process knows it
 */
export function planFeed(
  limits: Limits,
  standing: GateStanding,
  {
    out,
    unclaimed,
    slowGates,
    now,
  }: { readonly out: number; readonly unclaimed: number; readonly slowGates: number; readonly now: Date },
): FeedPlan {
  const { breaker, slowConcurrency } = standing;
  const bounds = [limits.concurrency, breaker.concurrency];
  if (slowConcurrency !== null) bounds.push(shareSlow(slowConcurrency, slowGates));
  const places = Math.min(...bounds.map((bound) => (bound === null ? Infinity : bound - out)));
  const { full, ...bucket } = refill(limits, standing, unclaimed, now);
  const untilProbeMs = breaker.probeAt === null ? 0 : waitForProbe(breaker.probeAt, now);
  const probes = breaker.state !== "open" ? Infinity : untilProbeMs > 0 ? 0 : 1;
  const room = Math.min(FEED_MAX, Math.max(0, places), probes, Math.floor(bucket.tokens + 1e-9));
  const isGated = bounds.some((bound) => bound !== null) || limits.ratePerSec !== null || breaker.state === "open";
  const tokenMs = limits.ratePerSec === null ? null : 1_000 / limits.ratePerSec;
  const tokenWaitMs = tokenMs === null || full < 1 ? null : (Math.floor(bucket.tokens) + 1 - bucket.tokens) * tokenMs;
  const writtenMs = bucket.refilledAt.getTime() - standing.refilledAt.getTime();
  const waitMs = untilProbeMs > 0 ? untilProbeMs : tokenWaitMs === null ? null : Math.max(LOOK_MIN_MS, tokenWaitMs);
  return {
    isGated,
    room,
    excess: Math.max(0, -places),
    ...bucket,
    tokens: Math.min(bucket.tokens, TOKENS_MAX),
    waitMs,
    isDue:
      writtenMs < 0 || (unclaimed > 0 && bucket.tokens >= full && writtenMs >= Math.max(FULL_WRITE_MS, tokenMs ?? 0)),
  };
}

const TOKENS_MAX = 1_000_000;

/**
 * What lies further ahead than two processes' knowledge of the database's time can differ was written before that time was set back.
 * To wait until it comes again would stop the destination for as long.
 */
const AHEAD_MS_MAX = 2_000;

function waitForProbe(probeAt: Date, now: Date): number {
  const aheadMs = probeAt.getTime() - now.getTime();
  return aheadMs > PROBE_MS + AHEAD_MS_MAX ? 0 : Math.max(0, aheadMs);
}

interface Bucket {
  readonly tokens: number;
  readonly refilledAt: Date;
  /** More tokens than these do not fit in. */
  readonly full: number;
}

function refill(limits: Limits, { tokens, refilledAt }: GateStanding, unclaimed: number, now: Date): Bucket {
  if (limits.ratePerSec === null) return { tokens: Infinity, refilledAt, full: Infinity };
  const passedMs = now.getTime() - refilledAt.getTime();
  const passedSec = Math.max(0, passedMs) / 1_000;
  const burst = limits.burst ?? Math.max(1, limits.ratePerSec);
  // Claims take a while: with a burst of a fiftieth of the rate, to wait for each before the next goes out would be slower than the rate.
  const full = Math.max(0, Math.min(burst, Math.max(burst, limits.ratePerSec) - unclaimed));
  return {
    full,
    tokens: Math.min(full, tokens + passedSec * limits.ratePerSec),
    refilledAt: passedMs > 0 || passedMs < -AHEAD_MS_MAX ? now : refilledAt,
  };
}

/** The part of its slots, and of its room for bodies, that a worker leaves to one slow destination: a quarter. */
export const SLOW_SHARE = 4;

/**
 * Whether a destination that is slow is given this share, of attempts at once. One that declares no more than that is held back by its
 * own limit; whatever else it declares is what it can take, and says nothing of what a worker can spare. A share that it was given
 * before becomes smaller, where its bodies are larger now or another worker can spare less, and never larger.
 */
export function needsSlowGate({ concurrency }: Limits, gate: Gate | null, share: number): boolean {
  const given = gate?.slowConcurrency ?? null;
  return (concurrency === null || concurrency > share) && (given === null || given > share);
}

/** From so many slow destinations on each gets less, at least one, so that together they never take all slots of a worker. */
function shareSlow(concurrency: number, slowGates: number): number {
  return Math.max(1, Math.floor((concurrency * SLOW_SHARE) / Math.max(SLOW_SHARE, slowGates)));
}

/** The standing after `fed` deliveries went out: their tokens are spent, and an open breaker waits for its next probe. */
export function afterFeed(
  plan: FeedPlan,
  standing: GateStanding,
  fed: number,
  now: Date,
): { readonly tokens: number; readonly refilledAt: Date; readonly probeAt: Date | null } {
  const isProbed = standing.breaker.state === "open" && fed > 0;
  return {
    tokens: Math.max(0, plan.tokens - fed),
    refilledAt: plan.refilledAt,
    probeAt: isProbed ? new Date(now.getTime() + PROBE_MS) : standing.breaker.probeAt,
  };
}
