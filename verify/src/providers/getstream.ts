import { bodyHmac } from "../body-hmac.ts";
import { gunzip } from "../extract/gunzip.ts";
import { defineProvider } from "../define-provider.ts";

/** Stream Chat. Signs the body before its compression. */
export const getstream = defineProvider({
  slug: "getstream",
  name: "Stream Chat",
  headers: [{ signature: "X-Signature", id: "X-Webhook-Id" }],
  encodedBodies: true,
  document: ({ request }) => gunzip(request.body),
  stableContent: ({ request }) => [gunzip(request.body)],
  scheme: { ...bodyHmac("hex"), gunzips: true },
  identity: {
    id: [{ header: "id" }],
    type: [[{ body: "type" }]],
    time: [{ place: { body: "created_at" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "unsigned",
    signedContent: "{body before compression}",
    eventIdFrom: "header `X-Webhook-Id`; the same on every retry",
    dedupeKey: "webhook id, and the uncompressed body",
    notCovered: "the webhook id, the attempt, the compression, URL and method",
    handshakeNote: "none",
    notes:
      "Bodies may come as gzip; more than 1 MiB unpacked is refused. The key is the API secret of the app that `X-Api-Key` names.",
    source: ["stream-chat@9.53.0 src/signing.ts"],
    confidence: "medium",
  },
});
