import type { Priority } from "./configured-shapes.ts";
import type { Overload } from "./throttle-shapes.ts";
import type { Trigger } from "./unwrap.ts";

/**
 * What the admin API answers. Times are ISO 8601 text in UTC; ids are text with the kind in front (`src_`, `dst_`, `rte_`,
 * `evt_`, `dlv_`, `att_`, `rej_`, `key_`); bodies are base64, because they are bytes.
 */
export interface Page<T> {
  items: T[];
  /** Give it back as `cursor` for what follows; null at the end. */
  nextCursor: string | null;
}

export interface EventSummary {
  id: string;
  sourceId: string;
  source: string;
  provider: string;
  providerEventId: string | null;
  eventType: string | null;
  occurredAt: string | null;
  receivedAt: string;
  bodyBytes: number;
  duplicateCount: number;
  /** How many of its deliveries are in each state. */
  deliveryStates: Record<string, number>;
}

/** A page whose filter is looked for among the newest rows. */
export interface SearchedPage<T> extends Page<T> {
  /** How many rows this page's search went through (null: all there are), and whether that is everything; null: no search. */
  searched: { newest: number | null; complete: boolean } | null;
}

export type EventPage = SearchedPage<EventSummary>;

/** One step of an event's way, in the words that the field uses. */
export interface TimelineEntry {
  at: string;
  step:
    | "received"
    | "rejected"
    | "replayed"
    | "validated"
    | "queued"
    | "processing"
    | "processed"
    | "failed permanently";
  deliveryId?: string | undefined;
  destination?: string | undefined;
  attempt?: number | undefined;
  outcome?: string | undefined;
  status?: number | null | undefined;
  detail?: string | null | undefined;
  durationMs?: number | undefined;
  next?: string | undefined;
  nextAt?: string | null | undefined;
}

export interface EventDetail extends EventSummary {
  payloadVersion: string | null;
  signedAt: string | null;
  /** `batch_signature`: one item of a request that was signed as a whole. */
  verifiedBy: "signature" | "batch_signature" | "provider_api";
  secretVersion: string | null;
  method: string;
  url: string;
  remoteAddress: string;
  bodySha256: string;
  timeline: TimelineEntry[];
  deliveries: DeliverySummary[];
  duplicates: {
    count: number;
    /** How many of them had other bytes than the recorded ones. */
    variants: number;
    variantSha256: string | null;
    firstAt: string | null;
    lastAt: string | null;
  };
}

/** A request as it arrived. */
export interface RawRequest {
  method: string;
  url: string;
  remoteAddress: string;
  receivedAt: string;
  headers: [name: string, value: string][];
  bodyBase64: string;
  bodySha256: string;
}

export type DeliveryState = "ready" | "scheduled" | "held" | "leased" | "processed" | "dead";

export interface DeliverySummary {
  id: string;
  eventId: string;
  eventType: string | null;
  /** Null when the event is not kept any more. */
  sourceId: string | null;
  source: string;
  destinationId: string;
  destination: string;
  state: DeliveryState;
  /** `copy`: made by a replay to another destination than the event's own. */
  trigger: Trigger | "copy";
  priority: Priority;
  /** Attempts so far, one that is under way included. */
  attempt: number;
  /** When it is tried next, where it waits for its time. */
  dueAt: string | null;
  /** Why it is held or dead. */
  reason: string | null;
  idempotencyKey: string;
  /** The dead delivery that this one was made to try again. */
  retryOf: string | null;
  /** The delivery that was made to try this one again. */
  retriedAs: string | null;
  createdAt: string;
  finishedAt: string | null;
}

export interface AttemptSummary {
  id: string;
  number: number;
  outcome: "succeeded" | "transient" | "throttled" | "refused" | "gone";
  status: number | null;
  detail: string | null;
  startedAt: string;
  durationMs: number;
  nextState: "processed" | "scheduled" | "held" | "ready" | "dead";
  nextDueAt: string | null;
  worker: string;
}

