import type { Gate, Limits } from "./gate.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { RoutePolicy } from "./route-policy.ts";
import type { SourcePolicy } from "./source-policy.ts";
import type { Throttle } from "./throttle.ts";

/** One inbound URL with a provider and what it verifies with. */
export interface Source {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly key: string;
  readonly provider: string;
  /** The receiver configuration without its secrets; the shape is `Receiver` of @holdfast/verify. */
  readonly receiver: Readonly<Record<string, unknown>>;
  /** Fields of it that are stored sealed, and left out because the key that sealed them is not at hand. */
  readonly receiverUnreadable: readonly string[];
  readonly secrets: readonly SecretVersion[];
  readonly bodyBytesMax: number;
  readonly policy: SourcePolicy;
  readonly state: "active" | "disabled";
  readonly origin: Origin;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type Origin = "file" | "api" | "sample";
export type SecretState = "pending" | "active" | "retiring" | "retired";

export interface SecretVersion {
  readonly version: string;
  readonly state: SecretState;
  /** The secret itself, or null when the key that sealed it is not at hand. */
  readonly value: string | null;
  /** It cannot be read because its key is not loaded here; another process may have that key. */
  readonly isKeyMissing?: true;
  /** The last moment at which it verifies. */
  readonly notAfter: Date | null;
  readonly retiredAt: Date | null;
}

/** Where deliveries go: an HTTP URL or a handler. */
export interface Destination {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly target:
    | { readonly kind: "http"; readonly url: string }
    | { readonly kind: "handler"; readonly handler: string };
  /** Headers that the operator adds to each delivery. */
  readonly headers: readonly (readonly [string, string])[];
  /** True when their values cannot be read; they are empty then, and deliveries are held as without a signing secret. */
  readonly headersUnreadable?: boolean;
  readonly policy: DestinationPolicy;
  /** The Standard Webhooks secret (`whsec_…`) that deliveries are signed with; null for handlers or when unreadable. */
  readonly signingSecret: string | null;
  /** Its signing secret or its headers cannot be read because their key is not loaded here; another process may have it. */
  readonly isKeyMissing?: true;
  readonly state: "active" | "paused" | "disabled";
  readonly stateReason: string | null;
  /** What holds its deliveries back while it is active; null: nothing. Not declared but found out, all but its limits. */
  readonly gate: Gate | null;
  readonly origin: Origin;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface DestinationPolicy extends Limits {
  readonly retry: RetryPolicy;
  /** One attempt's total deadline, from dial to the last byte. */
  readonly timeoutMs: number;
}

export const DEFAULT_TIMEOUT_MS = 15_000;
export const TIMEOUT_MAX_MS = 60_000;
/** A lease outlives the longest attempt with room to settle, or two workers would deliver at once. */
export const LEASE_MS = 90_000;

/** Which events of a source go to which destination. */
export interface Route {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly sourceId: string;
  readonly destinationId: string;
  readonly eventTypes: readonly string[];
  /** Null: the priority of the source. */
  readonly priority: number | null;
  readonly policy: RoutePolicy;
  readonly state: "active" | "disabled";
  readonly origin: Origin;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** All configuration at one version: what every process holds in memory. */
export interface Catalog {
  readonly version: number;
  readonly sources: readonly Source[];
  readonly destinations: readonly Destination[];
  readonly routes: readonly Route[];
  /** Those that are in force, of all tenants. */
  readonly throttles: readonly Throttle[];
}
