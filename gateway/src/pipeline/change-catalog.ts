import { BUCKETS } from "../domain/bucket.ts";
import type { Catalog } from "../domain/catalog.ts";
import type { PlannedAction } from "../domain/catalog-plan.ts";
import type { DestinationPlan } from "../domain/destination-plan.ts";
import type { FieldFault } from "../domain/field-checks.ts";
import type { RoutePlan } from "../domain/route-plan.ts";
import {
  SECRET_RECEIVER_FIELDS,
  bindDestinationHeaders,
  bindReceiverField,
  bindSigningSecret,
  bindSourceSecret,
} from "../domain/secret-binding.ts";
import type { SourcePlan } from "../domain/source-plan.ts";
import type { Clock } from "../platform/clock.ts";
import type { SecretsBox } from "../platform/secrets-box.ts";
import { bumpCatalogVersion, lockCatalog } from "../store/catalog/catalog-version.ts";
import { holdWaiting, releaseWaiting } from "../store/catalog/hold-waiting.ts";
import { readLockedCatalog } from "../store/catalog/load-catalog.ts";
import { insertDestination, updateDestination } from "../store/catalog/save-destination.ts";
import { saveRoute } from "../store/catalog/save-route.ts";
import { retireSecretVersion, saveSecretVersion, saveSource } from "../store/catalog/save-source.ts";
import type { Database } from "../store/database.ts";
import { endFailures } from "../store/gates/failures.ts";
import { ensureGate, markOrdered } from "../store/gates/lock-gate.ts";
import type { Queryable } from "../store/statement.ts";

/** What is needed to change the catalog. */
export interface CatalogDeps {
  readonly db: Database;
  readonly box: SecretsBox;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly watch?: CatalogWatch;
}

/** Sees a change of the catalog from inside its transaction. */
export interface CatalogWatch {
  /** Before anything is planned, under the lock: why the change must not be made, or null. */
  before(catalog: Catalog): string | null;
  /** After everything was written; `changes` is empty when nothing was to be changed. What it writes commits with them. */
  after(tx: Queryable, changes: readonly PlannedThing[]): Promise<void>;
}

/** One thing that is configured, and what a change does to it. */
export interface PlannedThing {
  readonly kind: CatalogItem["kind"] | "reconciliation" | "alert_channel" | "alerts";
  readonly name: string;
  readonly action: PlannedAction;
  /** The names of the fields that differ; empty for what is new. Never their values. */
  readonly fields: readonly string[];
}

export type CatalogItem = SourcePlan | DestinationPlan | RoutePlan;

/**
 * What shall be written, or why the change is refused: `conflict` with one sentence, `stale` when what was to be changed is not
 * what the caller has seen, or every fault of the input.
 */
export type Planned =
  | { readonly ok: true; readonly items: readonly CatalogItem[] }
  | { readonly ok: false; readonly cause: "faults"; readonly faults: readonly FieldFault[] }
  | { readonly ok: false; readonly cause: "missing" | "conflict"; readonly message: string }
  | { readonly ok: false; readonly cause: "stale"; readonly message: string };

export type Changed =
  | Planned
  | { readonly ok: false; readonly cause: "database"; readonly unknown: boolean; readonly message: string };

/** How a change is made. */
export interface ChangeOptions {
  /** False: it is only planned. */
  readonly write: boolean;
  /** Plans what is declared beside the catalog, and writes it where that is asked for: in the same transaction, after the catalog. */
  readonly beside?: (tx: Queryable, items: readonly CatalogItem[]) => Promise<readonly PlannedThing[]>;
}

const DEADLINE_MS = 60_000;
// Holding or releasing a backlog takes its time (45,000 deliveries a second, measured); all else is done in milliseconds. Whoever
// else changes the catalog, such as by a throttle in an emergency, waits two seconds for its lock (store/database.ts): that is
// longer than all destinations of a change together may take, with the statement that is under way then.
const MOVING_MS_MAX = 1_500;
/** A statement that took less may do twice as much the next time, one that took more than twice as long the half. */
const QUICK_MS = 200;
const FIRST_BUCKETS = 16;

