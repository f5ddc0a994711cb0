import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";
import { timedBody } from "../extract/timed-body.ts";

/** Revolut Business and Merchant. One signature for each secret, the time in milliseconds in a header of its own. */
export const revolut = defineProvider({
  slug: "revolut",
  name: "Revolut",
  headers: [{ signature: "Revolut-Signature", timestamp: "Revolut-Request-Timestamp" }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "pairs", separator: ",", timestampKey: null, signatureKey: "v1", encoding: "hex" },
    timestamp: { at: "header", unit: "ms", toleranceSec: 300 },
    content: template("v1.{timestamp}.{body}"),
    secret: { encoding: "utf8", prefix: "wsk_", bytesMin: 16 },
  },
  identity: {
    id: [],
    type: [[{ body: "event" }]],
    time: [{ place: { body: "timestamp" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  // A merchant's event holds no time: the second decline of an order reads like the first.
  stableContent: timedBody("timestamp"),
  facts: {
    identity: "none",
    signedContent: "v1.{timestamp}.{body}",
    eventIdFrom: "none",
    dedupeKey:
      "the body of a Business event (it holds the time); of a Merchant event what is signed, the time of sending with it",
    notCovered: "URL, method and other headers",
    handshakeNote: "none",
    notes:
      "The whole `wsk_…` text is the key. After a rotation the old secret signs as well for up to seven days. Three retries, ten minutes apart, each signed anew: that of a Merchant event counts as a new event.",
    source: ["developer.revolut.com verify-the-payload-signature.md"],
    confidence: "medium",
  },
});
