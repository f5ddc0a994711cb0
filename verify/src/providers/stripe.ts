import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** Stripe. The whole `whsec_…` text is the key: its prefix stays, and nothing is decoded. */
export const stripe = defineProvider({
  slug: "stripe",
  name: "Stripe",
  headers: [{ signature: "Stripe-Signature" }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "pairs", separator: ",", timestampKey: "t", signatureKey: "v1", encoding: "hex" },
    timestamp: { at: "signature", unit: "s", toleranceSec: 300 },
    content: template("{timestamp}.{body}"),
    secret: { encoding: "utf8", prefix: "whsec_", bytesMin: 24 },
  },
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "type" }]],
    time: [
      { place: { body: "created" }, unit: "s" },
      { place: { body: "created" }, unit: "iso" },
    ],
    version: [{ body: "api_version" }],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{timestamp}.{body}",
    eventIdFrom: "body `id`; the same on every retry and at every receiver",
    dedupeKey: "event id",
    notCovered: "URL, method and other headers",
    handshakeNote: "none",
    notes:
      "One v1 signature per live secret while a secret is rolled; other schemes (v0) are passed over. Stripe may write two Event objects for one change, with two ids.",
    source: ["stripe@23.1.0 esm/Webhooks.js", "docs.stripe.com/webhooks/process-undelivered-events"],
    confidence: "high",
  },
});
