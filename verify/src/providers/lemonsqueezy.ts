import { bodyHmac, issuedSecret } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";

/** Lemon Squeezy. No event id, and the name of the event is in the body as well as in a header. */
export const lemonsqueezy = defineProvider({
  slug: "lemonsqueezy",
  name: "Lemon Squeezy",
  headers: [{ signature: "X-Signature", type: "X-Event-Name" }],
  scheme: bodyHmac("hex", "", { ...issuedSecret, bytesMin: 6 }),
  identity: {
    id: [],
    type: [[{ body: "meta.event_name" }], [{ header: "type" }]],
    time: [{ place: { body: "data.attributes.updated_at" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "none",
    signedContent: "{body}",
    eventIdFrom: "none",
    dedupeKey: "the body (it holds the event's name, the object and the time of its change)",
    notCovered: "the header with the event's name, URL and method",
    handshakeNote: "none",
    notes: "Three retries after 5, 25 and 125 seconds. Secrets have 6 to 40 characters: take 40.",
    source: ["docs.lemonsqueezy.com webhooks (from memory)", "trigger.dev wave2"],
    confidence: "medium",
  },
});
