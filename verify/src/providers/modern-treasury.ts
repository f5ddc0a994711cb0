import { bodyHmac } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";

/** Modern Treasury. Topic and event id are headers. */
export const modernTreasury = defineProvider({
  slug: "modern-treasury",
  name: "Modern Treasury",
  headers: [{ signature: "X-Signature", id: "X-Webhook-ID", type: "X-Topic", time: "X-Event-Timestamp" }],
  scheme: bodyHmac("hex"),
  identity: {
    id: [{ header: "id" }],
    type: [[{ header: "type" }, { body: "event" }]],
    time: [
      { place: { header: "time" }, unit: "iso" },
      { place: { header: "time" }, unit: "s" },
    ],
    version: [],
    forms: false,
  },
  facts: {
    identity: "unsigned",
    signedContent: "{body}",
    eventIdFrom: "header `X-Webhook-ID`; the same on every retry",
    dedupeKey: "webhook id, and the body",
    notCovered: "the webhook id, the topic, the time, URL and method",
    handshakeNote: "none",
    notes: "About ten attempts with growing gaps.",
    source: ["modern-treasury@3.3.0 resources/webhooks.js", "docs.moderntreasury.com/reference/webhooks"],
    confidence: "medium",
  },
});
