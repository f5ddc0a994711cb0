import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** Shopify. Two generations of header names. */
export const shopify = defineProvider({
  slug: "shopify",
  name: "Shopify",
  headers: [
    {
      signature: "X-Shopify-Hmac-Sha256",
      id: "X-Shopify-Webhook-Id",
      type: "X-Shopify-Topic",
      time: "X-Shopify-Triggered-At",
      version: "X-Shopify-API-Version",
    },
    {
      signature: "shopify-hmac-sha256",
      id: "shopify-webhook-id",
      type: "shopify-topic",
      time: "shopify-triggered-at",
      version: "shopify-api-version",
    },
  ],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "plain", prefix: "", encoding: "base64" },
    timestamp: null,
    content: template("{body}"),
    secret: { encoding: "utf8", prefix: "", bytesMin: 24 },
  },
  identity: {
    id: [{ header: "id" }],
    type: [[{ header: "type" }]],
    time: [{ place: { header: "time" }, unit: "iso" }],
    version: [{ header: "version" }],
    forms: false,
  },
  // Bodies such as those of product_listings/remove hold no time: what happens again to the same thing reads alike.
  contentIsUnique: false,
  // One change of an order is sent with the same bytes under several topics, and each of them is an event of its own.
  stableContent: ({ request, values }) => [values.type ?? "", "\0", request.body],
  facts: {
    identity: "unsigned",
    signedContent: "{body}",
    eventIdFrom:
      "header `X-Shopify-Webhook-Id`; the same on every retry, another for each subscription. `X-Shopify-Event-Id` is shared by all that one action of the merchant causes",
    dedupeKey: "webhook id alone; topic and body where it is missing",
    notCovered: "the webhook id, the topic, the shop, the time, the API version, URL and method",
    handshakeNote: "none",
    notes:
      "Retries send the first payload again. Bodies of some topics hold no time, so that the content is no key: a captured request that comes back under another webhook id counts as a new event. Two subscriptions to one topic are two events. Test notifications from the shop's settings page are not signed with the app's secret.",
    source: ["@shopify/shopify-api@13.1.0 dist/cjs/lib/webhooks/validate.js", "shopify.dev webhooks verify-deliveries"],
    confidence: "high",
  },
});
