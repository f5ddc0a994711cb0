import { bodyHmacs } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";

/** PagerDuty, webhooks V3. One v1 signature for each secret. */
export const pagerduty = defineProvider({
  slug: "pagerduty",
  name: "PagerDuty",
  headers: [{ signature: "X-PagerDuty-Signature" }],
  scheme: bodyHmacs("v1"),
  identity: {
    id: [{ body: "event.id" }],
    type: [[{ body: "event.event_type" }]],
    time: [{ place: { body: "event.occurred_at" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{body}",
    eventIdFrom: "body `event.id`; the same on every retry",
    dedupeKey: "event id",
    notCovered: "the time (there is none outside the body), URL and method",
    handshakeNote: "none: `pagey.ping` is an ordinary event",
    notes:
      "Three dropped webhooks in a row switch the subscription off for 24 hours. Retries for 48 hours; an answer of 4xx other than 429 is not repeated.",
    source: ["PagerDuty/developer-docs docs/webhooks/02-Behavior.md, 04-Signatures.md"],
    confidence: "high",
  },
});
