import type { HeaderRole, HeaderSet } from "./arrival.ts";
import { isPairs } from "./request.ts";
import type { HeaderList } from "./request.ts";

/** The names that a provider's rules read, by their length: most headers of a request are told apart by that alone. */
export interface HeaderIndex {
  readonly count: number;
  readonly byLength: readonly (readonly { readonly name: string; readonly index: number }[] | undefined)[];
}

/** A set of header names with the place of each in the index. */
export interface IndexedSet {
  readonly names: HeaderSet;
  readonly signature: number;
  readonly more: readonly { readonly role: HeaderRole; readonly index: number }[];
  readonly others: readonly number[];
}

/** The roles that a set of names may leave out. */
export const optionalRoles = ["timestamp", "id", "scope", "type", "time", "version"] as const;

/** An index of these lower-case names, each once. */
export function indexHeaders(names: readonly string[]): HeaderIndex {
  const byLength: { name: string; index: number }[][] = [];
  for (const [index, name] of names.entries()) (byLength[name.length] ??= []).push({ name, index });
  return { count: names.length, byLength: Array.from(byLength) };
}

/** A set of names by their places among these. */
export function indexSet(set: HeaderSet, names: readonly string[]): IndexedSet {
  const find = (name: string) => names.indexOf(name.toLowerCase());
  return {
    names: set,
    signature: find(set.signature),
    more: optionalRoles.flatMap((role) => {
      const name = set[role];
      return name === undefined ? [] : [{ role, index: find(name) }];
    }),
    others: (set.others ?? []).map(find),
  };
}

/** The values of the indexed headers in one pass, or the place of the first name in the index that came more than once. */
export function collectHeaders(index: HeaderIndex, headers: HeaderList): (string | undefined)[] | number {
  const found: (string | undefined)[] = [];
  for (let at = 0; at < index.count; at += 1) found.push(undefined);
  let repeated = index.count;
  const meet = (name: unknown, value: unknown) => {
    const place = typeof name === "string" ? placeOf(index, name) : -1;
    if (place < 0 || typeof value !== "string") return;
    if (found[place] !== undefined && place < repeated) repeated = place;
    found[place] ??= value;
  };
  if (isPairs(headers)) for (const pair of headers) if (Array.isArray(pair)) meet(pair[0], pair[1]);
  if (!isPairs(headers)) {
    for (const name of Object.keys(headers)) {
      const value: unknown = headers[name];
      if (Array.isArray(value)) for (const one of value) meet(name, one);
      else meet(name, value);
    }
  }
  return repeated < index.count ? repeated : found;
}

function placeOf({ byLength }: HeaderIndex, name: string): number {
  const candidates = byLength[name.length];
  if (candidates === undefined) return -1;
  const lower = name.toLowerCase();
  for (const candidate of candidates) if (candidate.name === lower) return candidate.index;
  return -1;
}
