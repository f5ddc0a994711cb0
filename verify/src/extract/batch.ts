import type { Arrival } from "../arrival.ts";
import type { Chunk } from "../provider.ts";
import { path } from "./json-scan.ts";
import type { Path } from "./json-scan.ts";
import { itemsOf, joinTexts, select, selectTexts } from "./select.ts";
import type { Selected } from "./select.ts";

/** What a batch is known by: values of the envelope, and values of its items, each under a name of ours. */
export interface BatchRule {
  /** Where the list of items is; for a list inside the items of a list, the way down: `entry`, then `changes`. */
  readonly items: readonly string[];
  /** Of the envelope, by name. */
  readonly envelope: Readonly<Record<string, string>>;
  /** Of the only item; told of a batch of several as well where all of them agree. */
  readonly shared: Readonly<Record<string, string>>;
  /** Of the only item; a batch of several has none. */
  readonly single: Readonly<Record<string, string>>;
}

/**
 * The document of a batch for the identity rules: a flat object with the names of the rule. A batch of one item is known as that
 * item; a batch of several has no id of an item, and only those values on which all items agree.
 */
export function describeBatch(rule: BatchRule): (arrival: Arrival) => Uint8Array {
  const paths = rule.items.map((dotted) => path(dotted));
  return ({ request }) => {
    const items = findItems(request.body, paths);
    const members = [...readMembers(request.body, rule.envelope), ...readAgreed(items, rule.shared)];
    const [only] = items;
    if (items.length === 1 && only !== undefined) members.push(...readMembers(only, rule.single));
    return Buffer.from(`{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`, "utf8");
  };
}

/** The ids of a batch's items as the content that stays the same where the rest of the body does not; the body when one has none. */
export function itemIds(items: readonly string[], id: string): (arrival: Arrival) => readonly Chunk[] {
  const paths = items.map((dotted) => path(dotted));
  const idPath = [path(id)];
  return ({ request }) => {
    const ids = findItems(request.body, paths).map((item) => selectTexts(item, idPath)[0] ?? null);
    return ids.length === 0 || ids.includes(null) ? [request.body] : ["ids:", joinTexts(ids)];
  };
}

function findItems(body: Uint8Array, paths: readonly Path[]): readonly Uint8Array[] {
  let documents: readonly Uint8Array[] = [body];
  for (const one of paths) documents = documents.flatMap((document) => listAt(document, one));
  return documents;
}

function listAt(document: Uint8Array, at: Path): readonly Uint8Array[] {
  const [list] = select(document, [at]);
  return list === null || list === undefined ? [] : (itemsOf(Buffer.from(list.text, "utf8")) ?? []);
}

type Member = readonly [name: string, value: string];

function readMembers(document: Uint8Array, names: Readonly<Record<string, string>>): Member[] {
  const entries = Object.entries(names);
  const values = select(
    document,
    entries.map(([, dotted]) => path(dotted)),
  );
  return entries.flatMap(([name], index) => {
    const value = values[index];
    return value === null || value === undefined ? [] : [[name, write(value)] as const];
  });
}

function write({ kind, text }: Selected): string {
  return kind === "string" ? JSON.stringify(text) : text;
}

function readAgreed(items: readonly Uint8Array[], names: Readonly<Record<string, string>>): Member[] {
  const [first, ...others] = items.map((item) => readMembers(item, names));
  return (first ?? []).filter(([name, value]) =>
    others.every((members) => members.some((member) => member[0] === name && member[1] === value)),
  );
}
