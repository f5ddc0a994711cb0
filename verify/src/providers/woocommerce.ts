import { bodyHmac } from "../body-hmac.ts";
import { answerPing } from "../handshakes/woocommerce.ts";
import { defineProvider } from "../define-provider.ts";

/** WooCommerce. The body is JSON; the ping when a webhook is made is a form and is not signed. */
export const woocommerce = defineProvider({
  slug: "woocommerce",
  name: "WooCommerce",
  headers: [{ signature: "X-WC-Webhook-Signature", id: "X-WC-Webhook-Delivery-ID", type: "X-WC-Webhook-Topic" }],
  handshakes: [{ signed: false, answer: answerPing }],
  // One change is sent with the same bytes under several topics, and each of them is an event of its own.
  stableContent: ({ request, values }) => [values.type ?? "", "\0", request.body],
  scheme: bodyHmac("base64"),
  identity: {
    id: [{ header: "id" }],
    type: [[{ header: "type" }]],
    time: [
      { place: { body: "date_modified_gmt" }, unit: "iso" },
      { place: { body: "date_modified" }, unit: "iso" },
    ],
    version: [],
    forms: false,
  },
  facts: {
    identity: "unsigned",
    signedContent: "{body}",
    eventIdFrom: "header `X-WC-Webhook-Delivery-ID`; whether it stays the same is not documented",
    dedupeKey: "delivery id, and topic with body",
    notCovered: "the delivery id, the topic, URL and method",
    handshakeNote: "the unsigned form `webhook_id=<n>` is answered with an empty 200",
    notes: "No retries; five failures in a row switch the webhook off.",
    source: ["hookdeck/webhook-skills woocommerce verification.md"],
    confidence: "medium",
  },
});
