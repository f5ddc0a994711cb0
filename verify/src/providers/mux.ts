import { chosenSecret } from "../body-hmac.ts";
import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** Mux. Several v1 signatures while a secret is rolled. */
export const mux = defineProvider({
  slug: "mux",
  name: "Mux",
  headers: [{ signature: "Mux-Signature" }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "pairs", separator: ",", timestampKey: "t", signatureKey: "v1", encoding: "hex" },
    timestamp: { at: "signature", unit: "s", toleranceSec: 300 },
    content: template("{timestamp}.{body}"),
    secret: chosenSecret,
  },
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "type" }]],
    time: [{ place: { body: "created_at" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{timestamp}.{body}",
    eventIdFrom: "body `id`; the same on every retry",
    dedupeKey: "event id",
    notCovered: "URL, method and other headers",
    handshakeNote: "none",
    notes:
      "The body may list earlier attempts, so that its bytes are not the same on a retry; the id is. Retries for 24 hours.",
    source: ["@mux/mux-node@15.3.0 resources/webhooks/webhooks.js"],
    confidence: "medium",
  },
});
