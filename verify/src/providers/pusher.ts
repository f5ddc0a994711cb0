import { bodyHmac, issuedSecret } from "../body-hmac.ts";
import { describeBatch } from "../extract/batch.ts";
import { defineProvider } from "../define-provider.ts";
import { itemIdentity, itemsAt } from "../extract/items.ts";

/** Pusher Channels. `X-Pusher-Key` says which of the app's keys signed; every secret of the receiver is tried whatever it says. */
export const pusher = defineProvider({
  slug: "pusher",
  name: "Pusher Channels",
  headers: [{ signature: "X-Pusher-Signature" }],
  document: describeBatch({ items: ["events"], envelope: { time: "time_ms" }, shared: { name: "name" }, single: {} }),
  scheme: bodyHmac("hex", "", issuedSecret),
  identity: {
    id: [],
    type: [[{ body: "name" }]],
    time: [{ place: { body: "time" }, unit: "ms" }],
    version: [],
    forms: false,
  },
  batch: {
    at: "events[]",
    by: "the body and its place in it",
    items: itemsAt("events"),
    identity: itemIdentity({ type: ["name"] }),
  },
  facts: {
    identity: "none",
    signedContent: "{body}",
    eventIdFrom: "none",
    dedupeKey: "the body (it holds its time in milliseconds)",
    notCovered: "`X-Pusher-Key`, URL and method",
    handshakeNote: "none",
    notes: "A request with several events is one event here, and has a type where all agree. Retries for five minutes.",
    source: ["pusher@5.3.4 lib/webhook.js"],
    confidence: "medium",
  },
});
