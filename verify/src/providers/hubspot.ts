import { refuseMissing } from "../arrival.ts";
import type { Arrival } from "../arrival.ts";
import { defineProvider } from "../define-provider.ts";
import { itemIdentity, itemsAt, stableFields, stableItems } from "../extract/items.ts";
import { digestOf, hmacWith, macScheme } from "../engines/mac-scheme.ts";
import type { Mac, MacReading } from "../engines/mac-scheme.ts";
import { readMoment, readSignature, readUrl } from "../engines/read-parts.ts";
import { readHeader } from "../engines/read-parts.ts";
import { signedUrl } from "../engines/jwt-url.ts";
import { batchDocument, itemsOf } from "../extract/select.ts";
import type { Receiver } from "../receiver.ts";
import { onlyHeader } from "../request.ts";
import { writeTimestamp } from "../timestamp.ts";
import type { Refused } from "../verdict.ts";

const v3Header = "X-HubSpot-Signature-v3";
const oldHeader = "X-HubSpot-Signature";
const timeHeader = "X-HubSpot-Request-Timestamp";
const hmac = hmacWith("sha256");
const stable = stableFields([
  "eventId",
  "subscriptionId",
  "occurredAt",
  "objectId",
  "subscriptionType",
  "propertyName",
]);

/** v3 is an HMAC; v1 and v2 are plain hashes behind the secret, and count only where the receiver says so. */
const mac: Mac = (key, content, receiver) =>
  versionOf(receiver) === "v3" ? hmac(key, content, receiver) : digestOf("sha256", [key, ...content]);

/** HubSpot: method, URL, body and time. */
export const hubspot = defineProvider({
  slug: "hubspot",
  name: "HubSpot",
  headers: [{ signature: v3Header, timestamp: timeHeader }, { signature: oldHeader }],
  scheme: macScheme({
    engine: "canonical-request",
    secret: { encoding: "utf8", prefix: "", bytesMin: 24 },
    toleranceSec: 300,
    signsUrl: true,
    mac,
    read,
    write: (input, make) => {
      const { request, receiver, now } = input;
      const version = versionOf(receiver);
      const timestamp = writeTimestamp(now, "ms");
      const url = version === "v1" ? "" : signedUrl(input);
      const signature = make(contentOf(version, request.method, url, request.body, timestamp));
      const headers: [string, string][] =
        version === "v3"
          ? [
              [timeHeader, timestamp],
              [v3Header, signature.toString("base64")],
            ]
          : [
              ["X-HubSpot-Signature-Version", version],
              [oldHeader, signature.toString("hex")],
            ];
      return { url: request.url, body: request.body, headers };
    },
  }),
  document: ({ request }) => batchDocument(request.body, ["subscriptionType", "eventType"]),
  identity: {
    id: [{ body: "eventId" }],
    idIsUnique: false,
    type: [[{ body: "subscriptionType" }], [{ body: "eventType" }]],
    time: [{ place: { body: "occurredAt" }, unit: "ms" }],
    version: [],
    forms: false,
  },
  // The number of the attempt is inside the body, so that its bytes differ from attempt to attempt.
  stableContent: ({ request }) => stableItems(itemsOf(request.body), stable) ?? [request.body],
  batch: {
    at: "[]",
    by: "event id, subscription, time, object and property; without an event id the body and its place in it",
    items: itemsAt(""),
    identity: {
      ...itemIdentity({ id: "eventId", type: [], time: { at: "occurredAt", unit: "ms" } }),
      idIsUnique: false,
      type: [[{ body: "subscriptionType" }], [{ body: "eventType" }]],
    },
    stable,
  },
  facts: {
    identity: "none",
    signedContent: "{method}{url}{body}{timestamp}",
    eventIdFrom: "body `[].eventId`, which HubSpot does not promise to be unique",
    dedupeKey:
      "event id, subscription, time, object and property of every item of the batch (`attemptNumber` left out); the body where an item has no event id",
    notCovered: "other headers",
    handshakeNote: "none",
    notes:
      'v3 by default. `version: "v2"` or `"v1"` takes HubSpot\'s older plain hashes instead, which sign no time; v1 signs no URL either. The URL counts as it came and with the characters decoded that HubSpot\'s documentation lists.',
    source: ["@hubspot/api-client@13.5.0 lib/src/utils/signature.js", "developers.hubspot.com validating requests"],
    confidence: "medium",
  },
});

function versionOf({ version }: Receiver): "v1" | "v2" | "v3" {
  return version === "v1" || version === "1" ? "v1" : version === "v2" || version === "2" ? "v2" : "v3";
}

function read(arrival: Arrival): MacReading | Refused {
  const { entry, request, receiver } = arrival;
  const version = versionOf(receiver);
  const method = request.method.toUpperCase();
  const name = version === "v3" ? v3Header : oldHeader;
  const text = onlyHeader(request.headers, name.toLowerCase());
  if (text === null || text === "")
    return refuseMissing({ ...entry, legacyHeader: oldHeader }, request.headers, version === "v3" ? undefined : name);
  const signature = readSignature(name, text, version === "v3" ? "base64" : "hex", 32);
  if ("ok" in signature) return signature;
  const url = version === "v1" ? "" : readUrl(arrival);
  if (typeof url !== "string") return url;
  const time = version === "v3" ? readTime(arrival) : null;
  if (time !== null && "ok" in time) return time;
  const contentsOf = (body: Uint8Array, at: string) =>
    [...new Set([at, decodeListed(at)])].map((one) => contentOf(version, method, one, body, time?.text ?? ""));
  return { ok: true, signatures: [signature], contentsOf, url, time };
}

function readTime(arrival: Arrival): { text: string; signedAtMs: number; unit: "ms" } | Refused {
  const text = readHeader(arrival, timeHeader);
  if (typeof text !== "string") return text;
  const signedAtMs = readMoment(timeHeader, text, "ms");
  return typeof signedAtMs === "number" ? { text, signedAtMs, unit: "ms" } : signedAtMs;
}

function contentOf(version: "v1" | "v2" | "v3", method: string, url: string, body: Uint8Array, timestamp: string) {
  if (version === "v1") return [body];
  return version === "v2" ? [method + url, body] : [method + url, body, timestamp];
}

/** The escapes that HubSpot's documentation wants decoded before signing; its library decodes none. */
function decodeListed(url: string): string {
  return url.replace(/%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi, (escape) => decodeURIComponent(escape));
}
