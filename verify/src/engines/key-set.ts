import type { KeyObject } from "node:crypto";
import { readPublicKeys } from "../key.ts";
import { readAnyKey } from "../public-key.ts";
import type { Receiver } from "../receiver.ts";

/** A public key that can be tried. `version` is what the verdict reports, `kid` what the receiver calls it, if anything. */
export interface NamedKey {
  readonly version: string;
  readonly kid: string | null;
  readonly key: KeyObject;
  /** The receiver's text of it, for members that are no part of the key (such as an end). */
  readonly text: string;
}

/** Keys that were read, by the receiver's own list: parsing a key costs more than using it. Weak: they go with the list. */
const known = new WeakMap<object, { readonly texts: string; readonly keys: readonly NamedKey[] }>();

/** The receiver's usable public keys. */
export function usableKeys(receiver: Receiver): readonly NamedKey[] {
  const list = receiver.publicKeys;
  if (!Array.isArray(list)) return [];
  const texts = JSON.stringify(list.slice(0, 10));
  const found = known.get(list);
  if (found !== undefined && found.texts === texts) return found.keys;
  const keys = readPublicKeys(receiver).flatMap(({ version, key }) => {
    const read = readAnyKey(key);
    return typeof read === "string" ? [] : [{ version, kid: key.kid ?? null, key: read, text: key.value }];
  });
  known.set(list, { texts, keys });
  return keys;
}

/** The keys that a token with this `kid` may be tried with: those of that name, and those without one. */
export function keysFor(keys: readonly NamedKey[], kid: string | null): readonly NamedKey[] {
  return keys.filter((key) => key.kid === null || kid === null || key.kid === kid);
}
