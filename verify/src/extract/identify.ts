import crypto from "node:crypto";
import type { Arrival } from "../arrival.ts";
import type { Proof } from "../engines/proof.ts";
import type { EventIdentity } from "../identity.ts";
import type { Chunk } from "../provider.ts";
import { openFields } from "./fields.ts";
import type { Fields } from "./fields.ts";
import type { IdentityRule, MomentUnit, Place } from "./identity-rule.ts";
import { joinTexts } from "./select.ts";

/** What a verified request says that it is. Never fails: what is missing or unusable is null, and the key falls back to the content. */
export function identify(arrival: Arrival, { signed, payload }: Proof): EventIdentity {
  const { entry } = arrival;
  const { document, identity } = entry;
  const fields = openFields(document === undefined ? arrival : withBody(arrival, document(arrival, payload)));
  const named = findId(fields, identity);
  const id = named !== null && isKey(identity, arrival, named.text) ? named : null;
  const mayHaveContentKey = entry.contentIsKey && signed.length > 0 && entry.contentIsUnique(arrival);
  const content = id === null || mayHaveContentKey ? entry.stableContent(arrival, signed) : [];
  // Nothing is the content of every request that has none.
  const hasContentKey = mayHaveContentKey && content.some(({ length }) => length > 0);
  const contentHash = id === null || hasContentKey ? hashChunks(content) : "";
  return {
    eventId: named === null ? null : named.text,
    eventKey: Buffer.from(
      id === null ? `sha256:${contentHash}` : keyOf(id, findText(fields, identity.idScope ?? [])),
      "utf8",
    ),
    contentKey: hasContentKey ? Buffer.from(`content:${contentHash}`, "utf8") : null,
    eventType: findType(fields, identity),
    occurredAt: findMoment(fields, identity),
    payloadVersion: findText(fields, identity.version),
  };
}

/** Whether the id is what the event is known by. */
export function isKey({ idIsUnique }: IdentityRule, arrival: Arrival, id: string): boolean {
  return idIsUnique === undefined || (idIsUnique !== false && idIsUnique(arrival, id));
}

function withBody(arrival: Arrival, body: Uint8Array): Arrival {
  return { ...arrival, request: { ...arrival.request, body } };
}

interface Id {
  readonly kind: "id" | "number";
  readonly text: string;
}

function keyOf({ kind, text }: Id, scope: string | null): string {
  return scope === null ? `${kind}:${text}` : `sha256:${hashChunks([joinTexts([scope, kind, text])])}`;
}

function findId(fields: Fields, rule: IdentityRule): Id | null {
  for (const place of rule.id) {
    const id = fields.id(place);
    if (id !== null) return id;
  }
  return null;
}

function findType(fields: Fields, rule: IdentityRule): string | null {
  for (const places of rule.type) {
    const type = joinParts(fields, places);
    if (type !== null) return type;
  }
  return null;
}

/** The texts joined with dots, or null when the first place that is no text of ours holds nothing. */
function joinParts(fields: Fields, places: readonly Place[]): string | null {
  let joined = "";
  let isDecided = false;
  for (const place of places) {
    const text = fields.text(place);
    if (!isDecided && !("text" in place)) {
      if (text === null) return null;
      isDecided = true;
    }
    if (text !== null) joined = joined === "" ? text : `${joined}.${text}`;
  }
  return joined;
}

function findText(fields: Fields, places: readonly Place[]): string | null {
  for (const place of places) {
    const text = fields.text(place);
    if (text !== null) return text;
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
  return /^\d{1,16}(?:\.\d{1,9})?$/.test(text) ? validDate(Number(text) * (unit === "s" ? 1000 : 1)) : null;
}

function validDate(ms: number): Date | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date;
}

function hashChunks(chunks: readonly Chunk[]): string {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined && typeof crypto.hash === "function") {
    return crypto.hash("sha256", first, "hex");
  }
  const hash = crypto.createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}
