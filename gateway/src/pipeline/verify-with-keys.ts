import type { KeyNeed, Receiver } from "@holdfast/verify";
import type { Clock } from "../platform/clock.ts";
import type { Arrival, ReadySource } from "./arrival.ts";
import type { ClientCredentials, FindKey, KeyAnswer } from "./fetched-keys.ts";
import type { Verification } from "./verify-arrival.ts";
import { refuse, verifyArrival } from "./verify-arrival.ts";

export interface KeyedDeps {
  readonly findKey: FindKey;
  readonly clock: Clock;
  readonly publicUrl: string | null;
}

/** A verification that has come to an end, or `unavailable`: nothing is known, and the sender shall come again. */
export type KeyedVerification = Exclude<Verification, { kind: "key_needed" }> | { readonly kind: "unavailable" };

/** What an arrival may wait for keys in all. Providers wait 5 s and more for their answer, and the commit is still to come. */
const BUDGET_MS = 2_000;
/** One request may bear several tokens, each by another key (Microsoft Graph). */
const ROUNDS_MAX = 3;

/**
 * Verifies an arrival whose key has to be fetched first: each key that the library names is found and the arrival verified
 * again. Refuses only what can be judged: where a key cannot be had in time the answer is `unavailable`, never a refusal.
 */
export async function verifyWithKeys(
  deps: KeyedDeps,
  ready: ReadySource,
  arrival: Arrival,
  first: KeyNeed,
): Promise<KeyedVerification> {
  const { clock, findKey, publicUrl } = deps;
  const deadlineMs = clock.monotonicMs() + BUDGET_MS;
  const asked = new Set<string>();
  let { receiver } = ready;
  let need = first;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const credentials = need.kind === "public_key" ? credentialsOf(receiver) : undefined;
    if (credentials === null && ready.source.receiverUnreadable.length > 0) return { kind: "unavailable" };
    if (credentials === null) return refuseKey(need, "is given to those with the provider's credentials only");
    asked.add(nameOf(need));
    const answer = await findKey(need, ready.source.id, deadlineMs - clock.monotonicMs(), credentials);
    if (answer.kind === "unavailable") return answer;
    if (answer.kind === "absent") return refuseKey(need, ABSENT[need.kind]);
    receiver = withKey(receiver, need.url, answer);
    const verification = verifyArrival({ ...ready, receiver }, arrival, publicUrl);
    if (verification.kind !== "key_needed") return verification;
    ({ need } = verification);
    if (asked.has(nameOf(need))) return refuseKey(need, "was fetched and is of no use for this signature");
  }
  return refuseKey(need, `would be one more than the ${ROUNDS_MAX} that one request may need`);
}

const ABSENT = {
  jwks: "is not in the set that the provider publishes",
  certificate: "is not published there",
  public_key: "is none that the provider knows",
} as const;

/** Null where the source has none, and its keys are configured by hand. */
function credentialsOf({ clientId, clientSecret }: Receiver): ClientCredentials | null {
  return clientId === undefined || clientSecret === undefined ? null : { clientId, clientSecret };
}

function nameOf({ url, kid }: KeyNeed): string {
  return `${kid ?? ""} ${url}`;
}

type Found = Exclude<KeyAnswer, { kind: "absent" | "unavailable" }>;

// The list itself is passed on where it can be: the library remembers by it the keys that it has parsed.
function withKey(receiver: Receiver, url: string, found: Found): Receiver {
  if (found.kind === "certificate")
    return { ...receiver, certificates: { ...receiver.certificates, [url]: found.pem } };
  const held = receiver.publicKeys ?? [];
  return { ...receiver, publicKeys: held.length === 0 ? found.publicKeys : [...found.publicKeys, ...held] };
}

function refuseKey({ kind, url, kid }: KeyNeed, why: string): KeyedVerification {
  const remedy =
    kind === "public_key" && why !== ABSENT.public_key
      ? "give the source its clientId and clientSecret, or fetch it and add it to the source's publicKeys as a jwk with this kid"
      : "a request of the provider itself names a key that it has published, so this one is most likely forged, or of another environment";
  const name = kid === null ? "The key" : `The key ${kid.slice(0, 64)}`;
  const evidence = { url: url.slice(0, 256), ...(kid === null ? {} : { kid: kid.slice(0, 64) }) };
  return refuse("key_needed", `${name} at ${url.slice(0, 256)} ${why}: ${remedy}.`, evidence);
}
