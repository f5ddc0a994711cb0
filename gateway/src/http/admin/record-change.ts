import type { AuditEntry } from "../../domain/audit-entry.ts";
import { toPublicId } from "../../domain/id.ts";
import type { PlannedThing } from "../../pipeline/change-catalog.ts";
import { appendAudit } from "../../store/access/audit.ts";
import type { Queryable } from "../../store/statement.ts";
import type { AdminDeps } from "./admin-deps.ts";
import type { Principal } from "./api-keys.ts";

/** What is known of a request that may change something. */
export interface Change {
  readonly deps: AdminDeps;
  readonly principal: Principal;
  /** `PATCH /destinations/{id}`. */
  readonly action: string;
  /** What stands for `{id}` in the path; empty where the path has none. */
  readonly id: string;
  readonly body: unknown;
  readonly requestId: string;
  readonly remoteAddress: string | null;
}

/** Who did it. */
type Actor = Pick<Principal, "tenant" | "name" | "keyId" | "personId">;

/** Writes one entry of the audit for one request, whichever way the change is made. */
export interface ChangeRecorder {
  /** For what is changed in a transaction of the catalog, with all that is declared beside it: the entry commits with it. */
  inTransaction(tx: Queryable, changes: readonly PlannedThing[]): Promise<void>;
  /** For everything else, after it was done. */
  afterwards(value: unknown, by?: Actor): Promise<void>;
  /** For everything else, when its answer is a refusal: it was made and could not be read, or nobody knows whether it was. */
  inDoubt(isMade: boolean): Promise<void>;
}

const DEADLINE_MS = 5_000;
const CHANGES_SHOWN_MAX = 50;

export function recordChange(change: Change): ChangeRecorder {
  const { deps } = change;
  let isSettled = false;
  const append = async (by: Actor, value: unknown, more: object): Promise<void> => {
    if (isSettled || by.tenant === "") return;
    const entry = toEntry(change, by, targetOf(change.id, value), more);
    const written = await deps.db.transaction((tx) => appendAudit(tx, entry), DEADLINE_MS);
    const { requestId } = change;
    if (written.ok) deps.log.info({ audit: written.value, requestId }, "an audit entry was written");
    // What was done stays done; the log then holds what the chain could not take.
    else deps.log.error({ entry, requestId, cause: written.message }, "an audit entry could not be written");
  };
  return {
    inTransaction: async (tx, changes) => {
      // Nothing was changed, so there is nothing to tell; and should the transaction fail, its entry goes with it.
      isSettled = true;
      const [first] = changes;
      if (first === undefined) return;
      const shown = changes.slice(0, CHANGES_SHOWN_MAX).map(describeItem);
      const target = changes.length === 1 ? `${first.kind}/${first.name}` : `${changes.length} things`;
      const written = await appendAudit(tx, toEntry(change, change.principal, target, { changes: shown }));
      deps.log.info({ audit: written, requestId: change.requestId }, "an audit entry was written");
    },
    afterwards: (value, by = change.principal) => append(by, value, {}),
    inDoubt: (isMade) => append(change.principal, null, isMade ? {} : { outcome: "unknown" }),
  };
}

function toEntry(
  { deps, action, body, requestId, remoteAddress }: Change,
  by: Actor,
  target: string | null,
  more: object,
): AuditEntry {
  const detail = { requestId, from: remoteAddress, ...describeBody(body), ...more };
  return {
    tenant: by.tenant,
    at: deps.clock.now(),
    actor: by.name,
    actorId: actorOf(by),
    action,
    target,
    detail: JSON.stringify(detail),
  };
}

/** The public id of a person, or else of a key; null for a session of a link from before links had an owner. */
export function actorOf({ keyId, personId }: Pick<Principal, "keyId" | "personId">): string | null {
  if (personId !== null) return toPublicId("per", personId);
  return keyId === null ? null : toPublicId("key", keyId);
}

function describeItem({ kind, name, action, fields }: PlannedThing): object {
  return { thing: `${kind}/${name}`, action, ...(fields.length > 0 ? { fields } : {}) };
}

// What may be told of a request's body by its value: nothing that is, or could hold, a secret or a payload.
const TOLD = new Set([
  "action",
  "admitPercent",
  "class",
  "destination",
  "dryRun",
  "email",
  "expected",
  "expiresAt",
  "minutes",
  "name",
  "overlapMinutes",
  "priority",
  "provider",
  "reason",
  "role",
  "source",
  "state",
  "stateReason",
  "version",
]);

/** The values of fields that hold no secret, and the names of all others. */
function describeBody(body: unknown): object {
  if (typeof body !== "object" || body === null) return {};
  const given = Object.entries(body).slice(0, 50);
  const told = given.filter(isTold);
  const untold = given.filter((entry) => !isTold(entry)).map(([name]) => name.slice(0, 100));
  return {
    ...(told.length > 0 ? { given: Object.fromEntries(told) } : {}),
    ...(untold.length > 0 ? { alsoGiven: untold } : {}),
  };
}

const isTold = ([name, value]: [string, unknown]): boolean => TOLD.has(name) && isShort(value);

function isShort(value: unknown): boolean {
  if (typeof value === "string") return value.length <= 300;
  return value === null || typeof value === "boolean" || typeof value === "number";
}

/** What an operation was done to, by the path or else by what it made. */
function targetOf(id: string, value: unknown): string | null {
  if (id !== "") return id.slice(0, 300);
  if (typeof value !== "object" || value === null) return null;
  const made = value as { readonly id?: unknown; readonly name?: unknown };
  if (typeof made.id === "string") return made.id;
  return typeof made.name === "string" ? made.name : null;
}
