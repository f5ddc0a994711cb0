import { bodyHmac } from "../body-hmac.ts";
import { describeBatch, itemIds } from "../extract/batch.ts";
import { defineProvider } from "../define-provider.ts";
import { itemIdentity, itemsAt } from "../extract/items.ts";
import { answerIntent } from "../handshakes/xero.ts";

/** LINE Messaging. The key is the channel secret; redelivery changes the bytes. */
export const line = defineProvider({
  slug: "line",
  name: "LINE",
  headers: [{ signature: "x-line-signature" }],
  document: describeBatch({
    items: ["events"],
    envelope: {},
    shared: { type: "type", time: "timestamp" },
    single: { id: "webhookEventId" },
  }),
  stableContent: itemIds(["events"], "webhookEventId"),
  scheme: bodyHmac("base64"),
  handshakes: [{ signed: true, answer: answerIntent }],
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "type" }]],
    time: [{ place: { body: "time" }, unit: "ms" }],
    version: [],
    forms: false,
  },
  batch: {
    at: "events[]",
    by: "`webhookEventId`",
    items: itemsAt("events"),
    identity: itemIdentity({ id: "webhookEventId", type: ["type"], time: { at: "timestamp", unit: "ms" } }),
  },
  facts: {
    identity: "signed",
    signedContent: "{body}",
    eventIdFrom: "body `events[].webhookEventId` of a request with one event; the same on redelivery",
    dedupeKey: "webhook event id; the ids of all events of a request with several",
    notCovered: "the time (there is none outside the body), URL and method",
    handshakeNote: "the console's check, a genuine request without events, is answered with an empty 200",
    notes: "`deliveryContext.isRedelivery` changes on redelivery, so the bytes do too. Redelivery is off by default.",
    source: ["@line/bot-sdk@11.0.0 dist/validate-signature.js"],
    confidence: "medium",
  },
});
