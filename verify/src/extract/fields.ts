import type { Arrival } from "../arrival.ts";
import { decodeForm } from "./form.ts";
import type { FormField } from "./form.ts";
import type { Place } from "./identity-rule.ts";
import { scanJson } from "./json-scan.ts";
import type { Scanned } from "./json-scan.ts";
import { decodeJsonString, readLatin1 } from "./json-text.ts";

/** Bytes of an id at most; a longer one is no provider's id, and the content stands in for it. */
export const idBytesMax = 512;

/** A request's values, by place. */
export interface Fields {
  /**
   * An id exactly as the provider wrote it: the decoded string, or the digits of a JSON number as they stood. Null when it is
   * absent, blank, longer than 512 bytes, holds a control character, a lone surrogate or invalid UTF-8, or when its key stands
   * twice: two ids must never become one (faults F75).
   */
  readonly id: (place: Place) => { kind: "id" | "number"; text: string } | null;
  /** A value for people and filters: the same limits, and where a key stands twice one of the two. */
  readonly text: (place: Place) => string | null;
}

/** Reads what the identity rules of the arrival's provider name, the body in one pass. */
export function openFields(arrival: Arrival): Fields {
  const { entry, request, values } = arrival;
  const isJson = firstByte(request.body) === openBrace;
  const form = isJson || !entry.identity.forms ? null : decodeForm(request.body);
  const json = isJson ? request.body : payloadOf(form);
  const scanned =
    json === null || entry.bodyPaths.length === 0 ? null : scanJson(json, entry.scanPaths, !entry.idInBody);
  const read = (place: Place, isId: boolean): Value | null => {
    if ("text" in place) return { kind: "id", text: place.text };
    if ("header" in place) return fromText(values[place.header]);
    if ("form" in place) return fromForm(form, place.form, isId);
    const found = scanned?.[entry.bodyPaths.indexOf(place.body)];
    return found === undefined || json === null ? null : fromJson(json, found, isId);
  };
  return { id: (place) => read(place, true), text: (place) => read(place, false)?.text ?? null };
}

interface Value {
  readonly kind: "id" | "number";
  readonly text: string;
}

const openBrace = 0x7b;

/** The JSON that a body is, or that stands in the field `payload` of the form that it is; null where it is neither. */
export function jsonOf(body: Uint8Array): Uint8Array | null {
  return firstByte(body) === openBrace ? body : payloadOf(decodeForm(body));
}

/** The first byte that is neither white space nor part of a byte order mark. The bytes decide, not the unsigned content type. */
function firstByte(body: Uint8Array): number | undefined {
  let at = body[0] === 0xef ? 3 : 0;
  while (body[at] === 0x20 || body[at] === 0x0a || body[at] === 0x0d || body[at] === 0x09) at += 1;
  return body[at];
}

function payloadOf(form: readonly FormField[] | null): Uint8Array | null {
  const payloads = form?.filter(({ name }) => name === "payload") ?? [];
  return payloads.length === 1 && payloads[0] !== undefined ? Buffer.from(payloads[0].value, "utf8") : null;
}

function fromForm(form: readonly FormField[] | null, name: string, isId: boolean): Value | null {
  const found = form?.filter((field) => field.name === name) ?? [];
  return isId && found.length > 1 ? null : fromText(found.at(-1)?.value);
}

function fromJson(json: Uint8Array, { value, ambiguous }: Scanned, isId: boolean): Value | null {
  if (value === null || (isId && ambiguous) || value.end - value.start > idBytesMax * 6) return null;
  if (value.kind === "string") return fromText(decodeJsonString(json, value.start, value.end) ?? undefined);
  if (value.kind !== "number") return null;
  if (value.end - value.start > idBytesMax) return null;
  return { kind: "number", text: readLatin1(json, value.start, value.end) };
}

function fromText(text: string | undefined): Value | null {
  if (text === undefined || text.length > idBytesMax || !isPrintable(text)) return null;
  // Three bytes are the most that a UTF-16 unit becomes: a short text needs no count.
  const isShort = text.length * 3 <= idBytesMax;
  return isShort || Buffer.byteLength(text, "utf8") <= idBytesMax ? { kind: "id", text } : null;
}

/** True when there is no control character, and something besides white space. */
function isPrintable(text: string): boolean {
  let isBlank = true;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit === 0x7f) return false;
    if (unit > 0x20 && unit < 0x7f) isBlank = false;
  }
  return !isBlank || text.trim() !== "";
}
