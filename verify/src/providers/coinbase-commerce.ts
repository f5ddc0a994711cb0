import { bodyHmac } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";

/** Coinbase Commerce. The event is inside the envelope, whose id and attempt number are another on every attempt. */
export const coinbaseCommerce = defineProvider({
  slug: "coinbase-commerce",
  name: "Coinbase Commerce",
  headers: [{ signature: "X-CC-Webhook-Signature" }],
  scheme: bodyHmac("hex"),
  identity: {
    id: [{ body: "event.id" }],
    type: [[{ body: "event.type" }]],
    time: [{ place: { body: "event.created_at" }, unit: "iso" }],
    version: [{ body: "event.api_version" }],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{body}",
    eventIdFrom: "body `event.id`; the same on every retry (the `id` outside of it is not)",
    dedupeKey: "event id",
    notCovered: "the time (there is none outside the body), URL and method",
    handshakeNote: "none",
    notes:
      "The envelope's `id` and `attempt_number` change from attempt to attempt, so the bytes do too. Retries for three days.",
    source: ["coinbase-commerce-node@1.0.4 lib/Webhook.js"],
    confidence: "medium",
  },
});
