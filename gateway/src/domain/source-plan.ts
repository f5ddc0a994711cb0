import type { Origin, SecretVersion, Source } from "./catalog.ts";
import type { PlannedAction } from "./catalog-plan.ts";
import { compareFields } from "./catalog-plan.ts";
import type { SecretDefinition, SourceDefinition } from "./definition.ts";
import { LIVE_SECRETS_MAX } from "./secret-life.ts";
import type { SourcePolicy } from "./source-policy.ts";
import { splitSourcePolicy, toSourcePolicyDefinition } from "./source-policy.ts";

export const BODY_BYTES_DEFAULT = 1_048_576;

/** A source as it shall be, and what that changes. */
export interface SourcePlan {
  readonly kind: "source";
  readonly action: PlannedAction;
  readonly fields: readonly string[];
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly key: string;
  readonly provider: string;
  readonly receiver: Readonly<Record<string, unknown>>;
  readonly bodyBytesMax: number;
  readonly policy: SourcePolicy;
  readonly state: Source["state"];
  readonly origin: Origin;
  /** Sealed fields of the receiver that stay as they are stored. */
  readonly keepSealed: readonly string[];
  /** Every version that shall honour or has honoured a secret; the retired ones keep their sealed value. */
  readonly secrets: readonly SecretPlan[];
}

export interface SecretPlan {
  readonly version: string;
  /** Null: as it is stored; only a version that is retired, or stays unchanged, may have one that cannot be read. */
  readonly value: string | null;
  readonly state: SecretVersion["state"];
  readonly notAfter: Date | null;
  readonly position: number;
  readonly changed: boolean;
}

/** Who asks for a change, and what is made for a thing that does not exist yet. */
export interface Declared {
  readonly tenant: string;
  readonly name: string;
  readonly origin: Origin;
  /** The id of a new thing. */
  readonly newId: string;
}

/**
 * Plans a source: everything as declared, the key kept once it was made. What a file declares is not written over sealed fields
 * of an active source that this process cannot read: others may be verifying with them.
 *
 * @param newKey the key of a new source that declares none
 */
export function planSource(
  present: Source | null,
  definition: SourceDefinition,
  declared: Declared & { readonly newKey: string; readonly state: Source["state"] },
): SourcePlan {
  const { policy, rest } = splitSourcePolicy(definition);
  const { provider, key, secrets, bodyBytesMax, ...declaredReceiver } = rest;
  const isKept = present?.state === "active" && declared.origin !== "api";
  const keepSealed = isKept ? present.receiverUnreadable.filter((field) => field in declaredReceiver) : [];
  const receiver = Object.fromEntries(Object.entries(declaredReceiver).filter(([name]) => !keepSealed.includes(name)));
  const wanted = {
    key: key ?? present?.key ?? declared.newKey,
    provider,
    receiver,
    bodyBytesMax: bodyBytesMax ?? BODY_BYTES_DEFAULT,
    policy,
    state: declared.state,
    origin: declared.origin,
  };
  const planned = planSecrets(present?.secrets ?? [], secrets ?? [], declared.origin === "api");
  const compared = compareFields(present, wanted);
  const secretsChanged = present !== null && planned.some((secret) => secret.changed);
  return {
    kind: "source",
    id: present?.id ?? declared.newId,
    tenant: declared.tenant,
    name: declared.name,
    ...wanted,
    keepSealed,
    secrets: planned,
    action: secretsChanged ? "updated" : compared.action,
    fields: secretsChanged ? [...compared.fields, "secrets"] : compared.fields,
  };
}

/** Plans that a source is put into or out of use, as it is otherwise; its secrets need not be readable for that. */
export function planSourceState(present: Source, state: Source["state"]): SourcePlan {
  const { id, tenant, name, key, provider, receiver, bodyBytesMax, policy, origin } = present;
  const wanted = { key, provider, receiver, bodyBytesMax, policy, state, origin };
  const keepSealed = present.receiverUnreadable;
  return { kind: "source", id, tenant, name, ...wanted, keepSealed, secrets: [], ...compareFields(present, wanted) };
}

/**
 * The declaration that a source came from, for a change that gives only some of its fields. Retired secrets are left out;
 * a short one was accepted once and stays so.
 */
