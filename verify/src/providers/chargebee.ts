import { defineProvider } from "../define-provider.ts";
import { basicScheme } from "../engines/credentials.ts";

/** Chargebee: a user's name and password. */
export const chargebee = defineProvider({
  slug: "chargebee",
  name: "Chargebee",
  headers: [{ signature: "Authorization" }],
  secretHeaders: ["authorization"],
  scheme: basicScheme,
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "event_type" }]],
    time: [{ place: { body: "occurred_at" }, unit: "s" }],
    version: [{ body: "api_version" }],
    forms: false,
  },
  facts: {
    identity: "unsigned",
    signedContent: "nothing",
    eventIdFrom: "body `id`; the same on every retry",
    dedupeKey: "event id (`webhook_status` makes the bytes differ from attempt to attempt)",
    notCovered: "everything: who knows the password can send anything",
    handshakeNote: "none",
    notes: "`username` with `password`, or with `secrets` where passwords overlap.",
    source: ["hookdeck/webhook-skills chargebee verification"],
    confidence: "medium",
  },
});
