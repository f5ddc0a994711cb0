import {
  SECRET_RECEIVER_FIELDS,
  bindAlertChannel,
  bindDestinationHeaders,
  bindReceiverField,
  bindReconciliationSecret,
  bindSigningSecret,
  bindSourceSecret,
} from "../domain/secret-binding.ts";
import type { Clock } from "../platform/clock.ts";
import type { SecretsBox } from "../platform/secrets-box.ts";
import { bumpCatalogVersion } from "../store/catalog/catalog-version.ts";
import {
  listHeaders,
  listSealedReceivers,
  listSealedSecrets,
  listSigningSecrets,
  resealHeaders,
  resealReceiver,
  resealSecret,
  resealSigningSecret,
} from "../store/catalog/reseal.ts";
import { listSealedChannels, resealChannel } from "../store/alerts/channels.ts";
import { listSealedSetups, resealSetup } from "../store/reconciliations/setups.ts";
import type { Queryable } from "../store/statement.ts";

/** A sealed value that no loaded key opens, or that was changed or moved: left as it is. */
export interface Unreadable {
  readonly tenant: string;
  readonly kind: "source" | "destination" | "reconciliation" | "alert_channel";
  readonly id: string;
  /** The version of a source's secret, or the name of a receiver field, or `headers`; null for a signing secret and for that of a provider's API. */
  readonly part: string | null;
}

export interface Resealed {
  /** Values that are sealed with the first key now and were not before. */
  readonly resealed: number;
  /** Values that were already. */
  readonly current: number;
  readonly unreadable: readonly Unreadable[];
  /** False when the time was up before everything was looked at: ask again, it goes on where it is needed. */
  readonly complete: boolean;
}

interface ResealDeps {
  readonly db: Queryable;
  readonly box: SecretsBox;
  readonly clock: Clock;
}

const PAGE = 200;
const FIRST_ID = "00000000-0000-0000-0000-000000000000";

/**
 * Seals everything anew that is not sealed with the first key. Row by row, each in one statement that changes only what was
 * read: killed at any point, every value is sealed with one key or the other, and the next run does the rest. A value that
 * cannot be opened is left alone. Needs no lock, and nothing stops verifying meanwhile.
 *
 * @param limitMs when to leave the rest to the next run
 */
export async function resealAll(deps: ResealDeps, limitMs: number): Promise<Resealed> {
  const endMs = deps.clock.monotonicMs() + limitMs;
  const tally: Tally = { resealed: 0, current: 0, unreadable: [] };
  const isOver = (): boolean => deps.clock.monotonicMs() >= endMs;
  let complete = true;
  for (const pass of [
    resealSecrets,
    resealSigningSecrets,
    resealAllHeaders,
    resealReceivers,
    resealSetups,
    resealChannels,
  ]) {
    complete = complete && (await pass(deps, tally, isOver));
  }
  // Also processes that could not read a value before can now.
  if (tally.resealed > 0) await deps.db.run(bumpCatalogVersion, []);
  return { ...tally, complete };
}

interface Tally {
  resealed: number;
  current: number;
  readonly unreadable: Unreadable[];
}

type Pass = (deps: ResealDeps, tally: Tally, isOver: () => boolean) => Promise<boolean>;

const resealSecrets: Pass = async (deps, tally, isOver) => {
  let after: readonly [string, string] = [FIRST_ID, ""];
  for (;;) {
    const { rows } = await deps.db.run(listSealedSecrets, [...after, PAGE]);
    for (const { source_id: id, version, tenant, sealed } of rows) {
      if (isOver()) return false;
      const next = sealAnew(deps.box, sealed, bindSourceSecret(tenant, id, version));
      if (next.kind === "sealed") add(tally, await deps.db.run(resealSecret, [id, version, sealed, next.bytes]));
      else if (next.kind === "current") tally.current++;
      else tally.unreadable.push({ tenant, kind: "source", id, part: version });
      after = [id, version];
    }
    if (rows.length < PAGE) return true;
  }
};

const resealSigningSecrets: Pass = async (deps, tally, isOver) => {
  let after = FIRST_ID;
  for (;;) {
    const { rows } = await deps.db.run(listSigningSecrets, [after, PAGE]);
    for (const { id, tenant, signing_secret: sealed } of rows) {
      if (isOver()) return false;
      const next = sealAnew(deps.box, sealed, bindSigningSecret(tenant, id));
      if (next.kind === "sealed") add(tally, await deps.db.run(resealSigningSecret, [id, sealed, next.bytes]));
      else if (next.kind === "current") tally.current++;
      else tally.unreadable.push({ tenant, kind: "destination", id, part: null });
      after = id;
    }
    if (rows.length < PAGE) return true;
  }
};