export function toSourceDefinition(source: Source): SourceDefinition {
  const secrets = source.secrets
    .filter(({ state }) => state !== "retired")
    .map(({ version, value, notAfter }) => ({
      version,
      value: value ?? "",
      allowShort: true,
      ...(notAfter === null ? {} : { notAfter }),
    }));
  const { provider, key, bodyBytesMax, receiver } = source;
  const policy = toSourcePolicyDefinition(source.policy);
  return { ...receiver, provider, key, bodyBytesMax, ...policy, ...(secrets.length === 0 ? {} : { secrets }) };
}

/**
 * Plans the versions of a source's secrets. A secret without a version is found again by its value, so that its place in
 * the list may change; a new one gets the next free `v1`, `v2`, …, never a name that another secret had. A live version whose
 * key this process lacks stays as it is, in its place: another process verifies with it, and it may be what is listed.
 *
 * @param isByApi whether a pending version that is listed stays pending, and a listed one is replaced although it cannot be
 *   read; a configuration file knows no such state, and who starts with it need not know that a key is missing
 */
export function planSecrets(
  present: readonly SecretVersion[],
  listed: readonly (string | SecretDefinition)[],
  isByApi: boolean,
): SecretPlan[] {
  const all = listed.map((secret): SecretDefinition => (typeof secret === "string" ? { value: secret } : secret));
  const named = new Set(all.flatMap(({ version }) => (version === undefined ? [] : [version])));
  const live = present.filter(({ state }) => state !== "retired");
  const kept = planKept(live, isByApi ? named : new Set<string>());
  const keptVersions = new Set(kept.map(({ version }) => version));
  const places = new Set(kept.map(({ position }) => position));
  const used = new Set([...named, ...keptVersions]);
  const taken = new Set([...present.map(({ version }) => version), ...named]);
  const wanted = all.filter(({ version }) => version === undefined || !keptVersions.has(version));
  const planned = wanted.map((secret, i): SecretPlan => {
    const version = secret.version ?? findVersion(present, secret.value, used) ?? nextVersion(taken);
    used.add(version);
    taken.add(version);
    const position = findPlace(i, places);
    const notAfter = secret.notAfter === undefined ? null : new Date(secret.notAfter);
    const index = live.findIndex((known) => known.version === version);
    const known = live[index];
    const isPending = isByApi && known?.state === "pending" && known.value === secret.value;
    const endless = isPending ? "pending" : "active";
    const next = { value: secret.value, state: notAfter === null ? endless : "retiring", notAfter, position } as const;
    const same = known !== undefined && isSame(known, next) && Math.min(index, LAST_PLACE) === position;
    return { version, ...next, changed: !same };
  });
  const gone = present.filter(({ version }) => !used.has(version));
  return [
    ...planned,
    ...kept,
    ...gone.map(({ version, state, value, notAfter }, i): SecretPlan => ({
      version,
      value,
      state: "retired",
      notAfter,
      position: planned.length + kept.length + i,
      changed: state !== "retired",
    })),
  ];
}

/** The live versions whose key is missing here, each in its place, but for those that are replaced. */
function planKept(live: readonly SecretVersion[], replaced: ReadonlySet<string>): SecretPlan[] {
  return live.flatMap(({ version, state, notAfter, isKeyMissing }, position) =>
    isKeyMissing === true && !replaced.has(version)
      ? [{ version, value: null, state, notAfter, position, changed: false }]
      : [],
  );
}

/** No more versions than that are declared; beside ones that are kept unread, the last place may be shared. */
const LAST_PLACE = LIVE_SECRETS_MAX - 1;

/** The place that comes nth among those that are not taken. */
function findPlace(nth: number, taken: ReadonlySet<number>): number {
  let place = 0;
  for (let left = nth; taken.has(place) || left-- > 0;) place++;
  return Math.min(place, LAST_PLACE);
}

function isSame(known: SecretVersion, next: Pick<SecretPlan, "value" | "state" | "notAfter">): boolean {
  return (
    known.value === next.value && known.state === next.state && known.notAfter?.getTime() === next.notAfter?.getTime()
  );
}

function findVersion(present: readonly SecretVersion[], value: string, used: ReadonlySet<string>): string | null {
  return present.find((known) => known.value === value && !used.has(known.version))?.version ?? null;
}

/** The next free name of a secret version: `v1`, `v2`, … */
export function nextVersion(taken: ReadonlySet<string>): string {
  let number = 1;
  while (taken.has(`v${number}`)) number++;
  return `v${number}`;
}
