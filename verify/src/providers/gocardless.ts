import { bodyHmac } from "../body-hmac.ts";
import { describeBatch } from "../extract/batch.ts";
import { defineProvider } from "../define-provider.ts";
import { itemIdentity, itemsAt } from "../extract/items.ts";

/** GoCardless. Up to 250 events in one request. */
export const gocardless = defineProvider({
  slug: "gocardless",
  name: "GoCardless",
  headers: [{ signature: "Webhook-Signature" }],
  document: describeBatch({
    items: ["events"],
    envelope: {},
    shared: { resource: "resource_type", action: "action", time: "created_at" },
    single: { id: "id" },
  }),
  scheme: bodyHmac("hex"),
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "resource" }, { body: "action" }]],
    time: [{ place: { body: "time" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  batch: {
    at: "events[]",
    by: "`id`",
    items: itemsAt("events"),
    identity: itemIdentity({ id: "id", type: ["resource_type", "action"], time: { at: "created_at", unit: "iso" } }),
  },
  facts: {
    identity: "signed",
    signedContent: "{body}",
    eventIdFrom: "body `events[].id` of a request with one event; the same on every retry",
    dedupeKey: "event id; the body of a request with several events",
    notCovered: "the time (there is none), URL and method",
    handshakeNote: "none",
    notes:
      "A request with several events is one event here, and has a type where all agree. GoCardless asks for status 498 on a bad signature; any answer but 2xx is repeated.",
    source: ["gocardless-nodejs@10.1.2 cjs/webhooks.js"],
    confidence: "medium",
  },
});
