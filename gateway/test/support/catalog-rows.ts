import type { Verified } from "@holdfast/verify";
import type { Catalog, Destination, Route, Source } from "../../src/domain/catalog.ts";
import { NO_LIMITS } from "../../src/domain/gate.ts";
import { DEFAULT_RETRY_POLICY } from "../../src/domain/retry-policy.ts";
import { DEFAULT_SOURCE_POLICY } from "../../src/domain/source-policy.ts";
import type { Arrival, ReadySource } from "../../src/pipeline/arrival.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";

export const NOW = new Date("2026-03-04T05:06:07Z");
const STAMPS = { state: "active", origin: "api", createdAt: NOW, updatedAt: NOW } as const;

/** The secret of the source of a name. */
export const secretOf = (name: string): string => `whsec_the-secret-of-source-${name}-0001`;

/** A source of Stripe as the catalog holds it, without a database. */
export function sourceRow(name: string, more: Partial<Source> = {}): Source {
  return {
    id: name,
    tenant: "default",
    name,
    key: `${name}-key`,
    provider: "stripe",
    receiver: {},
    receiverUnreadable: [],
    secrets: [{ version: "v1", state: "active", value: secretOf(name), notAfter: null, retiredAt: null }],
    bodyBytesMax: 1_000_000,
    policy: DEFAULT_SOURCE_POLICY,
    ...STAMPS,
    ...more,
  };
}

/** A destination over HTTP, by its name, which is also its id. */
export function destinationRow(name: string, more: Partial<Destination> = {}): Destination {
  return {
    id: name,
    tenant: "default",
    name,
    target: { kind: "http", url: "https://app.example/in" },
    headers: [],
    policy: { ...NO_LIMITS, retry: DEFAULT_RETRY_POLICY, timeoutMs: 1_000 },
    signingSecret: null,
    stateReason: null,
    gate: null,
    ...STAMPS,
    ...more,
  };
}

/** A route of all events from a source to a destination. */
export function routeRow(sourceId: string, destinationId: string, more: Partial<Route> = {}): Route {
  return {
    id: `${sourceId}-${destinationId}`,
    tenant: "default",
    name: `${sourceId}-${destinationId}`,
    sourceId,
    destinationId,
    eventTypes: ["*"],
    priority: null,
    policy: { when: null, orderBy: null },
    ...STAMPS,
    ...more,
  };
}

/** The verdict of a genuine request. */
export const GENUINE: Verified = {
  ok: true,
  eventId: "evt_1",
  eventKey: Buffer.from("id:evt_1"),
  contentKey: null,
  eventType: "invoice.paid",
  occurredAt: null,
  payloadVersion: null,
  secretVersion: "v1",
  signedAt: null,
};

/** A request as the door hands it on. */
export function arrivalOf(body: string | Uint8Array, headers: Arrival["headers"] = []): Arrival {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return { method: "POST", url: "/in/k", headers, body: bytes, remoteAddress: "192.0.2.1", receivedAt: NOW };
}

/** The source `pay`, ready for arrivals. */
export function readyOf(more: Partial<Source> = {}, rest: Partial<Catalog> = {}): ReadySource {
  const source = sourceRow("pay", more);
  const catalog = { version: 1, sources: [source], destinations: [], routes: [], throttles: [], ...rest };
  return indexCatalog(catalog).findSource("pay-key")!;
}

/** Random bytes that tell each call from the one before. */
export function counting(): (bytes: number) => Uint8Array {
  let calls = 0;
  return (bytes) => Buffer.alloc(bytes, ++calls);
}
