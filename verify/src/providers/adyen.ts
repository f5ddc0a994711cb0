import { noHeader } from "../arrival.ts";
import type { Arrival } from "../arrival.ts";
import { defineProvider } from "../define-provider.ts";
import { itemIdentity, itemsAt } from "../extract/items.ts";
import { hmacWith, macScheme } from "../engines/mac-scheme.ts";
import type { MacClaim, MacReading } from "../engines/mac-scheme.ts";
import { readSignature, refuseBody } from "../engines/read-parts.ts";
import { path } from "../extract/json-scan.ts";
import { batchDocument, itemsOf, joinTexts, select, selectExactly } from "../extract/select.ts";
import type { Selected } from "../extract/select.ts";
import type { Refused } from "../verdict.ts";

/** Items of one request at most; Adyen sends one, and once sent up to six. */
const itemsMax = 20;
const item = "NotificationRequestItem";
const signedPaths = [
  "pspReference",
  "originalReference",
  "merchantAccountCode",
  "merchantReference",
  "amount.value",
  "amount.currency",
  "eventCode",
  "success",
].map((name) => path(`${item}.${name}`));
const signaturePath = path(`${item}.additionalData.hmacSignature`);
const keyPaths = ["eventCode", "pspReference", "success", "merchantAccountCode", "eventDate"].map((name) =>
  path(`${item}.${name}`),
);

/** Adyen's standard notifications: eight fields of each item are signed, and the signature is in the item. */
export const adyen = defineProvider({
  slug: "adyen",
  name: "Adyen payments (standard notifications)",
  headers: [noHeader],
  scheme: macScheme({
    engine: "body-fields",
    secret: { encoding: "hex", prefix: "", bytesMin: 24 },
    toleranceSec: null,
    signsUrl: false,
    mac: hmacWith("sha256"),
    read,
    write: ({ request }, make) => {
      const list = itemsIn(request.body) ?? [];
      const items = list.map((bytes) => {
        const content = contentOf(bytes);
        if (content === null) throw new Error("An item of Adyen's body lacks the fields to sign.");
        return withSignature(bytes, make([content]).toString("base64"));
      });
      const body = Buffer.from(`{"live":"false","notificationItems":[${items.join(",")}]}`);
      return { url: request.url, headers: [], body };
    },
  }),
  document: ({ request }) => firstItem(request.body),
  identity: {
    id: [],
    type: [[{ body: `${item}.eventCode` }]],
    time: [{ place: { body: `${item}.eventDate` }, unit: "iso" }],
    version: [],
    forms: false,
  },
  stableContent: ({ request }) => (itemsIn(request.body) ?? []).map(keyOf),
  batch: {
    at: "notificationItems[]",
    by: "event code, PSP reference, success and merchant account (of a report the date as well)",
    items: itemsAt("notificationItems"),
    identity: itemIdentity({ type: [`${item}.eventCode`], time: { at: `${item}.eventDate`, unit: "iso" } }),
    stable: (bytes) => [keyOf(bytes)],
  },
  facts: {
    identity: "none",
    signedContent:
      "{pspReference}:{originalReference}:{merchantAccountCode}:{merchantReference}:{amount.value}:{amount.currency}:{eventCode}:{success}",
    eventIdFrom: "none",
    dedupeKey:
      "event code, PSP reference, success and merchant account of every item; of a `REPORT_AVAILABLE` the event date as well, for its reference is the report's name",
    notCovered:
      "everything but the eight fields: reason, event date, payment method and all other additional data. Only https protects them",
    handshakeNote: "none; any 2xx is enough, the text `[accepted]` is Adyen's older way",
    notes:
      "The key is in hexadecimal. Several keys may be live: all are tried. All items of a request must be genuine. A later copy of an event may carry newer unsigned data; it counts as the same event.",
    source: ["@adyen/api-library@32.1.0 lib/src/utils/hmacValidator.js", "docs.adyen.com webhooks"],
    confidence: "high",
  },
});

function itemsIn(body: Uint8Array): readonly Uint8Array[] | null {
  const [list] = select(body, [path("notificationItems")]);
  const items = list?.kind === "other" ? itemsOf(Buffer.from(list.text)) : null;
  return items === null || items.length === 0 || items.length > itemsMax ? null : items;
}

function firstItem(body: Uint8Array): Uint8Array {
  const items = itemsIn(body);
  const [only] = items ?? [];
  return items?.length === 1 && only !== undefined ? only : batchDocument(Buffer.from("[]"), []);
}

/** A report keeps its name, which is its reference, when it is made again: its date tells the second from the first. */
function keyOf(bytes: Uint8Array): string {
  const texts = select(bytes, keyPaths).map((one) => one?.text ?? null);
  return joinTexts(texts[0] === "REPORT_AVAILABLE" ? texts : texts.slice(0, -1));
}

function read(arrival: Arrival): MacReading | Refused {
  const items = itemsIn(arrival.request.body);
  if (items === null) return refuseBody(arrival, `it has no notificationItems, or more than ${itemsMax}`);
  const claims: MacClaim[] = [];
  for (const [index, bytes] of items.entries()) {
    const [signature] = select(bytes, [signaturePath]);
    const where = `notificationItems[${index}].additionalData.hmacSignature`;
    if (signature?.kind !== "string") return refuseBody(arrival, `${where} is not there once`);
    const own = readSignature(where, signature.text, "base64", 32);
    if ("ok" in own) return own;
    if (contentOf(bytes) === null) return refuseBody(arrival, `item ${index} lacks signed fields, or has them twice`);
    const contentsOf = (body: Uint8Array) => {
      const content = contentOf(itemsIn(body)?.[index] ?? Buffer.from("{}"));
      return content === null ? [] : [[content]];
    };
    claims.push({ signatures: [own], contentsOf });
  }
  const [first, ...more] = claims;
  if (first === undefined) return refuseBody(arrival, "it has no items");
  return { ok: true, ...first, more, url: "", time: null };
}

/** The eight values with colons between them; what is absent is empty. Null without a reference or an event code, or with a value twice. */
function contentOf(bytes: Uint8Array): string | null {
  const values = selectExactly(bytes, signedPaths);
  if (values?.[0] == null || values[6] == null || values[7] == null) return null;
  return values.map(asText).join(":");
}

function asText(value: Selected | null): string {
  return value === null || (value.kind === "other" && value.text === "null") ? "" : value.text;
}

function withSignature(bytes: Uint8Array, signature: string): string {
  const text = Buffer.from(bytes).toString("utf8");
  const { NotificationRequestItem: fields } = JSON.parse(text) as Record<string, Record<string, unknown>>;
  const given = fields?.["additionalData"];
  const additionalData = { ...(typeof given === "object" ? given : {}), hmacSignature: signature };
  return JSON.stringify({ NotificationRequestItem: { ...fields, additionalData } });
}