/**
 * Changes the catalog in one transaction: no other change runs at once, the plan is made from what is there then, and every
 * process learns of it by the catalog's version. A refused plan writes nothing; `write: false` only plans.
 */
export async function changeCatalog(
  deps: CatalogDeps,
  plan: (catalog: Catalog) => Planned,
  options: ChangeOptions = { write: true },
): Promise<Changed> {
  const done = await deps.db.transaction(async (tx): Promise<Planned> => {
    await tx.run(lockCatalog, []);
    const catalog = await readLockedCatalog(tx, deps.box);
    const stale = deps.watch?.before(catalog) ?? null;
    if (stale !== null) return { ok: false, cause: "stale", message: stale };
    const planned = plan(catalog);
    if (!planned.ok) return planned;
    const movingEndMs = deps.clock.monotonicMs() + MOVING_MS_MAX;
    const changes = options.write ? planned.items.filter(isChanged) : [];
    // Routes last: they refer to what the others make.
    for (const item of changes) if (item.kind === "source") await writeSource(deps, tx, item);
    for (const item of changes) if (item.kind === "destination") await writeDestination(deps, tx, item, movingEndMs);
    for (const item of changes) if (item.kind === "route") await writeRoute(deps, tx, item);
    if (changes.length > 0) await tx.run(bumpCatalogVersion, []);
    const others = (await options.beside?.(tx, planned.items)) ?? [];
    if (options.write) await deps.watch?.after(tx, [...changes, ...others.filter(isChanged)]);
    return planned;
  }, DEADLINE_MS);
  if (done.ok) return done.value;
  return { ok: false, cause: "database", unknown: done.unknown, message: done.message };
}

const isChanged = ({ action }: Pick<PlannedThing, "action">): boolean => action !== "unchanged";

async function writeSource(deps: CatalogDeps, tx: Queryable, plan: SourcePlan): Promise<void> {
  const now = deps.clock.now();
  const { id, tenant } = plan;
  const { open, sealed: sealedFields } = sealReceiver(deps.box, plan);
  const columns = [plan.name, plan.key, plan.provider, open, plan.bodyBytesMax, plan.state, plan.origin];
  const more = [now, sealedFields, plan.keepSealed, JSON.stringify(plan.policy)];
  expectOne(await tx.run(saveSource, [id, tenant, ...columns, ...more]), "source");
  for (const secret of plan.secrets) {
    const { version, position, state, value, notAfter } = secret;
    if (!secret.changed) continue;
    if (state === "retired" || value === null) {
      await tx.run(retireSecretVersion, [id, version, tenant, position, now]);
      continue;
    }
    const sealed = deps.box.seal(Buffer.from(value, "utf8"), bindSourceSecret(tenant, id, version));
    await tx.run(saveSecretVersion, [id, version, tenant, position, state, sealed, notAfter, now]);
  }
}

/** The receiver configuration as it is stored, both parts as JSON: what may be read, and the secrets among its fields sealed. */
function sealReceiver(box: SecretsBox, plan: SourcePlan): { open: string; sealed: string } {
  const open: Record<string, unknown> = { ...plan.receiver };
  const sealed: Record<string, string> = {};
  for (const field of SECRET_RECEIVER_FIELDS) {
    const value = open[field];
    delete open[field];
    if (typeof value !== "string") continue;
    const binding = bindReceiverField(plan.tenant, plan.id, field);
    sealed[field] = Buffer.from(box.seal(Buffer.from(value, "utf8"), binding)).toString("base64");
  }
  return { open: JSON.stringify(open), sealed: JSON.stringify(sealed) };
}

