import type { Arrival } from "../arrival.ts";
import type { Chunk } from "../provider.ts";
import { decodeForm } from "./form.ts";
import type { IdentityRule } from "./identity-rule.ts";
import { path, scanJson } from "./json-scan.ts";
import type { Path } from "./json-scan.ts";
import { itemsOf, joinTexts, select, selectTexts } from "./select.ts";

/** How a provider's request falls into several events. */
export interface ItemRule {
  /** Where the items are, for the documentation: `events[]`. */
  readonly at: string;
  /** What an item is deduplicated by, for the documentation. */
  readonly by: string;
  /** The bytes of each item as they stand in the body; null when it is no list that can be read in one way only. */
  readonly items: (arrival: Arrival) => readonly Uint8Array[] | null;
  readonly identity: IdentityRule;
  /** The document that the identity rules read, where it is not the item. */
  readonly document?: (arrival: Arrival, item: Uint8Array) => Uint8Array;
  /**
   * What is the same on every attempt of an item that has no id. Where it is absent, or null, the key is made from the key of the
   * whole request and the item's place: two items of one request may stand in the same words and be two events.
   */
  readonly stable?: (item: Uint8Array) => readonly Chunk[] | null;
}

/** The items of the list at a dotted path of the body; with an empty path the body is the list. */
export function itemsAt(dotted: string): (arrival: Arrival) => readonly Uint8Array[] | null {
  const paths = dotted === "" ? [] : [path(dotted)];
  return ({ request }) => {
    const list = paths.length === 0 ? request.body : sliceAt(request.body, paths);
    return list === null ? null : itemsOf(list);
  };
}

/** The bytes of one value, untouched; null when it is absent or its key stands twice. */
function sliceAt(document: Uint8Array, paths: readonly Path[]): Uint8Array | null {
  const [found] = scanJson(document, paths) ?? [];
  if (found === undefined || found.value === null || found.ambiguous || found.value.kind !== "other") return null;
  return document.subarray(found.value.start, found.value.end);
}

/** The items of the JSON list in a field of a form. Their bytes are those of the decoded field. */
export function itemsInForm(name: string): (arrival: Arrival) => readonly Uint8Array[] | null {
  return ({ request }) => {
    const fields = decodeForm(request.body)?.filter((field) => field.name === name) ?? [];
    const [only] = fields;
    return fields.length === 1 && only !== undefined ? itemsOf(Buffer.from(only.value, "utf8")) : null;
  };
}

/** A list of JSON, or one JSON object a line. */
export function itemsOrLines({ request }: Arrival): readonly Uint8Array[] | null {
  const list = itemsOf(request.body);
  if (list !== null) return list;
  const lines: Uint8Array[] = [];
  for (let at = 0; at < request.body.length;) {
    const found = request.body.indexOf(0x0a, at);
    const end = found < 0 ? request.body.length : found;
    const line = trim(request.body.subarray(at, end));
    if (line.length > 0) lines.push(line);
    if (lines.length > linesMax) return null;
    at = end + 1;
  }
  return lines.every((line) => scanJson(line, []) !== null) ? lines : null;
}

/** More than any batch may hold. */
const linesMax = 2000;

function trim(line: Uint8Array): Uint8Array {
  let [start, end] = [0, line.length];
  while (start < end && (line[start] ?? 0) <= 0x20) start += 1;
  while (end > start && (line[end - 1] ?? 0) <= 0x20) end -= 1;
  return line.subarray(start, end);
}

/** The values at these paths as what an item is known by; null when the first one is no text or number. */
export function stableFields(dotted: readonly string[]): (item: Uint8Array) => readonly Chunk[] | null {
  const paths = dotted.map(path);
  return (item) => {
    const texts = select(item, paths).map((value) => value?.text ?? null);
    // A null, or an object, is no id.
    return (selectTexts(item, paths.slice(0, 1))[0] ?? null) === null ? null : [joinTexts(texts)];
  };
}

/**
 * The same for a whole request: what each of its items is known by, one behind the other. Null when one of them has nothing to be
 * known by, and when there is none: two requests would be known by the same little.
 */
export function stableItems(
  items: readonly Uint8Array[] | null,
  stable: (item: Uint8Array) => readonly Chunk[] | null,
): readonly Chunk[] | null {
  const parts = (items ?? []).map(stable);
  return parts.length === 0 || parts.includes(null) ? null : parts.flatMap((part) => part ?? []);
}

/** An identity rule for items: all values are in the item. */
export function itemIdentity(places: {
  readonly id?: string;
  readonly type: readonly string[];
  readonly time?: { readonly at: string; readonly unit: "s" | "ms" | "iso" };
}): IdentityRule {
  const { id, type, time } = places;
  return {
    id: id === undefined ? [] : [{ body: id }],
    type: [type.map((body) => ({ body }))],
    time: time === undefined ? [] : [{ place: { body: time.at }, unit: time.unit }],
    version: [],
    forms: false,
  };
}
