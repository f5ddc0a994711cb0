import type {
  Catalog,
  Destination,
  DestinationPolicy,
  Origin,
  Route,
  SecretState,
  SecretVersion,
  Source,
} from "../../domain/catalog.ts";
import { DEFAULT_TIMEOUT_MS } from "../../domain/catalog.ts";
import type { Gate } from "../../domain/gate.ts";
import { NO_LIMITS, gateOf } from "../../domain/gate.ts";
import { DEFAULT_RETRY_POLICY } from "../../domain/retry-policy.ts";
import type { RoutePolicy } from "../../domain/route-policy.ts";
import { DEFAULT_ROUTE_POLICY } from "../../domain/route-policy.ts";
import {
  bindDestinationHeaders,
  bindReceiverField,
  bindSigningSecret,
  bindSourceSecret,
} from "../../domain/secret-binding.ts";
import type { SourcePolicy } from "../../domain/source-policy.ts";
import { DEFAULT_SOURCE_POLICY } from "../../domain/source-policy.ts";
import type { SecretsBox } from "../../platform/secrets-box.ts";
import type { Database } from "../database.ts";
import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";
import { listThrottles } from "../throttles/list-throttles.ts";

const readVersion = cold<{ value: string }>(
  "read_catalog_version",
  "SELECT value FROM holdfast.setting WHERE name = 'catalog_version'",
);

const listSources = cold<{
  id: string;
  tenant: string;
  name: string;
  key: string;
  provider: string;
  receiver: Record<string, unknown>;
  sealed_receiver: Record<string, string>;
  body_bytes_max: number;
  policy: Partial<SourcePolicy>;
  state: Source["state"];
  origin: Origin;
  created_at: Date;
  updated_at: Date;
}>(
  "list_sources",
  `SELECT id, tenant, name, key, provider, receiver, sealed_receiver, body_bytes_max, policy, state, origin, created_at,
          updated_at
     FROM holdfast.source ORDER BY tenant, name`,
);

const listSecrets = cold<{
  source_id: string;
  version: string;
  state: SecretState;
  sealed: Buffer;
  not_after: Date | null;
  retired_at: Date | null;
}>(
  "list_secret_versions",
  "SELECT source_id, version, state, sealed, not_after, retired_at FROM holdfast.secret_version ORDER BY source_id, position, version",
);

interface DestinationRow {
  id: string;
  tenant: string;
  name: string;
  kind: "http" | "handler";
  url: string | null;
  handler: string | null;
  headers: [string, string][];
  sealed_headers: Buffer | null;
  policy: StoredPolicy;
  signing_secret: Buffer | null;
  state: Destination["state"];
  state_reason: string | null;
  origin: Origin;
  created_at: Date;
  updated_at: Date;
  breaker: Gate["breaker"] | null;
  breaker_since: Date | null;
  slow_concurrency: number | null;
}

const listDestinations = cold<DestinationRow>(
  "list_destinations",
  `SELECT t.id, t.tenant, t.name, t.kind, t.url, t.handler, t.headers, t.sealed_headers, t.policy, t.signing_secret, t.state, t.state_reason,
          t.origin, t.created_at, t.updated_at, g.breaker, g.breaker_since, g.slow_concurrency
     FROM holdfast.destination t
     LEFT JOIN holdfast.destination_gate g ON g.destination_id = t.id
    ORDER BY t.tenant, t.name`,
);

const listRoutes = cold<{
  id: string;
  tenant: string;
  name: string;
  source_id: string;
  destination_id: string;
  event_types: string[];
  priority: number | null;
  policy: Partial<RoutePolicy>;
  state: Route["state"];
  origin: Origin;
  created_at: Date;
  updated_at: Date;
}>(
  "list_routes",
  `SELECT id, tenant, name, source_id, destination_id, event_types, priority, policy, state, origin, created_at, updated_at
     FROM holdfast.route ORDER BY tenant, name`,
);

/** A destination's policy as it is stored; what is absent is the default. */
export interface StoredPolicy {
  readonly scheduleMs?: readonly number[];
  readonly refusalsMax?: number;
  readonly timeoutMs?: number;
  readonly concurrency?: number | null;
  readonly ratePerSec?: number | null;
  readonly burst?: number | null;
}

/** The version alone: one cheap row, asked for often. */
export async function readCatalogVersion(db: Queryable): Promise<number> {
  return Number((await db.run(readVersion, [])).rows[0]?.value ?? 0);
}

const DEADLINE_MS = 60_000;
const ONE_MOMENT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/**
 * Reads the whole configuration as it stood at one moment. Statements that each see their own could find a route whose
 * destination came between two of them: its events would be acknowledged and go nowhere.
 *
 * @throws when the database is away
 */
export async function loadCatalog(db: Database, box: SecretsBox): Promise<Catalog> {
  const read = await db.lateTransaction(
    async (tx) => {
      await tx.begin();
      return readLockedCatalog(tx, box);
    },
    DEADLINE_MS,
    ONE_MOMENT,
  );
  if (!read.ok) throw new Error(read.message);
  return read.value;
}

