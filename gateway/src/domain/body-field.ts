import { isJsonPointer, sliceJson } from "./json-slices.ts";

/** A place in a JSON body and the value that is wanted there, as text. */
export interface BodyField {
  /** RFC 6901, e.g. `/data/object/customer`. */
  readonly pointer: string;
  readonly value: string;
}

const POINTER_CHARS_MAX = 256;

/**
 * Reads `/data/object/customer=cus_123`, also with `body.` or `body:` in front and spaces around the sign; null when it is
 * none. The value may hold any sign, `=` included, and a pair of double quotes around it is left out.
 */
export function parseBodyField(text: string): BodyField | null {
  const at = text.indexOf("=");
  if (at < 0) return null;
  const pointer = text
    .slice(0, at)
    .trim()
    .replace(/^body[.:]?/, "");
  const given = text.slice(at + 1).trim();
  const value = /^".*"$/s.test(given) && given.length > 1 ? given.slice(1, -1) : given;
  if (pointer === "" || pointer.length > POINTER_CHARS_MAX || !isJsonPointer(pointer) || value === "") return null;
  return { pointer, value };
}

/**
 * The longest stretch of a value that every writer of JSON leaves as it is: letters, digits, and signs that nobody escapes.
 * A body without these bytes cannot have the value; one with them may.
 */
export function plainStretch(value: string): string {
  const stretches = value.split(/[^A-Za-z0-9_.:@ -]+/);
  return stretches.reduce((longest, one) => (one.length > longest.length ? one : longest), "");
}

/**
 * Whether a body has the value at the place. Numbers are compared digit by digit as they stand, so an id of 19 digits is
 * found; `true`, `false` and `null` by their names. A body that is not JSON has nothing.
 */
export function hasField(body: Uint8Array, { pointer, value }: BodyField): boolean {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    JSON.parse(text);
    const slice = sliceJson(text, pointer);
    if (slice === null) return false;
    return slice.startsWith('"') ? JSON.parse(slice) === value : slice === value;
  } catch {
    return false;
  }
}
