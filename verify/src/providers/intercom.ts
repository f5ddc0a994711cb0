import { bodyHmac } from "../body-hmac.ts";
import { methodCheck } from "../handshakes/answers.ts";
import { defineProvider } from "../define-provider.ts";

/** Intercom. SHA-1 is all that it offers; the key is the client secret. */
export const intercom = defineProvider({
  slug: "intercom",
  name: "Intercom",
  headers: [{ signature: "X-Hub-Signature" }],
  handshakeMethods: ["HEAD"],
  handshakes: [methodCheck("HEAD")],
  scheme: { ...bodyHmac("hex", "sha1="), hash: "sha1" },
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "topic" }]],
    time: [{ place: { body: "created_at" }, unit: "s" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{body}",
    eventIdFrom: "body `id`; the same on every retry",
    dedupeKey: "event id",
    notCovered: "the time (there is none outside the body), URL and method",
    handshakeNote: "HEAD is answered with an empty 200",
    notes:
      "`delivery_attempts` and `first_sent_at` change the bytes on a retry. One retry after a minute; 410 ends the subscription.",
    source: ["developers.intercom.com webhook-notifications", "trigger.dev registry/intercom.ts"],
    confidence: "medium",
  },
});
