import type { AccessRole } from "./access-shapes.ts";
/** What is configured, as the admin API shows and takes it; see api-shapes.ts for how values are written. */

export type Origin = "file" | "api" | "sample";
export type Priority = "critical" | "high" | "normal" | "low";

/** A version of a source's secret; its value is never shown. */
export interface SecretVersion {
  version: string;
  state: "pending" | "active" | "retiring" | "retired";
  notAfter: string | null;
  /** Whether the key that sealed it is loaded; without it the source cannot verify with this version. */
  readable: boolean;
}

/** A version of a source's secret with its times and its use. */
export interface SecretVersionDetail extends SecretVersion {
  createdAt: string;
  activatedAt: string | null;
  retiredAt: string | null;
  /** Arrivals that it verified, as far as is written: a few seconds behind at most. */
  uses: number;
  firstUsedAt: string | null;
  lastUsedAt: string | null;
  /** Whether it can go without anything being refused, and the fact that says so. */
  safeToRetire: { safe: boolean; reason: string };
  /** The secret itself, only in the answer that generated it. */
  value?: string | undefined;
}

/** The versions of one source: those that verify in their order, then the retired ones. */
export interface SecretVersions {
  sourceId: string;
  source: string;
  items: SecretVersionDetail[];
}

/** A new secret: its value, or `generate` where the provider lets its customer choose. */
export interface SecretInput {
  value?: string;
  generate?: boolean;
  version?: string;
  allowShort?: boolean;
}

/** What sealing everything anew came to. */
export interface Resealed {
  resealed: number;
  current: number;
  unreadable: number;
  unreadableThings: string[];
  /** False when there is more to do. */
  complete: boolean;
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
  /** Of its events where the route declares none. */
  priority: Priority;
  /** What divides its events into lanes; null: the tenant is one. */
  lane: string | null;
  laneWeight: number;
  /** Arrivals a second; null: no limit. */
  ratePerSec: number | null;
  /** How many may come at once; null: as many as in a second. */
  burst: number | null;
  /** What a request of several events becomes: one event, or one an item. */
  batch: "event" | "item";
  /** Whether subscriptions are confirmed (Amazon SNS); null: where `audience` is set. */
  confirmSubscriptions: boolean | null;
  receiver: Record<string, unknown>;
  secrets: SecretVersion[];
  createdAt: string;
  updatedAt: string;
}

export interface SourceInput {
  name: string;
  provider: string;
  key?: string;
  /** In a change the value of a version that exists may be left out; a version that is not listed is retired. */
  secrets?: (string | { value?: string; version?: string; notAfter?: string; allowShort?: boolean })[];
  bodyBytesMax?: number;
  priority?: Priority;
  /** `source`, `type`, `header:<name>` or `body:/<JSON pointer>`. */
  lane?: string;
  laneWeight?: number;
  ratePerSec?: number;
  burst?: number;
  batch?: "event" | "item";
  confirmSubscriptions?: boolean;
  /** Further fields of the receiver configuration, as the provider's scheme needs them. */
  [receiverField: string]: unknown;
}

export interface RetryInput {
  scheduleSec?: number[];
  refusalsMax?: number;
}

export interface DestinationGate {
  reason: "breaker" | "slow" | "limit";
  breaker: "closed" | "open" | "recovering";
  /** When the breaker came into its state; null when it has always been closed. */
  breakerSince: string | null;
}

export interface Destination {
  id: string;
  name: string;
  kind: "http" | "handler";
  url: string | null;
  handler: string | null;
  headers: Record<string, string>;
  timeoutMs: number;
  retry: { scheduleSec: number[]; refusalsMax: number };
  /** Attempts under way at once, over all processes; null: no limit. */
  concurrency: number | null;
  /** Attempts begun per second, over all processes; null: no limit. */
  ratePerSec: number | null;
  burst: number | null;
  state: "active" | "paused" | "disabled";
  stateReason: string | null;
  /** What holds its deliveries back while it is active; null: nothing. */
  gate: DestinationGate | null;
  origin: Origin;
  createdAt: string;
  updatedAt: string;
  /** Only in the answer that created it. */
  signingSecret?: string | undefined;
}

