import { chosenSecret } from "../body-hmac.ts";
import { describeUpdate } from "../extract/telegram-update.ts";
import { defineProvider } from "../define-provider.ts";

/** Telegram Bot API. The token that was given to `setWebhook` comes back in a header. */
export const telegram = defineProvider({
  slug: "telegram",
  name: "Telegram",
  headers: [{ signature: "X-Telegram-Bot-Api-Secret-Token" }],
  document: describeUpdate,
  scheme: { engine: "static-token", secret: { ...chosenSecret, bytesMin: 16 } },
  identity: {
    id: [{ body: "update_id" }],
    type: [[{ body: "type" }]],
    time: [{ place: { body: "date" }, unit: "s" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "unsigned",
    signedContent: "nothing",
    eventIdFrom: "body `update_id`; the same on every retry, counted up for each bot",
    dedupeKey: "update id",
    notCovered: "everything: who knows the token can send anything",
    handshakeNote: "none",
    notes:
      "The type is the name of the member that the update has beside its id. Tokens have 1 to 256 of A-Z, a-z, 0-9, _ and -.",
    source: ["core.telegram.org/bots/api (from memory)"],
    confidence: "medium",
  },
});
