import { bodyHmac } from "../body-hmac.ts";
import { answerPing } from "../handshakes/woocommerce.ts";
import { defineProvider } from "../define-provider.ts";
import { joinTexts } from "../extract/select.ts";

/** WooCommerce. The body is JSON; the ping when a webhook is made is a form and is not signed. */
export const woocommerce = defineProvider({
  slug: "woocommerce",
  name: "WooCommerce",
  headers: [{ signature: "X-WC-Webhook-Signature", id: "X-WC-Webhook-Delivery-ID", type: "X-WC-Webhook-Topic" }],
  handshakes: [{ signed: false, answer: answerPing }],
  // One change is sent with the same bytes under several topics, and each of them is an event of its own.
  stableContent: ({ request, values }) => [joinTexts([values.id ?? null, values.type ?? null]), request.body],
  scheme: bodyHmac("base64"),
  identity: {
    // WooCommerce's get_new_delivery_id hashes the webhook and the second: all that one webhook sends in a second share it.
    id: [{ header: "id" }],
    idIsUnique: false,
    type: [[{ header: "type" }]],
    time: [
      { place: { body: "date_modified_gmt" }, unit: "iso" },
      { place: { body: "date_modified" }, unit: "iso" },
    ],
    version: [],
    forms: false,
  },
  facts: {
    identity: "none",
    signedContent: "{body}",
    eventIdFrom: "none: header `X-WC-Webhook-Delivery-ID` names one webhook's second, and all that it sends in it",
    dedupeKey: "delivery id, topic and body together",
    notCovered: "the delivery id, the topic, URL and method",
    handshakeNote: "the unsigned form `webhook_id=<n>` is answered with an empty 200",
    notes:
      "No retries; five failures in a row switch the webhook off. A captured request that comes back under another delivery id counts as a new event: two changes may read alike.",
    source: ["hookdeck/webhook-skills woocommerce verification.md", "woocommerce includes/class-wc-webhook.php"],
    confidence: "medium",
  },
});
