import type { Origin } from "./catalog.ts";
import type { ConnectorOptions } from "./connector.ts";

/** What shall be compared with a provider's own log: which source, by which connector, how often. */
export interface Reconciliation {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly sourceId: string;
  readonly connector: ConnectorOptions;
  /** The secret of the provider's API; null when it needs none, or when the key that sealed it is not at hand. */
  readonly secret: string | null;
  /** A secret is stored that no loaded key opens. */
  readonly secretUnreadable: boolean;
  /** Patterns of the event types that the source is subscribed to; others of the provider's log are none of ours. */
  readonly eventTypes: readonly string[];
  /** A cron pattern in UTC; null: only when asked. */
  readonly schedule: string | null;
  /** How far back the first run looks. */
  readonly lookbackSec: number;
  /** How far each run goes back behind the end of the one before: clocks differ, and logs are written late. */
  readonly overlapSec: number;
  /** What is younger is left to the next run: it may be on its way. */
  readonly lagSec: number;
  /** How long a redelivery that was asked for may take before the provider's answer is recorded instead. */
  readonly redeliveryWaitSec: number;
  /** Whether the provider is asked to deliver again where it can, so that its signature is checked. */
  readonly redeliver: boolean;
  readonly state: "active" | "disabled";
  readonly origin: Origin;
  readonly nextDueAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A span of the provider's time: from (inclusive) to (exclusive). */
export interface LogWindow {
  readonly from: Date;
  readonly to: Date;
}

export const RUN_STATES = ["started", "listed", "recovered", "completed", "failed", "cancelled"] as const;
/** `started`: the log is read; `listed`: what is missing is recovered; `recovered`: our own events are compared. */
export type RunState = (typeof RUN_STATES)[number];

export const ENTRY_STATES = [
  "matched",
  "dead_here",
  "missing",
  "asked",
  "recovered",
  "unexplained",
  "unknown_to_provider",
] as const;
/** `asked`: missing, and its redelivery was asked for. */
export type EntryState = (typeof ENTRY_STATES)[number];

export const RECOVERY_WAYS = ["redelivery", "provider_api", "arrival"] as const;
export type RecoveredBy = (typeof RECOVERY_WAYS)[number];

/** What one run found. Counts of events, not of attempts. */
export interface Report {
  /** Events that the provider's log holds in the window. */
  readonly listed: number;
  /** Of these: recorded here when they were compared, and not dead. */
  readonly matched: number;
  /** Of these: recorded here, and a delivery of them has ended as a dead letter that nobody has retried. */
  readonly deadHere: number;
  /** Of these: not recorded here when they were compared. */
  readonly missing: number;
  /** Of the missing: recorded now. */
  readonly recovered: number;
  /** Events of ours from the window that the provider's log does not hold. */
  readonly unknownToProvider: number;
  /** Of the missing: not recovered, with the reason beside each. */
  readonly unexplained: number;
}

/**
 * Adds the entries of a run up. What is still sought counts as missing alone; unexplained are from the start those that may have been
 * processed, so that nobody seeks them.
 */
export function sumReport(counts: Partial<Readonly<Record<EntryState, number>>>): Report {
  const of = (state: EntryState): number => counts[state] ?? 0;
  const missing = of("missing") + of("asked") + of("recovered") + of("unexplained");
  return {
    listed: of("matched") + of("dead_here") + missing,
    matched: of("matched"),
    deadHere: of("dead_here"),
    missing,
    recovered: of("recovered"),
    unknownToProvider: of("unknown_to_provider"),
    unexplained: of("unexplained"),
  };
}

/** Whether an event may have been recorded so long ago that its key is forgotten: then its absence says nothing. */
export function mayBeForgotten(occurredAt: Date | null, keysSince: Date | null): boolean {
  return keysSince !== null && (occurredAt === null || occurredAt < keysSince);
}

/**
 * Compares one entry of the provider's log with what stands here. The provider's own outcome decides nothing: an event that
 * it calls delivered and that is not recorded here is missing (GitHub repeats the id of a delivery on each redelivery, so
 * having seen an id says nothing), and one that it calls failed may have arrived all the same.
 */
export function compareEntry(ours: { readonly isRecorded: boolean; readonly isDead: boolean }): EntryState {
  if (!ours.isRecorded) return "missing";
  return ours.isDead ? "dead_here" : "matched";
}

const LISTED_MAX_SEC = 90 * 86_400;

/**
 * How far back a provider's log goes.
 *
 * @param historySec how long the provider keeps it, where that is known
 */
export function oldestListed(now: Date, historySec: number | null): Date {
  return new Date(now.getTime() - (historySec ?? LISTED_MAX_SEC) * 1_000);
}

/**
 * How far back a comparison may look. Before that the provider's silence would look like events that it does not know, and an event
 * whose key is forgotten like one that never came.
 *
 * @param historySec as {@link oldestListed} has it
 * @param keysSince since when the ledger knows every key; null: it has forgotten none
 */
export function oldestComparable(
  now: Date,
  historySec: number | null,
  keysSince: Date | null,
): { readonly at: Date; readonly because: "log" | "keys" } {
  const listed = oldestListed(now, historySec);
  return keysSince !== null && keysSince > listed ? { at: keysSince, because: "keys" } : { at: listed, because: "log" };
}

/**
 * The window of a scheduled run: from where the last completed one ended, less the overlap, up to what has had time to arrive.
 * Null when there is nothing to look at yet.
 *
 * @param lastTo the end of the newest completed window; null before the first
 * @param oldest how far back it may look
 */
export function nextWindow(
  { lookbackSec, overlapSec, lagSec }: Pick<Reconciliation, "lookbackSec" | "overlapSec" | "lagSec">,
  lastTo: Date | null,
  now: Date,
  oldest: Date,
): LogWindow | null {
  const toMs = now.getTime() - lagSec * 1_000;
  const wantedMs = lastTo === null ? toMs - lookbackSec * 1_000 : lastTo.getTime() - overlapSec * 1_000;
  const fromMs = Math.max(wantedMs, oldest.getTime());
  return fromMs < toMs ? { from: new Date(fromMs), to: new Date(toMs) } : null;
}

const BACK_OFF_MIN_MS = 1_000;
const BACK_OFF_MAX_MS = 300_000;

/** The wait after the n-th failure in a row (from 1): doubling from a second to five minutes, the upper half of it by chance. */
export function backOffMs(failures: number, chance: number): number {
  const wholeMs = Math.min(BACK_OFF_MAX_MS, BACK_OFF_MIN_MS * 2 ** Math.min(failures - 1, 20));
  return Math.round(wholeMs / 2 + (wholeMs / 2) * chance);
}

/** The page that says what to do about a run's alarm. */
export const RECONCILIATION_RUNBOOK = "docs/runbooks/provider-outage.md";
