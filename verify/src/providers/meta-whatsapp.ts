import { bodyHmac, issuedSecret } from "../body-hmac.ts";
import type { IdentityRule } from "../extract/identity-rule.ts";
import { describeEntry, describeMeta } from "../extract/meta-changes.ts";
import { answerSubscribe } from "../handshakes/meta.ts";
import { defineProvider } from "../define-provider.ts";
import { itemsAt } from "../extract/items.ts";

const identity: IdentityRule = {
  id: [{ body: "id" }, { body: "mid" }],
  type: [[{ body: "object" }, { body: "field" }]],
  time: [
    { place: { body: "time" }, unit: "s" },
    { place: { body: "timestamp" }, unit: "ms" },
  ],
  version: [],
  forms: false,
};

/** Meta: WhatsApp, Messenger, Instagram and Pages share one scheme. The key is the app secret. */
export const metaWhatsapp = defineProvider({
  slug: "meta-whatsapp",
  name: "Meta (WhatsApp, Messenger, Instagram, Pages)",
  headers: [{ signature: "X-Hub-Signature-256" }],
  legacyHeader: "X-Hub-Signature",
  secretQuery: ["hub.verify_token"],
  handshakeMethods: ["GET"],
  handshakes: [{ signed: false, answer: answerSubscribe }],
  document: describeMeta,
  scheme: bodyHmac("hex", "sha256=", issuedSecret),
  identity,
  batch: {
    at: "entry[]",
    by: "the id of its only message, or the body and its place in it",
    items: itemsAt("entry"),
    document: describeEntry,
    identity,
  },
  facts: {
    identity: "signed",
    signedContent: "{body}",
    eventIdFrom: "the id of the message (`wamid…`, `mid`) in a request with one message; the same on every retry",
    dedupeKey: "message id; else the body",
    notCovered: "the time (there is none outside the body), URL and method",
    handshakeNote:
      "GET with `hub.mode=subscribe` is answered with `hub.challenge` when `hub.verify_token` is the receiver's verifyToken",
    notes:
      "The envelope has no id. Status updates name the message that they are about and are told by their body, and so is the end of an Instagram message (`is_deleted`), which comes with the id of the message. Characters beyond ASCII come as \\\\u escapes: verify the raw bytes. SHA-1 signatures are never enough.",
    source: ["developers.facebook.com graph-api webhooks (from memory)"],
    confidence: "medium",
  },
});
