import { chosenSecret } from "../body-hmac.ts";
import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** Crisp. Time and body stand in literal brackets. */
export const crisp = defineProvider({
  slug: "crisp",
  name: "Crisp",
  headers: [{ signature: "X-Crisp-Signature", timestamp: "X-Crisp-Request-Timestamp" }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "plain", prefix: "", encoding: "hex" },
    timestamp: { at: "header", unit: "ms", toleranceSec: 300 },
    content: template("[{timestamp};{body}]"),
    secret: chosenSecret,
  },
  identity: {
    id: [],
    type: [[{ body: "event" }]],
    time: [{ place: { body: "timestamp" }, unit: "ms" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "none",
    signedContent: "[{timestamp};{body}]",
    eventIdFrom: "none",
    dedupeKey: "the body (it holds the event and the time)",
    notCovered: "URL, method and other headers",
    handshakeNote: "none",
    notes: "Its library hashes the parsed body written anew and looks at no clock.",
    source: ["crisp-api@11.3.0 dist/crisp.js"],
    confidence: "medium",
  },
});
