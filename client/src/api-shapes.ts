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

export type Origin = "file" | "api" | "sample";
export type Priority = "critical" | "high" | "normal" | "low";

/** A version of a source's secret; its value is never shown. */
export interface SecretVersion {
  version: string;
  state: "pending" | "active" | "retiring" | "retired";
  notAfter: string | null;
}

export interface Source {
  id: string;
  name: string;
  provider: string;
  /** Where the provider posts to. */
  ingestUrl: string;
  state: "active" | "disabled";
  origin: Origin;
  bodyBytesMax: number;
  receiver: Record<string, unknown>;
  secrets: SecretVersion[];
  createdAt: string;
  updatedAt: string;
}

export interface SourceInput {
  name: string;
  provider: string;
  key?: string;
  secrets?: (string | { value: string; version?: string; notAfter?: string; allowShort?: boolean })[];
  bodyBytesMax?: number;
  /** Further fields of the receiver configuration, as the provider's scheme needs them. */
  [receiverField: string]: unknown;
}

export interface RetryInput {
  scheduleSec?: number[];
  refusalsMax?: number;
}

export interface Destination {
  id: string;
  name: string;
  url: string | null;
  handler: string | null;
  headers: Record<string, string>;
  timeoutMs: number;
  retry: { scheduleSec: number[]; refusalsMax: number };
  state: "active" | "paused" | "disabled";
  stateReason: string | null;
  origin: Origin;
  createdAt: string;
  updatedAt: string;
  /** Only in the answer that created it. */
  signingSecret?: string;
}

export interface DestinationInput {
  name: string;
  url?: string;
  handler?: string;
  headers?: Record<string, string>;
  timeoutMs?: number;
  retry?: RetryInput;
  signingSecret?: string;
}

export interface Route {
  id: string;
  name: string;
  sourceId: string;
  destinationId: string;
  source: string;
  destination: string;
  eventTypes: string[];
  priority: Priority;
  state: "active" | "disabled";
  origin: Origin;
  createdAt: string;
  updatedAt: string;
}

export interface RouteInput {
  name?: string;
  source: string;
  destination: string;
  eventTypes?: string[];
  priority?: Priority;
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
}

/** One step of an event's way, in the words that the field uses. */
export interface TimelineEntry {
  at: string;
  step: "received" | "validated" | "queued" | "processing" | "processed" | "failed permanently";
  deliveryId?: string;
  destination?: string;
  attempt?: number;
  outcome?: string;
  status?: number | null;
  detail?: string | null;
  durationMs?: number;
  next?: string | null;
  nextAt?: string | null;
}

export interface EventDetail extends EventSummary {
  payloadVersion: string | null;
  signedAt: string | null;
  verifiedBy: "signature" | "provider_api";
  secretVersion: string | null;
  bodyBytes: number;
  bodySha256: string;
  timeline: TimelineEntry[];
  deliveries: DeliverySummary[];
  duplicates: { count: number; variants: number; firstAt: string | null; lastAt: string | null };
}

/** A request as it arrived. */
export interface RawRequest {
  method: string;
  url: string;
  remoteAddress: string;
  receivedAt: string;
  headers: [name: string, value: string][];
  bodyBase64: string;
}

export type DeliveryState = "ready" | "scheduled" | "held" | "leased" | "processed" | "dead";

export interface DeliverySummary {
  id: string;
  eventId: string;
  eventType: string | null;
  sourceId: string;
  source: string;
  destinationId: string;
  destination: string;
  state: DeliveryState;
  trigger: Trigger;
  priority: Priority;
  attempt: number;
  /** When it is tried next, where it waits for its time. */
  dueAt: string | null;
  /** Why it is held or dead. */
  reason: string | null;
  finishedAt: string | null;
}

export interface Attempt {
  id: string;
  number: number;
  outcome: string;
  status: number | null;
  detail: string | null;
  startedAt: string;
  durationMs: number;
  nextState: string;
  nextDueAt: string | null;
  response: { headers: [name: string, value: string][]; bodyBase64: string; truncated: boolean } | null;
}

export interface DeliveryDetail extends DeliverySummary {
  idempotencyKey: string;
  retryOf: string | null;
  retriedAs: string | null;
  attempts: Attempt[];
}

export interface DeadLetterPage extends Page<DeliverySummary> {
  /** How many there are in all, by the reason they died of. */
  reasons: { reason: string; count: number }[];
}

export interface RejectionSummary {
  id: string;
  sourceId: string;
  source: string;
  receivedAt: string;
  status: number;
  reason: string;
}

export interface RejectionDetail extends RejectionSummary {
  diagnosis: Record<string, unknown>;
  request: RawRequest;
}

export interface Status {
  version: string;
  [part: string]: unknown;
}

/** What `holdfast.config.ts` declares; what changed when it was applied. */
export interface Applied {
  dryRun: boolean;
  created: string[];
  updated: string[];
  disabled: string[];
  unchanged: number;
}

/** A request to be signed as the source's provider would sign it. */
export interface SignInput {
  method?: string;
  url?: string;
  headers?: Record<string, string> | [name: string, value: string][];
  bodyBase64: string;
}
