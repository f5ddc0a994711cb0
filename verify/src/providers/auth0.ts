import { chosenSecret } from "../body-hmac.ts";
import { describeLogs, logIds } from "../extract/auth0-logs.ts";
import { defineProvider } from "../define-provider.ts";
import { itemIdentity, itemsOrLines } from "../extract/items.ts";

/** Auth0 log streams to a custom webhook: a list, lines or a single object of JSON. */
export const auth0 = defineProvider({
  slug: "auth0",
  name: "Auth0 log streams",
  headers: [{ signature: "Authorization" }],
  document: describeLogs,
  stableContent: logIds,
  scheme: { engine: "static-token", secret: chosenSecret },
  identity: {
    id: [{ body: "log_id" }],
    type: [[{ body: "data.type" }]],
    time: [{ place: { body: "data.date" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  batch: {
    at: "[], or a line each",
    by: "`log_id`",
    items: itemsOrLines,
    identity: itemIdentity({ id: "log_id", type: ["data.type"], time: { at: "data.date", unit: "iso" } }),
  },
  facts: {
    identity: "unsigned",
    signedContent: "nothing",
    eventIdFrom: "`log_id` of a request with one entry; the same on every retry",
    dedupeKey: "log id; the ids of all entries of a request with several",
    notCovered: "everything: who knows the token can send anything",
    handshakeNote: "none",
    notes: "A request with several entries is one event here. Three retries, then the stream is paused.",
    source: ["auth0.com docs custom log streams (from memory)"],
    confidence: "medium",
  },
});
