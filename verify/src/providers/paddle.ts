import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** Paddle Billing. The whole `pdl_ntfset_…` text is the key. */
export const paddle = defineProvider({
  slug: "paddle",
  name: "Paddle Billing",
  headers: [{ signature: "Paddle-Signature" }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "pairs", separator: ";", timestampKey: "ts", signatureKey: "h1", encoding: "hex" },
    // What Paddle recommends and its library enforces; generous enough with a synchronised clock, and a retry is signed anew.
    timestamp: { at: "signature", unit: "s", toleranceSec: 5 },
    content: template("{timestamp}:{body}"),
    secret: { encoding: "utf8", prefix: "pdl_ntfset_", bytesMin: 24 },
  },
  identity: {
    id: [{ body: "event_id" }],
    type: [[{ body: "event_type" }]],
    time: [{ place: { body: "occurred_at" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{timestamp}:{body}",
    eventIdFrom: "body `event_id`; the same on every retry, replay and at every destination (`notification_id` is not)",
    dedupeKey: "event id",
    notCovered: "URL, method and other headers",
    handshakeNote: "none",
    notes:
      "The default of 5 s is Paddle's own and needs a synchronised clock; set toleranceSec where that cannot be had. Several h1 signatures while a secret is rotated, all of them tried (Paddle's library looks at the last one only).",
    source: [
      "@paddle/paddle-node-sdk@3.10.0 dist/cjs/notifications/helpers/webhooks-validator.js",
      "developer.paddle.com respond to webhooks",
    ],
    confidence: "high",
  },
});
