import { scanJson } from "./json-scan.ts";
import type { Path, Scanned } from "./json-scan.ts";
import { decodeJsonString } from "./json-text.ts";
import { skipValue, skipWhiteSpace } from "./json-skip.ts";
import type { Cursor } from "./json-skip.ts";

/** One value: text decoded, a number or a literal as it stood, anything with members as its bytes. */
export interface Selected {
  readonly kind: "string" | "number" | "other";
  readonly text: string;
}

/**
 * Values of a JSON document without loss, null for each that is absent, that cannot be read in one way only (its key stands
 * twice, its text is no UTF-8). Null for all when the bytes are no JSON object.
 */
export function select(document: Uint8Array, paths: readonly Path[]): readonly (Selected | null)[] {
  const scanned = scanJson(document, paths);
  if (scanned === null) return paths.map(() => null);
  return scanned.map((one) => (one.ambiguous ? null : read(document, one)));
}

/**
 * The same, for what is signed or asked for only where it is there: null for all when one of the values is there and cannot be read
 * in one way only. Taken for absent, it could be added to a genuine request, for another reader to find.
 */
export function selectExactly(document: Uint8Array, paths: readonly Path[]): readonly (Selected | null)[] | null {
  const scanned = scanJson(document, paths);
  if (scanned === null || scanned.some(({ ambiguous }) => ambiguous)) return null;
  const values = scanned.map((one) => read(document, one));
  return values.some((value, index) => value === null && scanned[index]?.value !== null) ? null : values;
}

function read(document: Uint8Array, { value }: Scanned): Selected | null {
  if (value === null) return null;
  const { kind, start, end } = value;
  if (kind !== "string") return { kind, text: Buffer.from(document.subarray(start, end)).toString("utf8") };
  const text = decodeJsonString(document, start, end);
  return text === null ? null : { kind, text };
}

/** The same as plain texts: strings and numbers, null for anything else. */
export function selectTexts(document: Uint8Array, paths: readonly Path[]): readonly (string | null)[] {
  return select(document, paths).map((value) => (value === null || value.kind === "other" ? null : value.text));
}

/** Items of one batch at most: no provider sends more, and each is looked at. */
const itemsMax = 2000;

/** The bytes of each item of a JSON array, or null when the bytes are no array, or one that is too long. */
export function itemsOf(bytes: Uint8Array): readonly Uint8Array[] | null {
  const cursor: Cursor = { bytes, at: 0, escaped: false };
  skipWhiteSpace(cursor);
  if (bytes[cursor.at] !== 0x5b) return null;
  cursor.at += 1;
  skipWhiteSpace(cursor);
  const items: Uint8Array[] = [];
  if (bytes[cursor.at] === 0x5d) return isEnd(cursor) ? items : null;
  for (;;) {
    const start = cursor.at;
    if (items.length === itemsMax || !skipValue(cursor)) return null;
    items.push(bytes.subarray(start, cursor.at));
    skipWhiteSpace(cursor);
    const next = bytes[cursor.at];
    if (next === 0x5d) return isEnd(cursor) ? items : null;
    if (next !== 0x2c) return null;
    cursor.at += 1;
    skipWhiteSpace(cursor);
  }
}

/** Nothing but white space behind the closing bracket. */
function isEnd(cursor: Cursor): boolean {
  cursor.at += 1;
  skipWhiteSpace(cursor);
  return cursor.at === cursor.bytes.length;
}

/**
 * The document that a batch is known by: its only item; for several, an object with those members on which all of them agree, so
 * that a batch of one kind is known as that kind. A body that is no array is its own document.
 */
export function batchDocument(body: Uint8Array, shared: readonly string[]): Uint8Array {
  const items = itemsOf(body);
  if (items === null) return body;
  const [first] = items;
  if (items.length === 1 && first !== undefined) return first;
  const paths = shared.map((name) => [Buffer.from(name, "utf8")]);
  const rows = items.map((item) => selectTexts(item, paths));
  const agreed = shared.flatMap((name, index) => {
    const value = rows[0]?.[index];
    return typeof value === "string" && rows.every((row) => row[index] === value) ? [[name, value]] : [];
  });
  return Buffer.from(JSON.stringify(Object.fromEntries(agreed)), "utf8");
}

/** Texts as one unmistakable sequence: each behind its length, an absent one told from an empty one. */
export function joinTexts(texts: readonly (string | null)[]): string {
  return texts.map((text) => (text === null ? "-;" : `${Buffer.byteLength(text)}:${text};`)).join("");
}
