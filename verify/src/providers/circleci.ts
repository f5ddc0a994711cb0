import { bodyHmacs } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";

/** CircleCI. A list of versions, of which v1 counts. */
export const circleci = defineProvider({
  slug: "circleci",
  name: "CircleCI",
  headers: [{ signature: "circleci-signature", type: "circleci-event-type" }],
  scheme: bodyHmacs("v1"),
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "type" }], [{ header: "type" }]],
    time: [{ place: { body: "happened_at" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{body}",
    eventIdFrom: "body `id`; the same on every retry",
    dedupeKey: "event id",
    notCovered: "the time (there is none outside the body), URL and method",
    handshakeNote: "none: the ping of the test button is an ordinary event",
    notes: "Versions other than v1 are passed over.",
    source: ["circleci/circleci-docs outbound-webhooks.adoc (three published vectors)"],
    confidence: "high",
  },
});
