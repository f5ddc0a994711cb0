import type { SecretVersion } from "../domain/catalog.ts";
import { REDACTED } from "../domain/passed-headers.ts";
import type { VerifiedBy } from "../domain/replay-tally.ts";
import type { Arrival, ReadySource } from "../pipeline/arrival.ts";
import type { Verification } from "../pipeline/verify-arrival.ts";
import { verifyArrival } from "../pipeline/verify-arrival.ts";
import type { KeyedDeps } from "../pipeline/verify-with-keys.ts";
import { verifyWithKeys } from "../pipeline/verify-with-keys.ts";

/** An arrival as it is stored: an event's or a rejection's. */
export interface StoredArrival {
  readonly method: string;
  readonly url: string;
  readonly remoteAddress: string;
  readonly receivedAt: Date;
  /** JSON pairs; credentials in them were masked before they were stored. */
  readonly headers: Buffer;
  readonly body: Buffer;
}

/** What verifying a stored arrival came to. `verdict` is null where the recorded one was gone by. */
export type StoredVerification =
  | { readonly ok: true; readonly by: VerifiedBy; readonly verdict: Verified | null }
  | { readonly ok: false; readonly reason: string };

type Verified = Extract<Verification, { kind: "verified" }>["verdict"];

/** As many as the library tries in one call. */
const SECRETS_MAX = 10;

/**
 * Verifies a stored event as its receipt did: over the raw bytes and headers, at the time of receipt, with the secrets that
 * were in force then. Where the credential itself was the proof it is not stored; then the verdict of the receipt stands, and
 * the hash of the body, which the caller has checked, says that the bytes are those that were verified.
 *
 * @param recorded the verdict as it was recorded: how, with which secret version, and under which key, which stays the event's
 */
export async function verifyStoredEvent(
  deps: KeyedDeps,
  ready: ReadySource,
  stored: StoredArrival,
  recorded: { readonly verifiedBy: string; readonly secretVersion: string | null; readonly eventKey: Uint8Array },
): Promise<StoredVerification> {
  const trusted = { ok: true, by: "recorded_verdict", verdict: null } as const;
  if (recorded.verifiedBy !== "signature") return trusted;
  const arrival = toArrival(stored);
  if (arrival === null) return { ok: false, reason: "headers_unreadable" };
  if (isMasked(ready, arrival)) return trusted;
  const used = ready.source.secrets.find(({ version }) => version === recorded.secretVersion);
  if (recorded.secretVersion !== null && used !== undefined && used.value === null)
    return { ok: false, reason: "secret_unreadable" };
  const verified = await judge(deps, withSecretsOf(ready, stored.receivedAt, recorded.secretVersion), arrival);
  if (!verified.ok) return verified;
  if (!isSameEvent(arrival, recorded.eventKey, verified.verdict.eventKey))
    return { ok: false, reason: "event_key_differs" };
  const { eventKey } = recorded;
  return { ok: true, verdict: { ...verified.verdict, eventKey }, by: byOf(ready, verified.verdict) };
}

/**
 * Whether what verifies now may be what was recorded under this key. Rules for keys change between versions, and the recorded one
 * stays what the event is known by: an id must then still stand somewhere in the request, or it is another event's request. What
 * a key of hashed content says, the hash of the body says too.
 */
function isSameEvent({ headers, body }: Arrival, recordedKey: Uint8Array, foundKey: Uint8Array): boolean {
  const recorded = Buffer.from(recordedKey);
  if (recorded.equals(foundKey)) return true;
  const [kind, ...rest] = recorded.toString("utf8").split(":");
  if (kind === "sha256") return true;
  const id = rest.join(":");
  const asJson = JSON.stringify(id).slice(1, -1);
  const spellings = [id, asJson, asJson.replaceAll("/", "\\/")];
  return headers.some(([, value]) => value.trim() === id) || spellings.some((text) => Buffer.from(body).includes(text));
}

/** Verifies a rejected arrival with the secrets of today, at the time of its receipt: what was lacking may be there now. */
export async function verifyStoredRejection(
  deps: KeyedDeps,
  ready: ReadySource,
  stored: StoredArrival,
): Promise<
  | { readonly ok: true; readonly by: VerifiedBy; readonly verdict: Verified }
  | { readonly ok: false; readonly reason: string }
> {
  const arrival = toArrival(stored);
  if (arrival === null) return { ok: false, reason: "headers_unreadable" };
  if (isMasked(ready, arrival)) return { ok: false, reason: "credential_not_stored" };
  const verified = await judge(deps, withSecretsOf(ready, stored.receivedAt, null), arrival);
  return verified.ok ? { ...verified, by: byOf(ready, verified.verdict) } : verified;
}

/** The stored arrival as the pipeline takes it; null when its headers are not what we write. */
export function toArrival(stored: StoredArrival): Arrival | null {
  try {
    const headers: unknown = JSON.parse(stored.headers.toString("utf8"));
    if (!Array.isArray(headers) || !headers.every(isPair)) return null;
    const { method, url, remoteAddress, receivedAt, body } = stored;
    return { method, url, remoteAddress, receivedAt, body, headers };
  } catch {
    return null;
  }
}

function isPair(item: unknown): item is [string, string] {
  return Array.isArray(item) && item.length === 2 && item.every((part) => typeof part === "string");
}

function isMasked({ provider }: ReadySource, { headers, url }: Arrival): boolean {
  const carriers = provider?.secretHeaders ?? [];
  if ((provider?.secretQuery ?? []).length > 0 && url.includes(REDACTED)) return true;
  return headers.some(([name, value]) => value === REDACTED && carriers.includes(name.toLowerCase()));
}

/**
 * The source with the versions that were in force at a moment, the one that is known to have verified first. That one counts whatever
 * its end: a process that had not learnt of it yet, or whose clock was behind, took what came a moment after.
 */
function withSecretsOf(ready: ReadySource, at: Date, first: string | null): ReadySource {
  const wasLive = ({ state, retiredAt }: SecretVersion): boolean =>
    state !== "retired" || (retiredAt !== null && retiredAt.getTime() >= at.getTime());
  const secrets = ready.source.secrets
    .filter((secret) => secret.value !== null && (secret.version === first || wasLive(secret)))
    .toSorted((a, b) => Number(b.version === first) - Number(a.version === first))
    .slice(0, SECRETS_MAX)
    .map(({ value, version, notAfter, state }) => ({
      value: value!,
      version,
      // What was retired early has an end before its time; at the receipt it was in force.
      notAfter: state === "retired" || version === first ? undefined : (notAfter ?? undefined),
      allowShort: true,
    }));
  return { ...ready, receiver: { ...ready.receiver, secrets } as ReadySource["receiver"] };
}

async function judge(
  deps: KeyedDeps,
  ready: ReadySource,
  arrival: Arrival,
): Promise<{ readonly ok: true; readonly verdict: Verified } | { readonly ok: false; readonly reason: string }> {
  const first = verifyArrival(ready, arrival, deps.publicUrl);
  const found = first.kind === "key_needed" ? await verifyWithKeys(deps, ready, arrival, first.need) : first;
  switch (found.kind) {
    case "verified":
      return { ok: true, verdict: found.verdict };
    case "refused":
      return { ok: false, reason: found.reason };
    case "handshake":
      return { ok: false, reason: "handshake" };
    case "unavailable":
      return { ok: false, reason: "key_unavailable" };
  }
}

function byOf({ source }: ReadySource, { secretVersion }: Verified): VerifiedBy {
  const used = source.secrets.find(({ version }) => version === secretVersion);
  return used?.state === "retired" ? "retired_secret" : "signature";
}
