import { createHash } from "node:crypto";
import type { PublicKey, Receiver, Secret } from "./receiver.ts";
import { decodeBase64Secret } from "./encoding.ts";
import type { Pads } from "./engines/hmac-pads.ts";
import type { SecretRule } from "./scheme.ts";

/** Secrets or public keys of one receiver, at most: each costs a try on every request. */
export const keysMax = 10;
/** Characters of one secret, at most. */
export const secretCharsMax = 1024;

/** What a secret's text comes to under a rule. Worked out once for a receiver, and again when the text is another. */
interface Material {
  readonly text: string;
  readonly bytes: string | Buffer | null;
}

/** The material of a key that can be tried, with the blocks of its HMAC once they are made. */
interface UsableMaterial extends Material {
  readonly bytes: string | Buffer;
  pads: Pads | null;
}

/** One secret, ready to be tried. */
export interface Key {
  readonly version: string;
  readonly bytes: string | Buffer;
  /** The secret as it was given, for the trials of a diagnosis. Never leaves the library. */
  readonly text: string;
  readonly material: UsableMaterial;
}

/** The secrets of a receiver, by whether they are honoured now. */
export interface KeyRing {
  readonly live: readonly Key[];
  readonly expired: readonly Key[];
  /** How many secrets are there that cannot be used at all (empty, blank, nothing behind the prefix). */
  readonly unusable: number;
}

/** The secrets that can be tried, each under its version. A blank one is never tried: an empty key is everybody's key. */
export function readKeys(receiver: Receiver, rule: SecretRule, now: Date): KeyRing {
  const live: Key[] = [];
  const expired: Key[] = [];
  const secrets: readonly unknown[] = Array.isArray(receiver.secrets) ? receiver.secrets : [];
  const count = Math.min(secrets.length, keysMax);
  const known = knownMaterials(receiver, rule);
  for (let index = 0; index < count; index += 1) {
    const given = secrets[index];
    const secret = asSecret(given);
    if (secret === null) continue;
    const material = materialAt(known, index, secret.value, rule);
    if (!isUsable(material)) continue;
    const { bytes, text } = material;
    const key: Key = { version: versionName(secret.version, index), bytes, text, material };
    if (isExpired(secret, now)) expired.push(key);
    else live.push(key);
  }
  return { live, expired, unusable: count - live.length - expired.length };
}

/** What was worked out for a receiver. Weak: it goes with the receiver. */
const materialsOf = new WeakMap<Receiver, { readonly rule: SecretRule; readonly materials: Material[] }>();

function knownMaterials(receiver: Receiver, rule: SecretRule): Material[] {
  const known = materialsOf.get(receiver);
  if (known !== undefined && known.rule === rule) return known.materials;
  const materials: Material[] = [];
  materialsOf.set(receiver, { rule, materials });
  return materials;
}

/** The text decides, not the place: a receiver whose secrets were changed in place is read anew. */
function materialAt(known: Material[], index: number, text: string, rule: SecretRule): Material {
  const found = known[index];
  if (found !== undefined && found.text === text) return found;
  const material = { text, bytes: keyBytes(text, rule), pads: null };
  known[index] = material;
  return material;
}

function isUsable(material: Material): material is UsableMaterial {
  return material.bytes !== null;
}

/** A secret in its long form, or null when it is neither text nor an object with a text value. */
export function asSecret(given: unknown): Secret | null {
  if (typeof given === "string") return { value: given };
  if (typeof given !== "object" || given === null || !("value" in given)) return null;
  return isSecret(given) ? given : null;
}

function isSecret(given: object & { value: unknown }): given is Secret {
  return typeof given.value === "string";
}

/** The key bytes behind a secret's text, or null when there are none: empty, blank, a bare prefix, no base64. */
export function keyBytes(text: string, rule: SecretRule): string | Buffer | null {
  if (text.length > secretCharsMax) return null;
  const bare = withoutPrefix(text, rule);
  if (bare.trim() === "") return null;
  if (rule.encoding === "utf8") return text;
  if (rule.encoding === "nfkd") return text.normalize("NFKD");
  if (rule.encoding === "base64-behind-prefix" && bare === text) return text;
  if (rule.encoding === "sha1") return createHash("sha1").update(text).digest();
  if (rule.encoding === "hex") return /^(?:[0-9a-fA-F]{2})+$/.test(bare) ? Buffer.from(bare, "hex") : null;
  const bytes = decodeBase64Secret(bare);
  return bytes === null || bytes.length === 0 ? null : bytes;
}

function withoutPrefix(text: string, { prefix, prefixEnd }: SecretRule): string {
  if (prefixEnd !== undefined) return text.slice(text.lastIndexOf(prefixEnd) + 1);
  return prefix !== "" && text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

/** The name of a key in a verdict: its own, or its place. */
export function versionName(given: unknown, index: number): string {
  return typeof given === "string" && given !== "" ? given : `v${index + 1}`;
}

function isExpired(secret: Secret, now: Date): boolean {
  if (secret.notAfter === undefined || secret.notAfter === null) return false;
  const endMs = momentMs(secret.notAfter);
  return endMs === null || now.getTime() > endMs;
}

const momentText = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * Milliseconds since 1970, or null when it is no moment. A moment that cannot be read has passed: fail closed. Text without a zone is
 * UTC: JavaScript takes it for the zone of the process, and two of them would not agree on the end of a secret.
 */
export function momentMs(moment: unknown): number | null {
  if (moment instanceof Date) return Number.isNaN(moment.getTime()) ? null : moment.getTime();
  if (typeof moment === "number") return Number.isFinite(moment) ? moment : null;
  if (typeof moment !== "string") return null;
  const [, day, time = "00:00", zone = "Z"] = momentText.exec(moment) ?? [];
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(ms) ? null : ms;
}

/** The public keys of a receiver with their names, at most ten. */
export function readPublicKeys(receiver: Receiver): { version: string; key: PublicKey }[] {
  const keys = Array.isArray(receiver.publicKeys) ? receiver.publicKeys.slice(0, keysMax) : [];
  return keys.map((key: PublicKey, index) => ({ version: versionName(key?.kid, index), key: asPublicKey(key) }));
}

/** A public key whose JSON Web Key may be the object instead of its text: key sets are written so. */
export function asPublicKey(given: PublicKey): PublicKey {
  const value: unknown = given?.value;
  return typeof value === "object" && value !== null ? { ...given, value: JSON.stringify(value) } : given;
}
