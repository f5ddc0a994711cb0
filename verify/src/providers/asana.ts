import { bodyHmac, issuedSecret } from "../body-hmac.ts";
import { describeBatch } from "../extract/batch.ts";
import { answerHookSecret } from "../handshakes/asana.ts";
import { defineProvider } from "../define-provider.ts";
import { itemIdentity, itemsAt } from "../extract/items.ts";

/** Asana. The secret is what Asana sends when a webhook is made. */
export const asana = defineProvider({
  slug: "asana",
  name: "Asana",
  headers: [{ signature: "X-Hook-Signature" }],
  handshakes: [{ signed: false, answer: answerHookSecret }],
  document: describeBatch({
    items: ["events"],
    envelope: {},
    shared: { action: "action", resource: "resource.resource_type", time: "created_at" },
    single: {},
  }),
  scheme: bodyHmac("hex", "", issuedSecret),
  identity: {
    id: [],
    type: [[{ body: "action" }, { body: "resource" }]],
    time: [{ place: { body: "time" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  batch: {
    at: "events[]",
    by: "the body and its place in it",
    items: itemsAt("events"),
    identity: itemIdentity({ type: ["action", "resource.resource_type"], time: { at: "created_at", unit: "iso" } }),
  },
  facts: {
    identity: "none",
    signedContent: "{body}",
    eventIdFrom: "none",
    dedupeKey: "the body (each event holds its action, resource and time)",
    notCovered: "the time (there is none outside the body), URL and method",
    handshakeNote: "POST with `X-Hook-Secret` is answered with the same header; keep its value as the secret",
    notes:
      "An empty list is a heartbeat, every eight hours, and the same bytes every time. A webhook that fails for 24 hours is deleted.",
    source: ["developers.asana.com webhooks guide (from memory)"],
    confidence: "medium",
  },
});
