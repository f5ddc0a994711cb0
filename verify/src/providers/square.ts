import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** Square: the notification URL exactly as it is registered, and the body. */
export const square = defineProvider({
  slug: "square",
  name: "Square",
  headers: [{ signature: "x-square-hmacsha256-signature", version: "square-version" }],
  legacyHeader: "x-square-signature",
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "plain", prefix: "", encoding: "base64" },
    timestamp: null,
    content: template("{notificationUrl}{body}"),
    // Square's signature keys have 22 characters.
    secret: { encoding: "utf8", prefix: "", bytesMin: 16 },
  },
  identity: {
    id: [{ body: "event_id" }],
    type: [[{ body: "type" }]],
    time: [{ place: { body: "created_at" }, unit: "iso" }],
    version: [{ header: "version" }],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{notificationUrl}{body}",
    eventIdFrom: "body `event_id`; the same on every retry",
    dedupeKey: "event id",
    notCovered: "the time (there is none), the API version, the retry headers and the method",
    handshakeNote: "none",
    notes: "A new signature key replaces the old one at once, without overlap. SHA-1 signatures are never enough.",
    source: ["square@46.0.0 wrapper/WebhooksHelper.js", "developer.squareup.com webhooks/troubleshooting, step4manage"],
    confidence: "medium",
  },
});
