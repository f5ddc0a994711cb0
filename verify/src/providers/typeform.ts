import { bodyHmac } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";

/** Typeform. Base64 behind `sha256=`. */
export const typeform = defineProvider({
  slug: "typeform",
  name: "Typeform",
  headers: [{ signature: "Typeform-Signature" }],
  scheme: bodyHmac("base64", "sha256="),
  identity: {
    id: [{ body: "event_id" }],
    type: [[{ body: "event_type" }]],
    time: [{ place: { body: "form_response.submitted_at" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{body}",
    eventIdFrom: "body `event_id`; the same on every retry",
    dedupeKey: "event id",
    notCovered: "the time (there is none outside the body), URL and method",
    handshakeNote: "none",
    notes: "404 and 410 switch the webhook off at once. Retries for about ten hours.",
    source: ["trigger.dev registry/typeform.ts"],
    confidence: "medium",
  },
});
