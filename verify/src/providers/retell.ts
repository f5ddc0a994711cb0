import { chosenSecret } from "../body-hmac.ts";
import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** Retell AI. The time stands behind the body, without a separator; the key is an API key. */
export const retell = defineProvider({
  slug: "retell",
  name: "Retell AI",
  headers: [{ signature: "X-Retell-Signature" }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "pairs", separator: ",", timestampKey: "v", signatureKey: "d", encoding: "hex" },
    timestamp: { at: "signature", unit: "ms", toleranceSec: 300 },
    content: template("{body}{timestamp}"),
    secret: chosenSecret,
  },
  identity: {
    id: [],
    type: [[{ body: "event" }]],
    time: [
      { place: { body: "call.end_timestamp" }, unit: "ms" },
      { place: { body: "call.start_timestamp" }, unit: "ms" },
    ],
    version: [],
    forms: false,
  },
  facts: {
    identity: "none",
    signedContent: "{body}{timestamp}",
    eventIdFrom: "none",
    dedupeKey: "the body (it names the call and the event)",
    notCovered: "URL, method and other headers",
    handshakeNote: "none",
    notes:
      "The secret is the API key that is marked for webhooks. Digits moved between the end of the body and the time would be signed by the same bytes: the body must be JSON, which no digit can follow.",
    source: ["retell-sdk@5.66.1 lib/webhook_auth.js"],
    confidence: "medium",
  },
});
