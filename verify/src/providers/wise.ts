import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";
import { keyPairScheme } from "../engines/key-pair.ts";
import { emptyAnswer } from "../handshakes/answers.ts";
import { onlyHeader } from "../request.ts";

/** Wise: RSA over the body. */
export const wise = defineProvider({
  slug: "wise",
  name: "Wise",
  headers: [{ signature: "X-Signature-SHA256", id: "X-Delivery-Id" }],
  securityHeaders: ["x-test-notification"],
  scheme: keyPairScheme({
    algorithm: "rsa-sha256",
    signatureHeader: "X-Signature-SHA256",
    timestampHeader: null,
    toleranceSec: null,
    content: template("{body}"),
  }),
  identity: {
    id: [{ header: "id" }],
    type: [[{ body: "event_type" }]],
    time: [
      { place: { body: "data.occurred_at" }, unit: "iso" },
      { place: { body: "sent_at" }, unit: "iso" },
    ],
    version: [{ body: "schema_version" }],
    forms: false,
  },
  handshakes: [
    {
      signed: true,
      answer: ({ headers }) => (onlyHeader(headers, "x-test-notification") === "true" ? emptyAnswer() : null),
    },
  ],
  facts: {
    identity: "unsigned",
    signedContent: "{body}",
    eventIdFrom: "header `X-Delivery-Id`; the same on every retry of one delivery",
    dedupeKey: "delivery id, and the body",
    notCovered: "the delivery id, the time of sending, URL and method",
    handshakeNote: "a test notification (`X-Test-Notification: true`) is answered with 200 once it verifies",
    notes:
      "`publicKeys`: the key that Wise publishes for the environment, as PEM. A new one is published ahead: give both.",
    source: ["docs.wise.com event handling"],
    confidence: "high",
  },
});
