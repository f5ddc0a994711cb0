import { chosenSecret } from "../body-hmac.ts";
import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** Box. Two signatures in two headers, by the primary and the secondary key; the time stands behind the body. */
export const box = defineProvider({
  slug: "box",
  name: "Box",
  headers: [
    {
      signature: "BOX-SIGNATURE-PRIMARY",
      others: ["BOX-SIGNATURE-SECONDARY"],
      timestamp: "BOX-DELIVERY-TIMESTAMP",
      version: "BOX-SIGNATURE-VERSION",
    },
    { signature: "BOX-SIGNATURE-SECONDARY", timestamp: "BOX-DELIVERY-TIMESTAMP", version: "BOX-SIGNATURE-VERSION" },
  ],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "plain", prefix: "", encoding: "base64" },
    timestamp: { at: "header", unit: "iso", toleranceSec: 600 },
    content: template("{body}{timestamp}"),
    secret: chosenSecret,
  },
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "trigger" }]],
    time: [{ place: { body: "created_at" }, unit: "iso" }],
    version: [{ header: "version" }],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{body}{timestamp}",
    eventIdFrom: "body `id` (`BOX-DELIVERY-ID` is another on every attempt)",
    dedupeKey: "event id",
    notCovered: "the signature version, the delivery id, URL and method",
    handshakeNote: "none",
    notes:
      "Either signature is enough, so that one key can be replaced while the other signs. The tolerance of ten minutes is Box's own. Up to ten retries.",
    source: ["developer.box.com/guides/webhooks/v2/signatures-v2"],
    confidence: "high",
  },
});
