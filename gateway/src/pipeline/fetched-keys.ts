import type { KeyNeed, PublicKey } from "@holdfast/verify";

/** What one URL of a provider gave: a set of keys by their ids, or certificates as PEM. */
export type FetchedKeys =
  | { readonly kind: "jwks"; readonly keys: ReadonlyMap<string, readonly PublicKey[]> }
  | { readonly kind: "certificate"; readonly pem: string };

/**
 * What is known of a key that was asked for. `absent`: the set was fetched less than a minute ago and has no key of that id.
 * `unavailable`: it cannot be known in time, so that the arrival can neither be accepted nor refused.
 */
export type KeyAnswer =
  | { readonly kind: "keys"; readonly publicKeys: readonly PublicKey[] }
  | { readonly kind: "certificate"; readonly pem: string }
  | { readonly kind: "absent" }
  | { readonly kind: "unavailable" };

/** Who we are at a provider that gives its keys to its clients only. */
export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * Finds a key where the library says that it is published.
 *
 * @param sourceId whose arrival asks; each source may have only so many new URLs fetched
 * @param withinMs how long the arrival can wait
 * @param credentials for a `public_key`, which is asked for by its id; without them it is `unavailable`
 */
export type FindKey = (
  need: KeyNeed,
  sourceId: string,
  withinMs: number,
  credentials?: ClientCredentials,
) => KeyAnswer | Promise<KeyAnswer>;

/** Of one set; the largest that providers publish have about twenty. */
const KEYS_MAX = 200;
/** Keys of one id, at most: the library tries ten in all. */
const NAMESAKES_MAX = 3;
/** What the library reads of one key and of one bundle of certificates. */
const KEY_CHARS_MAX = 8_192;
const BUNDLE_CHARS_MAX = 64 * 1024;

const PUBLIC_MEMBERS = ["kty", "crv", "x", "y", "n", "e"] as const;

/** Reads what was fetched: a JWK Set (RFC 7517, 5) or certificates as PEM. Text: what is wrong with it. */
export function readFetched(kind: FetchedKeys["kind"], body: Uint8Array): FetchedKeys | string {
  const text = new TextDecoder().decode(body);
  if (kind === "jwks") return readKeySet(text);
  if (text.length > BUNDLE_CHARS_MAX) return `it is longer than ${BUNDLE_CHARS_MAX} characters`;
  return text.includes("-----BEGIN CERTIFICATE-----") ? { kind, pem: text } : "it holds no certificate as PEM";
}

/** The answer that what was fetched gives to a need; null when a set has no key of that id. */
export function pickKeys(fetched: FetchedKeys, kid: string | null): KeyAnswer | null {
  if (fetched.kind === "certificate") return fetched;
  const publicKeys = kid === null ? undefined : fetched.keys.get(kid);
  return publicKeys === undefined ? null : { kind: "keys", publicKeys };
}

/** Reads the one key that a provider gave for an id, with the moment at which it was rotated out. Text: what is wrong with it. */
export function readClientKey(kid: string, body: Uint8Array): FetchedKeys | string {
  const item = memberOf(new TextDecoder().decode(body), "key");
  const key = readJwk(item);
  if (key === null) return "it holds no public key with an id";
  if (key.kid !== kid) return "it holds a key of another id";
  const { expired_at: end }: Readonly<Record<string, unknown>> = { ...(item as object) };
  if (end !== undefined && end !== null && typeof end !== "number") return "its key's expired_at is no number";
  const value = typeof end === "number" ? withMember(key.value, "expired_at", end) : key.value;
  return { kind: "jwks", keys: new Map([[kid, [{ ...key, value }]]]) };
}

function withMember(jwk: string, name: string, value: number): string {
  return JSON.stringify({ ...(JSON.parse(jwk) as object), [name]: value });
}

function readKeySet(text: string): FetchedKeys | string {
  const list = listOf(text);
  if (list === null) return "it is no JWK Set";
  const keys = new Map<string, PublicKey[]>();
  for (const item of list.slice(0, KEYS_MAX)) {
    const key = readJwk(item);
    if (key === null) continue;
    const namesakes = keys.get(key.kid);
    if (namesakes === undefined) keys.set(key.kid, [key]);
    else if (namesakes.length < NAMESAKES_MAX) namesakes.push(key);
  }
  return keys.size === 0 ? "it holds no public key with an id" : { kind: "jwks", keys };
}

function listOf(text: string): readonly unknown[] | null {
  const keys = memberOf(text, "keys");
  return Array.isArray(keys) ? keys : null;
}

// Of null nothing can be read, which throws as what is no JSON does.
function memberOf(text: string, name: string): unknown {
  try {
    return (JSON.parse(text) as Readonly<Record<string, unknown>>)[name];
  } catch {
    return null;
  }
}

// Keys for encryption are left out (RFC 7517, 4.2), and of the others all but the public members: x5c alone is 2 KiB.
function readJwk(item: unknown): (PublicKey & { readonly kid: string }) | null {
  const given: Readonly<Record<string, unknown>> = { ...(item as object | null) };
  const { kid, use } = given;
  if (typeof kid !== "string" || (use !== undefined && use !== "sig")) return null;
  const members = PUBLIC_MEMBERS.filter((name) => typeof given[name] === "string");
  const value = JSON.stringify(Object.fromEntries(members.map((name) => [name, given[name]])));
  return value.length > KEY_CHARS_MAX ? null : { kid, format: "jwk", value };
}
