import { skipValue, skipWhiteSpace, stringEnd } from "./json-skip.ts";
import type { Cursor } from "./json-skip.ts";
import { decodeJsonString } from "./json-text.ts";

/** A value that a path led to. Strings lie between their quotes; everything else is the text itself. Bytes `start` to `end`. */
export interface ScannedValue {
  readonly kind: "string" | "number" | "other";
  readonly start: number;
  readonly end: number;
}

/** What one path led to. `ambiguous`: a key on the way stands twice in its object, and readers disagree which one counts. */
export interface Scanned {
  readonly value: ScannedValue | null;
  readonly ambiguous: boolean;
}

/** A path, read once: the bytes of each key on the way. */
export type Path = readonly Uint8Array[];

/** The path behind a dotted name such as `data.object.id`. */
export function path(dotted: string): Path {
  return dotted.split(".").map((segment) => Buffer.from(segment, "utf8"));
}

interface Search {
  readonly segments: Path;
  /** How many keys of the path were met, from the first on. */
  reached: number;
  /** True when one of them was met again. */
  ambiguous: boolean;
  value: ScannedValue | null;
}

/** How the scan of an object ended: behind it, because every path has its value, or because it is no JSON. */
type Ended = "behind" | "found" | "broken";

/** A scan under way. With `untilFound` it ends when all searches have a value. */
interface Scan extends Cursor {
  readonly all: readonly Search[];
  readonly untilFound: boolean;
}

const openBrace = 0x7b;
const closeBrace = 0x7d;
const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const minus = 0x2d;

/**
 * Finds values in a JSON object without building the document: no number becomes a JavaScript number, no key touches a
 * prototype, no nesting deepens the stack beyond the longest path. Of a key that stands twice the last one is given, as
 * `JSON.parse` does, and `ambiguous` says so. A byte order mark in front is passed over. What no path leads into is checked for
 * its strings, brackets and scalars only. Null when the bytes are no JSON object. With `untilFound` the scan ends as soon as
 * every path has led to a value, and what comes behind is not looked at: enough for what is not an id.
 */
export function scanJson(bytes: Uint8Array, paths: readonly Path[], untilFound = false): Scanned[] | null {
  const searches: Search[] = [];
  for (const segments of paths) searches.push({ segments, reached: 0, ambiguous: false, value: null });
  const scan: Scan = { bytes, at: startsWithByteOrderMark(bytes) ? 3 : 0, escaped: false, all: searches, untilFound };
  skipWhiteSpace(scan);
  if (bytes[scan.at] !== openBrace) return null;
  const ended = scanObject(scan, searches, 0);
  if (ended === "found") return searches;
  if (ended === "broken") return null;
  skipWhiteSpace(scan);
  return scan.at === bytes.length ? searches : null;
}

/** True when the bytes begin with the UTF-8 byte order mark. */
export function startsWithByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function scanObject(cursor: Scan, searches: readonly Search[], depth: number): Ended {
  const { bytes } = cursor;
  cursor.at += 1;
  skipWhiteSpace(cursor);
  if (bytes[cursor.at] === closeBrace) {
    cursor.at += 1;
    return "behind";
  }
  for (;;) {
    if (bytes[cursor.at] !== quote) return "broken";
    const start = cursor.at + 1;
    const end = stringEnd(cursor);
    if (end < 0) return "broken";
    const met = meet(cursor, start, end, searches, depth);
    skipWhiteSpace(cursor);
    if (bytes[cursor.at] !== colon) return "broken";
    cursor.at += 1;
    skipWhiteSpace(cursor);
    const ended = scanMember(cursor, met, depth);
    if (ended !== "behind") return ended;
    skipWhiteSpace(cursor);
    const next = bytes[cursor.at];
    cursor.at += 1;
    if (next === closeBrace) return "behind";
    if (next !== comma) return "broken";
    skipWhiteSpace(cursor);
  }
}

const none: readonly Search[] = [];

/** The searches whose path goes through this key. A key that stands again takes back what the earlier one gave. */
function meet(cursor: Cursor, start: number, end: number, searches: readonly Search[], depth: number) {
  let met: Search[] | null = null;
  for (const search of searches) {
    const segment = search.segments[depth];
    if (segment === undefined || !isKey(cursor, start, end, segment)) continue;
    if (search.reached > depth) search.ambiguous = true;
    search.reached = depth + 1;
    search.value = null;
    met ??= [];
    met.push(search);
  }
  return met ?? none;
}

/** `"\u0069d"` is the key `id` to every reader, so it is here. */
function isKey({ bytes, escaped }: Cursor, start: number, end: number, segment: Uint8Array): boolean {
  if (escaped) return decodeJsonString(bytes, start, end) === Buffer.from(segment).toString("utf8");
  if (end - start !== segment.length) return false;
  for (let i = 0; i < segment.length; i += 1) if (bytes[start + i] !== segment[i]) return false;
  return true;
}

function scanMember(cursor: Scan, met: readonly Search[], depth: number): Ended {
  const { bytes } = cursor;
  const first = bytes[cursor.at];
  if (first === openBrace && met.some((search) => search.segments.length > depth + 1)) {
    return scanObject(cursor, met, depth + 1);
  }
  const start = cursor.at;
  if (!skipValue(cursor)) return "broken";
  if (met.length === 0) return "behind";
  for (const search of met) {
    if (search.segments.length === depth + 1) search.value = describe(first, start, cursor.at);
  }
  return cursor.untilFound && cursor.all.every(({ value }) => value !== null) ? "found" : "behind";
}

function describe(first: number | undefined, start: number, end: number): ScannedValue {
  if (first === quote) return { kind: "string", start: start + 1, end: end - 1 };
  const isNumber = first !== undefined && (first === minus || (first >= 0x30 && first <= 0x39));
  return { kind: isNumber ? "number" : "other", start, end };
}
