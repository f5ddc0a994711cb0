import { chosenSecret } from "../body-hmac.ts";
import { describeBatch } from "../extract/batch.ts";
import { answerVerification } from "../handshakes/okta.ts";
import { defineProvider } from "../define-provider.ts";
import { itemIdentity, itemsAt } from "../extract/items.ts";

/** Okta event hooks. The header is whatever was set at the hook; Authorization is what Okta suggests. */
export const okta = defineProvider({
  slug: "okta",
  name: "Okta event hooks",
  headers: [{ signature: "Authorization" }],
  handshakeMethods: ["GET"],
  handshakes: [{ signed: false, answer: answerVerification }],
  document: describeBatch({
    items: ["data.events"],
    envelope: { id: "eventId", version: "eventTypeVersion" },
    shared: { type: "eventType", time: "published" },
    single: {},
  }),
  scheme: { engine: "static-token", secret: chosenSecret },
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "type" }]],
    time: [{ place: { body: "time" }, unit: "iso" }],
    version: [{ body: "version" }],
    forms: false,
  },
  batch: {
    at: "data.events[]",
    by: "`uuid`",
    items: itemsAt("data.events"),
    identity: itemIdentity({ id: "uuid", type: ["eventType"], time: { at: "published", unit: "iso" } }),
  },
  facts: {
    identity: "unsigned",
    signedContent: "nothing",
    eventIdFrom: "body `eventId`; the same on the retry",
    dedupeKey: "event id",
    notCovered: "everything: who knows the token can send anything",
    handshakeNote: 'GET with `x-okta-verification-challenge` is answered with `{"verification": …}`',
    notes:
      "A request may hold several events (`data.events[].uuid`); it is one event here, and has a type where all agree. One retry at most.",
    source: ["okta/okta-developer-docs docs/concepts/event-hooks/index.md"],
    confidence: "high",
  },
});
