import { noHeader } from "../arrival.ts";
import { defineProvider } from "../define-provider.ts";
import { tokenScheme, urlToken } from "../engines/credentials.ts";
import { methodCheck } from "../handshakes/answers.ts";

/** Mailchimp Marketing: nothing is signed; the secret is part of the URL that is registered. */
export const mailchimp = defineProvider({
  slug: "mailchimp",
  name: "Mailchimp Marketing",
  headers: [noHeader],
  secretQuery: ["*"],
  handshakeMethods: ["GET"],
  scheme: tokenScheme(urlToken),
  identity: {
    id: [],
    type: [[{ form: "type" }]],
    time: [],
    version: [],
    forms: true,
  },
  handshakes: [methodCheck("GET")],
  facts: {
    identity: "none",
    signedContent: "nothing",
    eventIdFrom: "none",
    dedupeKey: "the body (type, subscriber, list, time and all else)",
    notCovered: "everything: who knows the URL can send anything",
    handshakeNote: "GET is answered with 200",
    notes:
      "Put one of `secrets` into the URL that is registered: as a value of its query, or as a part of its path. Mailchimp waits 10 seconds, and tries again for 75 minutes.",
    source: ["mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks"],
    confidence: "medium",
  },
});