export interface Attempt extends AttemptSummary {
  response: { headers: [name: string, value: string][]; bodyBase64: string; truncated: boolean } | null;
}

export interface DeliveryDetail extends DeliverySummary {
  attempts: Attempt[];
}

export interface DeadLetter extends DeliverySummary {
  lastAttempt: AttemptSummary | null;
  /** Who dismissed it, when and why; null while it is open. */
  dismissed: { at: string; by: string | null; reason: string | null; handlingId: string } | null;
}

export interface DeadLetterPage extends SearchedPage<DeadLetter> {
  /** How many there are in all, by the reason they died of. */
  reasons: { reason: string; count: number }[];
  groups: {
    reason: string;
    destinationId: string;
    destination: string;
    count: number;
    firstAt: string;
    lastAt: string;
  }[];
  /** How many of the newest were counted, and whether that is all of them. */
  counted: { newest: number; complete: boolean };
}

export interface RejectionSummary {
  id: string;
  sourceId: string;
  source: string;
  receivedAt: string;
  status: number;
  reason: string;
  /** What is wrong with the request and the likely cause. */
  diagnosis: Record<string, unknown>;
  method: string;
  url: string;
  remoteAddress: string;
  bodyBytes: number;
  /** The event that a replay made of it, and that replay; null while it is none. */
  eventId: string | null;
  replayId: string | null;
}

/** Rejections of one source with one reason and one likely cause (`unknown` where none was found). */
export interface RejectionGroup {
  sourceId: string;
  source: string;
  reason: string;
  cause: string;
  count: number;
  /** How many of them a replay has made events of. */
  replayed: number;
  firstAt: string;
  lastAt: string;
  /** The newest of them. */
  sampleId: string;
}
export interface RejectionGroups {
  items: RejectionGroup[];
  searched: { newest: number; complete: boolean };
  /** Groups beyond those that are listed. */
  more: number;
}

export interface RejectionDetail extends RejectionSummary {
  request: RawRequest;
}

/** One event, or the same rejected bytes, coming again and again. */
export interface RetryLoop {
  sourceId: string;
  source: string;
  kind: "duplicate" | "rejection";
  /** The event that comes again; null for a rejection. */
  eventId: string | null;
  /** Of the body that is rejected again; null for a duplicate. */
  bodySha256: string | null;
  cause: "answered_late" | "refused" | "redelivered";
  /** Why it was rejected the last time. */
  reason: string | null;
  count: number;
  ratePerMinute: number | null;
  firstAt: string;
  lastAt: string;
  /** The page that says what to do. */
  runbook: string;
}

export interface Status {
  version: string;
  now: string;
  catalogVersion: number;
  postgresVersion: string;
  /** The fewest days for which any table has its partitions; null when none has. */
  partitionsAheadDays: number | null;
  deliveries: {
    /** Unfinished deliveries by state; of each at most `counted.ofEachState` are counted. Null: they could not be, in time. */
    depth: Record<string, number> | null;
    counted: { ofEachState: number; complete: boolean };
    /**
     * By priority, for how long the oldest has been ready; a priority of which none is ready is absent. Null: it could not be
     * read in time.
     */
    oldestReadySec: Record<string, number> | null;
  };
  overload: Overload;
  /** What the process says of itself. */
  [part: string]: unknown;
}

/** Whether the process that serves the admin API can do its work, and every reason why not. */
export interface Readiness {
  ok: boolean;
  reasons: string[];
}

/** What waits. Of each state at most `counted.ofEachState` deliveries are counted. */
export interface QueueStanding {
  classes: {
    class: Priority;
    depth: Record<string, number>;
    oldestReadySec: number | null;
    /** When the next retry is due. */
    nextDueAt: string | null;
  }[];
  ready: { destinationId: string; destination: string; count: number; since: string }[];
  held: { reason: string; destinationId: string; destination: string; count: number; since: string }[];
  scheduled: { destinationId: string; destination: string; count: number; nextDueAt: string }[];
  lanes: { class: Priority; lane: string; ready: number }[];
  counted: { ofEachState: number; complete: boolean };
}