async function writeDestination(
  deps: CatalogDeps,
  tx: Queryable,
  plan: DestinationPlan,
  movingEndMs: number,
): Promise<void> {
  const { id, tenant, target, policy } = plan;
  const sealed =
    plan.signingSecret === null
      ? null
      : deps.box.seal(Buffer.from(plan.signingSecret, "utf8"), bindSigningSecret(tenant, id));
  const stored = {
    scheduleMs: policy.retry.scheduleMs,
    refusalsMax: policy.retry.refusalsMax,
    timeoutMs: policy.timeoutMs,
    concurrency: policy.concurrency,
    ratePerSec: policy.ratePerSec,
    burst: policy.burst,
  };
  const values = [
    id,
    tenant,
    plan.name,
    target.kind,
    target.kind === "http" ? target.url : null,
    target.kind === "handler" ? target.handler : null,
    JSON.stringify(plan.headers.map(([name]) => [name, ""])),
    JSON.stringify(stored),
    sealed,
    plan.state,
    plan.stateReason,
    plan.origin,
    deps.clock.now(),
    sealHeaders(deps.box, plan),
  ];
  const written =
    plan.action === "created"
      ? await tx.run(insertDestination, values)
      : await tx.run(updateDestination, [...values, plan.keepHeaders]);
  expectOne(written, "destination");
  if (policy.concurrency !== null || policy.ratePerSec !== null) await tx.run(ensureGate, [id, deps.clock.now()]);
  // Somebody has mended it: the five days after which it would be disabled begin anew.
  if (plan.waiting === "release") await tx.run(endFailures, [[id]]);
  if (plan.waiting !== "leave") await moveWaiting(deps, tx, plan, movingEndMs);
}

/** What an operator adds to deliveries is a credential more often than not. */
function sealHeaders(box: SecretsBox, { tenant, id, headers }: DestinationPlan): Uint8Array | null {
  if (headers.length === 0) return null;
  return box.seal(Buffer.from(JSON.stringify(headers), "utf8"), bindDestinationHeaders(tenant, id));
}

/**
 * Holds or releases what waits, until the end of what a change may take: a backlog too large for that must not keep a destination
 * from being paused, nor others from changing the catalog. Of what is left, the mover holds what is ready and the stager what falls
 * due, a worker gives back what it has claimed, and the releaser releases.
 */
async function moveWaiting(deps: CatalogDeps, tx: Queryable, plan: DestinationPlan, endMs: number): Promise<void> {
  const { tenant, id, state, waiting } = plan;
  let size = FIRST_BUCKETS;
  let startMs = deps.clock.monotonicMs();
  for (let first = 0; first < BUCKETS && startMs < endMs;) {
    const last = Math.min(first + size, BUCKETS) - 1;
    if (waiting === "hold") await tx.run(holdWaiting, [tenant, id, `destination_${state}`, first, last]);
    else await tx.run(releaseWaiting, [tenant, id, first, last]);
    first = last + 1;
    const tookMs = deps.clock.monotonicMs() - startMs;
    startMs += tookMs;
    if (tookMs < QUICK_MS) size *= 2;
    else if (tookMs > 2 * QUICK_MS) size = Math.max(1, Math.floor(size / 2));
  }
}

async function writeRoute(deps: CatalogDeps, tx: Queryable, plan: RoutePlan): Promise<void> {
  const { id, tenant, name, sourceId, destinationId, eventTypes, priority, state, origin } = plan;
  const columns = [name, sourceId, destinationId, eventTypes, priority, state, origin];
  const more = [deps.clock.now(), JSON.stringify(plan.policy)];
  expectOne(await tx.run(saveRoute, [id, tenant, ...columns, ...more]), "route");
  if (plan.policy.orderBy === null) return;
  await tx.run(ensureGate, [destinationId, deps.clock.now()]);
  await tx.run(markOrdered, [destinationId]);
}

// The plan was made under the lock, so a row that is not there any more is a bug and must not commit.
function expectOne(result: { readonly rowCount: number | null }, kind: string): void {
  if (result.rowCount !== 1) throw new Error(`the ${kind} that was planned was not written`);
}
