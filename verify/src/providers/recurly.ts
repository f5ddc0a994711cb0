import { chosenSecret } from "../body-hmac.ts";
import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** Recurly. The header begins with the time; one signature for each secret behind it. */
export const recurly = defineProvider({
  slug: "recurly",
  name: "Recurly",
  headers: [{ signature: "recurly-signature" }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "time-first", encoding: "hex" },
    timestamp: { at: "signature", unit: "ms", toleranceSec: 300 },
    content: template("{timestamp}.{body}"),
    secret: chosenSecret,
  },
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "event_type" }]],
    time: [{ place: { body: "event_time" }, unit: "iso" }],
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
      "XML notifications are not signed: choose JSON where the URL is set. Each URL has a key of its own. Ten retries with growing gaps, in the order in which events were made.",
    source: [
      "docs.recurly.com automatic-retries",
      "docs.recurly.com/recurly-subscriptions/docs/signature-verification",
    ],
    confidence: "high",
  },
});
