import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** Adyen's webhooks of platforms, banking and management: HMAC over the body with a key in hexadecimal. */
export const adyenPlatform = defineProvider({
  slug: "adyen-platform",
  name: "Adyen platform, banking and management",
  headers: [{ signature: "HmacSignature" }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "plain", prefix: "", encoding: "base64" },
    timestamp: null,
    content: template("{body}"),
    secret: { encoding: "hex", prefix: "", bytesMin: 24 },
  },
  identity: {
    id: [{ body: "data.id" }],
    idIsUnique: false,
    type: [[{ body: "type" }]],
    time: [
      { place: { body: "timestamp" }, unit: "iso" },
      { place: { body: "data.creationDate" }, unit: "iso" },
    ],
    version: [{ body: "version" }],
    forms: false,
  },
  facts: {
    identity: "none",
    signedContent: "{body}",
    eventIdFrom: "none: body `data.id` names the thing",
    dedupeKey: "the body",
    notCovered: "the time of sending, the header `Protocol`, URL and method",
    handshakeNote: "none",
    notes: "The key is in hexadecimal. Several keys may be live: all are tried.",
    source: ["@adyen/api-library@32.1.0 lib/src/utils/hmacValidator.js"],
    confidence: "medium",
  },
});