/** How a destination's attempts went, by whole minutes. */
export interface DestinationHealth {
  attempts: number;
  succeeded: number;
  /** Every failure, throttled ones among them. */
  failed: number;
  /** Answered 429, or not in time. */
  throttled: number;
  meanLatencyMs: number | null;
  maxLatencyMs: number | null;
}

export interface DestinationDetail extends Destination {
  /** Whether deliveries wait at its gate. */
  waitsAtGate: boolean;
  /** Deliveries that its gate has let in and that have not ended. */
  permitsOut: number;
  health: { last5Min: DestinationHealth; last24H: DestinationHealth };
  /** Since when every attempt has failed; null: the last one succeeded. */
  failingSince: string | null;
  notices: { kind: "failing_1_day" | "failing_3_days" | "disabled"; since: string; at: string; detail: string }[];
}

export interface DestinationInput {
  name: string;
  url?: string;
  handler?: string;
  headers?: Record<string, string>;
  timeoutMs?: number;
  retry?: RetryInput;
  concurrency?: number;
  ratePerSec?: number;
  burst?: number;
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
  /** The one that holds: its own or the source's. */
  priority: Priority;
  priorityFrom: "route" | "source";
  /** The filter, a CEL expression over `event`; null: none. */
  when: string | null;
  /** What keeps deliveries in order; null: nothing. */
  orderBy: string | null;
  state: "active" | "disabled";
  origin: Origin;
  createdAt: string;
  updatedAt: string;
}

export interface RouteDetail extends Route {
  /** Events left out because the filter could not be worked out for them; null: none. */
  filterFaults: { count: number; last: string; firstAt: string; lastAt: string } | null;
}

export interface RouteInput {
  name?: string;
  source: string;
  destination: string;
  eventTypes?: string[];
  priority?: Priority;
  when?: string;
  /** A selector: deliveries of one value keep their order. */
  orderBy?: string;
}

/** Everything that is configured, without secrets. */
export interface Configuration {
  version: number;
  sources: Source[];
  destinations: Destination[];
  routes: Route[];
}

/** What applying a configuration changed, or would change. Things are named as `source/stripe`. */
export interface Applied {
  dryRun: boolean;
  created: string[];
  updated: string[];
  disabled: string[];
  unchanged: number;
  changes: { thing: string; fields: string[] }[];
}

export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  role: AccessRole;
  /** To the minute. */
  lastUsedAt: string | null;
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  /** The key that takes its place. */
  successorId: string | null;
  /** The key itself, only in the answer that created it. */
  key?: string | undefined;
}

/** A request to be signed as the source's provider would sign it. */
export interface SignInput {
  method?: string;
  url?: string;
  headers?: Record<string, string> | [name: string, value: string][];
  bodyBase64: string;
}

/** A request as the source's provider would sign it. */
export interface Signed {
  headers: [name: string, value: string][];
  url: string;
  bodyBase64: string;
}

/** What became of a sample that was sent through a source. */
export interface TestEvent {
  eventType: string;
  outcome: "recorded" | "duplicate" | "rejected" | "put_off";
  eventId: string | null;
  rejectionId: string | null;
  detail: string;
}

/** What a source needs and how its provider signs; docs/providers.md says the same in words. */
export interface ProviderRow {
  slug: string;
  name: string;
  receiverFields: string[];
  choosesSecret: boolean;
  signsUrl: boolean;
  handshake: boolean;
  handshakeNote: string;
  signedContent: string;
  eventIdFrom: string;
  dedupeKey: string;
  notCovered: string;
  toleranceSec: number | null;
  methods: string[];
  securityHeaders: string[];
  notes: string;
  sampleTypes: string[];
}
