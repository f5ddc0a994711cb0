import type { DeadLetter, DeadLetterPage, Page } from "./api-shapes.ts";
import type { Priority } from "./configured-shapes.ts";
import type { Listing, Shelf } from "./create-api.ts";
import type { PageQuery } from "./list-queries.ts";

/** Which dead letters are meant; what is absent does not matter. Times are ISO 8601. */
export interface DeadFilter {
  /** Id or name. */
  destination?: string;
  source?: string;
  /** `*` stands for any run of characters. */
  type?: string;
  reason?: string;
  /** Class of the last attempt's outcome. */
  outcome?: string;
  status?: number;
  /** Id of a group of one cause. */
  group?: string;
  /** Died at or after, and before. */
  since?: string;
  until?: string;
}
export interface DeadLetterQuery extends PageQuery, DeadFilter {
  /** Those that were dismissed instead of the open ones. */
  dismissed?: boolean;
}

/** Dead letters that most likely have one cause. */
export interface DeadGroup {
  /** The same cause has the same id tomorrow. */
  id: string;
  destinationId: string;
  destination: string;
  eventType: string | null;
  reason: string;
  outcome: string | null;
  status: number | null;
  /** What was said, without what differs from letter to letter. */
  fingerprint: string;
  count: number;
  firstAt: string;
  lastAt: string;
  sample: { deliveryId: string; eventId: string; detail: string | null };
  suggestion: string;
  runbook: string;
}
export interface DeadGroups {
  items: DeadGroup[];
  /** How many of the newest letters were looked at, and whether that is all of them. */
  searched: { newest: number; complete: boolean };
  more: number;
}

/** What is to be done with which letters. Without `expected` they are only counted. */
export interface DeadWish {
  filter: DeadFilter & { ids?: string[] };
  /** The impact that was shown; when it is another by now, nothing is done. */
  expected?: number;
  /** Who asks, beside the name of the key. */
  by?: string;
}
export interface HandledDeadLetters {
  impact: number;
  searched: { newest: number; complete: boolean } | null;
  handled: number;
  /** What undoes it, for seven days. */
  handlingId: string | null;
}
export interface Handling {
  id: string;
  kind: "retry" | "dismiss";
  reason: string | null;
  filter: Record<string, unknown>;
  deliveries: number;
  handledAt: string;
  handledBy: string;
  undoneAt: string | null;
  undoneBy: string | null;
}

/** Dead letters: what is there, by cause, and what can be done with them. */
export interface DeadLetters extends Listing<DeadLetter, DeadLetterQuery, DeadLetterPage> {
  groups(query?: DeadFilter & { dismissed?: boolean }): Promise<DeadGroups>;
  /** Each as a new delivery with the same idempotency key, in one transaction. */
  retry(wish: DeadWish): Promise<HandledDeadLetters>;
  dismiss(wish: DeadWish & { reason: string }): Promise<HandledDeadLetters>;
  /** Undoes a dismissal, or a retry that was not tried yet. */
  restore(
    what: { handling: string } | { ids: string[] },
    options?: { by?: string },
  ): Promise<{ restored: number; tooLate: number }>;
  handlings(query?: PageQuery): Promise<Page<Handling>>;
}

export type SelectableState = "dead" | "waiting" | "missing" | "processed";

/** What a replay goes over, and how it delivers. */
export interface ReplayWish {
  /** `rejections`: arrivals that were refused, to be verified with the secrets of today. */
  of?: "events" | "rejections";
  sources?: string[];
  types?: string[];
  since?: string;
  until?: string;
  destinations?: string[];
  states?: SelectableState[];
  reasons?: string[];
  ids?: string[];
  again?: boolean;
  copyTo?: string;
  ratePerSec?: number;
  inFlightMax?: number;
  priority?: Priority;
  trustRecorded?: boolean;
  by?: string;
}

/** The summary as the field writes it; an event counts once however many destinations it has. */
export interface ReplaySummary {
  events_scanned: number;
  replayed: number;
  duplicate_skipped: number;
  processed: number;
  failed_permanent: number;
  still_waiting: number;
  integrity_check: "pass" | "fail";
}

export interface Replay {
  id: string;
  /** What runs the plan; null once it was run. */
  token: string | null;
  state: "planned" | "running" | "completed" | "cancelled" | "failed";
  scope: {
    of: "events" | "rejections";
    sources: string[];
    types: string[];
    since: string;
    until: string;
    destinations: string[];
    states: string[];
    reasons: string[];
    ids: string[];
  };
  options: {
    again: boolean;
    copyTo: string | null;
    ratePerSec: number;
    inFlightMax: number;
    priority: Priority;
    trustRecorded: boolean;
  };
  plan: {
    scanned: number;
    wouldReplay: number;
    wouldSkip: number;
    notReplayed: Record<string, number>;
    deliveries: number;
    destinations: { destination: string; deliveries: number }[];
    /** Deliveries of the scope that wait by themselves, and for what; no replay moves them. */
    held: { destination: string; reason: string; deliveries: number }[];
    /** Destinations at which deliveries of the run would be held. `gate`: `breaker`, `slow` or `limit`. */
    holding: { destination: string; reason: string; gate: string | null }[];
    verified: { signature: number; retired_secret: number; recorded_verdict: number };
    bodyBytes: number;
    complete: boolean;
    estimatedSec: number;
    notes: string[];
  };
  summary: ReplaySummary;
  checks: { name: string; passed: boolean; detail: string }[];
  notReplayed: Record<string, number>;
  verified: { signature: number; retired_secret: number; recorded_verdict: number };
  scannedTo: string;
  plannedAt: string;
  plannedBy: string;
  startedAt: string | null;
  startedBy: string | null;
  endedAt: string | null;
  endedBy: string | null;
  endReason: string | null;
  failed: { deliveryId: string; eventId: string }[];
  runbook: string;
}

/** Replays of recorded arrivals. Nothing is delivered before a plan's token is run. */
export interface Replays extends Shelf<Replay, Replay, PageQuery> {
  plan(wish: ReplayWish): Promise<Replay>;
  /** Once: asked again with the same token it answers with the same run. */
  run(token: string, options?: { by?: string }): Promise<Replay>;
  cancel(id: string, options?: { by?: string }): Promise<Replay>;
}
