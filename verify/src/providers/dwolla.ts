import { bodyHmac } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";

/** Dwolla. The secret is chosen when a subscription is made. */
export const dwolla = defineProvider({
  slug: "dwolla",
  name: "Dwolla",
  headers: [{ signature: "X-Request-Signature-SHA-256" }],
  scheme: bodyHmac("hex"),
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "topic" }]],
    time: [{ place: { body: "timestamp" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{body}",
    eventIdFrom: "body `id`; the same on every retry",
    dedupeKey: "event id",
    notCovered: "the time (there is none outside the body), URL and method",
    handshakeNote: "none",
    notes: "Eight retries over 72 hours; 400 failures in a row pause the subscription.",
    source: ["developers.dwolla.com webhooks (from memory)"],
    confidence: "medium",
  },
});
