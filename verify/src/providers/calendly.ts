import { chosenSecret } from "../body-hmac.ts";
import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** Calendly. One pair of a time in seconds and a signature. */
export const calendly = defineProvider({
  slug: "calendly",
  name: "Calendly",
  headers: [{ signature: "Calendly-Webhook-Signature" }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "pairs", separator: ",", timestampKey: "t", signatureKey: "v1", encoding: "hex" },
    timestamp: { at: "signature", unit: "s", toleranceSec: 180 },
    content: template("{timestamp}.{body}"),
    secret: chosenSecret,
  },
  identity: {
    id: [],
    type: [[{ body: "event" }]],
    time: [{ place: { body: "created_at" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "none",
    signedContent: "{timestamp}.{body}",
    eventIdFrom: "none",
    dedupeKey: "the body (it holds the event, the invitee and the time of creation, and stays the same on a retry)",
    notCovered: "URL, method and other headers",
    handshakeNote: "none",
    notes: "Retries for 24 hours, then the subscription is switched off and must be made again.",
    source: ["developer.calendly.com webhook-errors, webhook-timeouts.md"],
    confidence: "high",
  },
});
