import { createHash } from "node:crypto";
import type { Arrival } from "../arrival.ts";
import type { EventIdentity } from "../identity.ts";
import type { Chunk } from "../provider.ts";
import { openFields } from "./fields.ts";
import type { Fields } from "./fields.ts";
import type { IdentityRule, MomentUnit, Place } from "./identity-rule.ts";

/** What a verified request says that it is. Never fails: what is missing or unusable is null, and the key falls back to the content. */
export function identify(arrival: Arrival, signed: readonly Chunk[], payload?: Uint8Array): EventIdentity {
  const { entry } = arrival;
  const { document } = entry;
  const fields = openFields(document === undefined ? arrival : withBody(arrival, document(arrival, payload)));
  const named = findId(fields, entry.identity);
  const id = entry.identity.idIsUnique === false ? null : named;
  const isUnsigned = entry.provider.identity === "unsigned" && signed.length > 0;
  const contentHash = id === null || isUnsigned ? hashChunks(entry.stableContent(arrival, signed)) : "";
  return {
    eventId: named?.text ?? null,
    eventKey: Buffer.from(id === null ? `sha256:${contentHash}` : `${id.kind}:${id.text}`, "utf8"),
    contentKey: isUnsigned ? Buffer.from(`content:${contentHash}`, "utf8") : null,
    eventType: findType(fields, entry.identity),
    occurredAt: findMoment(fields, entry.identity),
    payloadVersion: entry.identity.version.map((place) => fields.text(place)).find((text) => text !== null) ?? null,
  };
}

function withBody(arrival: Arrival, body: Uint8Array): Arrival {
  return { ...arrival, request: { ...arrival.request, body } };
}

function findId(fields: Fields, rule: IdentityRule): { kind: "id" | "number"; text: string } | null {
  for (const place of rule.id) {
    const id = fields.id(place);
    if (id !== null) return id;
  }
  return null;
}

function findType(fields: Fields, rule: IdentityRule): string | null {
  for (const places of rule.type) {
    const texts = places.map((place) => fields.text(place));
    const decisive = places.findIndex((place) => !("text" in place));
    if (texts[decisive] === null) continue;
    return texts.filter((text) => text !== null).join(".");
  }
  return null;
}

function findMoment(fields: Fields, rule: IdentityRule): Date | null {
  for (const { place, unit } of rule.time) {
    const moment = readMoment(fields, place, unit);
    if (moment !== null) return moment;
  }
  return null;
}

const isoMoment = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$/;

function readMoment(fields: Fields, place: Place, unit: MomentUnit): Date | null {
  const text = fields.text(place);
  if (text === null) return null;
  if (unit === "iso") return isoMoment.test(text) ? validDate(Date.parse(text)) : null;
  return /^\d{1,16}$/.test(text) ? validDate(Number(text) * (unit === "s" ? 1000 : 1)) : null;
}

function validDate(ms: number): Date | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date;
}

function hashChunks(chunks: readonly Chunk[]): string {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}
