import { bodyHmac, issuedSecret } from "../body-hmac.ts";
import { answerVerificationToken } from "../handshakes/notion.ts";
import { defineProvider } from "../define-provider.ts";

/** Notion. The secret is the verification token of the first request. */
export const notion = defineProvider({
  slug: "notion",
  name: "Notion",
  headers: [{ signature: "X-Notion-Signature" }],
  handshakes: [{ signed: false, answer: answerVerificationToken }],
  scheme: bodyHmac("hex", "sha256=", issuedSecret),
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "type" }]],
    time: [{ place: { body: "timestamp" }, unit: "iso" }],
    version: [{ body: "api_version" }],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{body}",
    eventIdFrom: "body `id`; the same on every retry",
    dedupeKey: "event id",
    notCovered: "URL, method and other headers",
    handshakeNote:
      "the unsigned first request with `verification_token` is answered with an empty 200; its token is pasted on Notion's page and is the secret",
    notes:
      "`attempt_number` changes from attempt to attempt, so the bytes do too. Up to eight attempts in about 24 hours.",
    source: ["@notionhq/client@5.26.0 build/src/webhooks.js"],
    confidence: "medium",
  },
});
