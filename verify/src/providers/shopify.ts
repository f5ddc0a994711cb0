import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** Shopify. Two generations of header names. */
export const shopify = defineProvider({
  slug: "shopify",
  name: "Shopify",
  headers: [
    {
      signature: "X-Shopify-Hmac-Sha256",
      id: "X-Shopify-Event-Id",
      type: "X-Shopify-Topic",
      time: "X-Shopify-Triggered-At",
      version: "X-Shopify-API-Version",
    },
    {
      signature: "shopify-hmac-sha256",
      id: "shopify-event-id",
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
  // One change of an order is sent with the same bytes under several topics, and each of them is an event of its own.
  stableContent: ({ request, values }) => [values.type ?? "", "\0", request.body],
  facts: {
    identity: "unsigned",
    signedContent: "{body}",
    eventIdFrom: "header `X-Shopify-Event-Id`; the same on every retry and for every subscription to one topic",
    dedupeKey: "event id, and topic with body",
    notCovered: "the event id, the topic, the shop, the time, the API version, URL and method",
    handshakeNote: "none",
    notes:
      "Retries send the first payload again. The key of the signed content holds the topic, because one body is sent under several topics. Test notifications from the shop's settings page are not signed with the app's secret.",
    source: ["@shopify/shopify-api@13.1.0 dist/cjs/lib/webhooks/validate.js", "shopify.dev ignore duplicates"],
    confidence: "high",
  },
});
