import { bodyHmac } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";

/** Razorpay. The event id is in a header, and the body has none. */
export const razorpay = defineProvider({
  slug: "razorpay",
  name: "Razorpay",
  headers: [{ signature: "X-Razorpay-Signature", id: "x-razorpay-event-id" }],
  scheme: bodyHmac("hex"),
  identity: {
    id: [{ header: "id" }],
    type: [[{ body: "event" }]],
    time: [{ place: { body: "created_at" }, unit: "s" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "unsigned",
    signedContent: "{body}",
    eventIdFrom: "header `x-razorpay-event-id`; the same on every retry",
    dedupeKey: "event id, and the body",
    notCovered: "the event id, URL and method",
    handshakeNote: "none",
    notes:
      "Retries of older events are signed with the secret of their time, so keep an old secret for 24 hours. Retries for 24 hours, then the webhook is switched off.",
    source: ["razorpay@2.9.8 dist/utils/razorpay-utils.js", "razorpay.com docs retries-and-idempotency"],
    confidence: "medium",
  },
});
