import { bodyHmac } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";

/** Checkout.com. The optional fixed Authorization header proves nothing about the body and is not read. */
export const checkoutCom = defineProvider({
  slug: "checkout-com",
  name: "Checkout.com",
  headers: [{ signature: "Cko-Signature" }],
  scheme: bodyHmac("hex"),
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "type" }]],
    time: [{ place: { body: "created_on" }, unit: "iso" }],
    version: [{ body: "version" }],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{body}",
    eventIdFrom: "body `id`; the same on every retry",
    dedupeKey: "event id",
    notCovered: "the time (there is none outside the body), URL and method",
    handshakeNote: "none",
    notes: "Eight attempts with growing gaps.",
    source: ["checkout.com docs set-up-your-webhook-receiver"],
    confidence: "medium",
  },
});
