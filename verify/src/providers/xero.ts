import { bodyHmac } from "../body-hmac.ts";
import { describeBatch } from "../extract/batch.ts";
import { answerIntent, refuseIntent } from "../handshakes/xero.ts";
import { defineProvider } from "../define-provider.ts";
import { itemIdentity, itemsAt } from "../extract/items.ts";

/** Xero. Several events in one request; a request without events is the intent to receive. */
export const xero = defineProvider({
  slug: "xero",
  name: "Xero",
  headers: [{ signature: "x-xero-signature" }],
  handshakes: [
    { signed: true, answer: answerIntent },
    { signed: false, answer: refuseIntent },
  ],
  document: describeBatch({
    items: ["events"],
    envelope: {},
    shared: { category: "eventCategory", type: "eventType", time: "eventDateUtc" },
    single: {},
  }),
  scheme: bodyHmac("base64"),
  identity: {
    id: [],
    type: [[{ body: "category" }, { body: "type" }]],
    time: [{ place: { body: "time" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  batch: {
    at: "events[]",
    by: "the body and its place in it",
    items: itemsAt("events"),
    identity: itemIdentity({ type: ["eventCategory", "eventType"], time: { at: "eventDateUtc", unit: "iso" } }),
  },
  facts: {
    identity: "none",
    signedContent: "{body}",
    eventIdFrom: "none",
    dedupeKey: "the body (its sequence numbers tell every request from every other)",
    notCovered: "the time (there is none outside the body), URL and method",
    handshakeNote:
      "intent to receive: a request without events is answered with an empty 200 when it verifies, and with an empty 401 when it does not",
    notes: "Answers must be empty and without cookies, within five seconds. A new key replaces the old one at once.",
    source: ["developer.xero.com/documentation/webhooks/configuring-your-server"],
    confidence: "high",
  },
});