/** The same for a transaction that sees one moment anyway: it holds the catalog's lock, under which nobody else changes it. */
export async function readLockedCatalog(db: Queryable, box: SecretsBox): Promise<Catalog> {
  const version = await readCatalogVersion(db);
  const secrets = (await db.run(listSecrets, [])).rows;
  const sources = (await db.run(listSources, [])).rows.map((row): Source => {
    const own = secrets.filter((secret) => secret.source_id === row.id);
    const { fields, unreadable } = openFields(box, row);
    return {
      id: row.id,
      tenant: row.tenant,
      name: row.name,
      key: row.key,
      provider: row.provider,
      receiver: { ...row.receiver, ...fields },
      receiverUnreadable: unreadable,
      secrets: own.map((secret) => openSecret(box, row.tenant, row.id, secret)),
      bodyBytesMax: row.body_bytes_max,
      policy: { ...DEFAULT_SOURCE_POLICY, ...row.policy },
      state: row.state,
      origin: row.origin,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    };
  });
  const destinations = (await db.run(listDestinations, [])).rows.map((row) => toDestination(box, row));
  const routes = (await db.run(listRoutes, [])).rows.map((row): Route => ({
    id: row.id,
    tenant: row.tenant,
    name: row.name,
    sourceId: row.source_id,
    destinationId: row.destination_id,
    eventTypes: row.event_types,
    priority: row.priority,
    policy: { ...DEFAULT_ROUTE_POLICY, ...row.policy },
    state: row.state,
    origin: row.origin,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }));
  return { version, sources, destinations, routes, throttles: await listThrottles(db) };
}

function toDestination(box: SecretsBox, row: DestinationRow): Destination {
  const target =
    row.kind === "http"
      ? ({ kind: "http", url: row.url ?? "" } as const)
      : ({ kind: "handler", handler: row.handler ?? "" } as const);
  const policy = toPolicy(row.policy);
  const { isKeyMissing: areHeadersMissing, ...headers } = openHeaders(box, row);
  const signing =
    row.signing_secret === null
      ? { text: null, isKeyMissing: false }
      : openText(box, row.signing_secret, bindSigningSecret(row.tenant, row.id));
  return {
    id: row.id,
    tenant: row.tenant,
    name: row.name,
    target,
    ...headers,
    policy,
    signingSecret: headers.headersUnreadable ? null : signing.text,
    ...(signing.isKeyMissing || areHeadersMissing ? { isKeyMissing: true } : {}),
    state: row.state,
    stateReason: row.state_reason,
    gate:
      row.breaker === null
        ? gateOf(policy, null)
        : gateOf(policy, {
            breaker: row.breaker,
            breakerSince: row.breaker_since,
            slowConcurrency: row.slow_concurrency,
          }),
    origin: row.origin,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** A stored policy with the defaults filled in. */
export function toPolicy(stored: StoredPolicy): DestinationPolicy {
  return {
    retry: {
      scheduleMs: stored.scheduleMs ?? DEFAULT_RETRY_POLICY.scheduleMs,
      refusalsMax: stored.refusalsMax ?? DEFAULT_RETRY_POLICY.refusalsMax,
    },
    timeoutMs: stored.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    concurrency: stored.concurrency ?? NO_LIMITS.concurrency,
    ratePerSec: stored.ratePerSec ?? NO_LIMITS.ratePerSec,
    burst: stored.burst ?? NO_LIMITS.burst,
  };
}

function openSecret(
  box: SecretsBox,
  tenant: string,
  sourceId: string,
  row: { version: string; state: SecretState; sealed: Buffer; not_after: Date | null; retired_at: Date | null },
): SecretVersion {
  const { text, isKeyMissing } = openText(box, row.sealed, bindSourceSecret(tenant, sourceId, row.version));
  const { version, state, not_after: notAfter, retired_at: retiredAt } = row;
  return { version, state, value: text, notAfter, retiredAt, ...(isKeyMissing ? { isKeyMissing: true } : {}) };
}

function openFields(
  box: SecretsBox,
  row: { id: string; tenant: string; sealed_receiver: Record<string, string> },
): { fields: Record<string, string>; unreadable: string[] } {
  const fields: Record<string, string> = {};
  const unreadable: string[] = [];
  for (const [field, sealed] of Object.entries(row.sealed_receiver)) {
    const { text } = openText(box, Buffer.from(sealed, "base64"), bindReceiverField(row.tenant, row.id, field));
    if (text === null) unreadable.push(field);
    else fields[field] = text;
  }
  return { fields, unreadable };
}

function openHeaders(
  box: SecretsBox,
  row: { id: string; tenant: string; headers: [string, string][]; sealed_headers: Buffer | null },
): { headers: readonly (readonly [string, string])[]; headersUnreadable: boolean; isKeyMissing: boolean } {
  const readable = { headersUnreadable: false, isKeyMissing: false };
  if (row.sealed_headers === null) return { headers: row.headers, ...readable };
  const { text, isKeyMissing } = openText(box, row.sealed_headers, bindDestinationHeaders(row.tenant, row.id));
  if (text === null) return { headers: row.headers, headersUnreadable: true, isKeyMissing };
  return { headers: JSON.parse(text) as [string, string][], ...readable };
}

function openText(
  box: SecretsBox,
  sealed: Uint8Array,
  binding: string,
): { readonly text: string | null; readonly isKeyMissing: boolean } {
  const opened = box.open(sealed, binding);
  if (opened.ok) return { text: Buffer.from(opened.plain).toString("utf8"), isKeyMissing: false };
  return { text: null, isKeyMissing: opened.reason === "unknown_key" };
}