const resealSetups: Pass = async (deps, tally, isOver) => {
  let after = FIRST_ID;
  for (;;) {
    const { rows } = await deps.db.run(listSealedSetups, [after, PAGE]);
    for (const { id, tenant, sealed_secret: sealed } of rows) {
      if (isOver()) return false;
      const next = sealAnew(deps.box, sealed, bindReconciliationSecret(tenant, id));
      if (next.kind === "sealed") add(tally, await deps.db.run(resealSetup, [id, sealed, next.bytes]));
      else if (next.kind === "current") tally.current++;
      else tally.unreadable.push({ tenant, kind: "reconciliation", id, part: null });
      after = id;
    }
    if (rows.length < PAGE) return true;
  }
};

const resealChannels: Pass = async (deps, tally, isOver) => {
  let after = FIRST_ID;
  for (;;) {
    const { rows } = await deps.db.run(listSealedChannels, [after, PAGE]);
    for (const { id, tenant, sealed_secret: sealed } of rows) {
      if (isOver()) return false;
      const next = sealAnew(deps.box, sealed, bindAlertChannel(tenant, id));
      if (next.kind === "sealed") add(tally, await deps.db.run(resealChannel, [id, sealed, next.bytes]));
      else if (next.kind === "current") tally.current++;
      else tally.unreadable.push({ tenant, kind: "alert_channel", id, part: null });
      after = id;
    }
    if (rows.length < PAGE) return true;
  }
};

// Values that stand open are from before they were sealed at all.
const resealAllHeaders: Pass = async (deps, tally, isOver) => {
  let after = FIRST_ID;
  for (;;) {
    const { rows } = await deps.db.run(listHeaders, [after, PAGE]);
    for (const { id, tenant, headers, sealed_headers: sealed } of rows) {
      if (isOver()) return false;
      after = id;
      const binding = bindDestinationHeaders(tenant, id);
      const open = (): Next => ({
        kind: "sealed",
        bytes: deps.box.seal(Buffer.from(JSON.stringify(headers)), binding),
      });
      const next = sealed === null ? open() : sealAnew(deps.box, sealed, binding);
      if (next.kind === "current") tally.current++;
      if (next.kind === "unreadable") tally.unreadable.push({ tenant, kind: "destination", id, part: "headers" });
      if (next.kind !== "sealed") continue;
      const names = JSON.stringify(headers.map(([name]) => [name, ""]));
      add(tally, await deps.db.run(resealHeaders, [id, JSON.stringify(headers), sealed, names, next.bytes]));
    }
    if (rows.length < PAGE) return true;
  }
};

const resealReceivers: Pass = async (deps, tally, isOver) => {
  let after = FIRST_ID;
  for (;;) {
    const { rows } = await deps.db.run(listSealedReceivers, [after, SECRET_RECEIVER_FIELDS, PAGE]);
    for (const { id, tenant, receiver, sealed_receiver: sealed } of rows) {
      if (isOver()) return false;
      const next = sealFields(deps.box, { id, tenant, receiver, sealed }, tally);
      const values = [id, receiver, sealed, next.receiver, next.sealed].map((value) =>
        typeof value === "string" ? value : JSON.stringify(value),
      );
      if (next.changed > 0) add(tally, await deps.db.run(resealReceiver, values), next.changed);
      after = id;
    }
    if (rows.length < PAGE) return true;
  }
};

interface ReceiverRow {
  readonly id: string;
  readonly tenant: string;
  readonly receiver: Readonly<Record<string, unknown>>;
  readonly sealed: Readonly<Record<string, string>>;
}

// Fields that stand open are from before they were sealed at all.
function sealFields(box: SecretsBox, { id, tenant, ...row }: ReceiverRow, tally: Tally) {
  const receiver = { ...row.receiver };
  const sealed = { ...row.sealed };
  let changed = 0;
  for (const [field, text] of Object.entries(row.sealed)) {
    const next = sealAnew(box, Buffer.from(text, "base64"), bindReceiverField(tenant, id, field));
    if (next.kind === "current") tally.current++;
    if (next.kind === "unreadable") tally.unreadable.push({ tenant, kind: "source", id, part: field });
    if (next.kind !== "sealed") continue;
    sealed[field] = Buffer.from(next.bytes).toString("base64");
    changed++;
  }
  for (const field of SECRET_RECEIVER_FIELDS) {
    const value = receiver[field];
    delete receiver[field];
    if (typeof value !== "string") continue;
    sealed[field] = Buffer.from(box.seal(Buffer.from(value), bindReceiverField(tenant, id, field))).toString("base64");
    changed++;
  }
  return { receiver, sealed, changed };
}

type Next = { readonly kind: "current" | "unreadable" } | { readonly kind: "sealed"; readonly bytes: Uint8Array };

function sealAnew(box: SecretsBox, sealed: Uint8Array, binding: string): Next {
  const opened = box.open(sealed, binding);
  if (!opened.ok) return { kind: "unreadable" };
  return box.isCurrent(sealed) ? { kind: "current" } : { kind: "sealed", bytes: box.seal(opened.plain, binding) };
}

function add(tally: Tally, result: { readonly rowCount: number | null }, values = 1): void {
  // Changed by somebody else meanwhile, who has sealed it with the first key of that process.
  if (result.rowCount === 1) tally.resealed += values;
}
