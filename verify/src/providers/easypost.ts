import { bodyHmac } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";

/** EasyPost. The secret is normalized (NFKD) before it is the key. */
export const easypost = defineProvider({
  slug: "easypost",
  name: "EasyPost",
  headers: [{ signature: "X-Hmac-Signature" }],
  scheme: bodyHmac("hex", "hmac-sha256-hex=", { encoding: "nfkd", prefix: "", bytesMin: 24 }),
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "description" }]],
    time: [{ place: { body: "created_at" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{body}",
    eventIdFrom: "body `id`; the same on every retry",
    dedupeKey: "event id",
    notCovered: "the time (there is none outside the body), URL and method",
    handshakeNote: "none",
    notes:
      "Its library writes whole weights with a decimal before it hashes (`12` as `12.0`), to undo what a parser did; the raw bytes need none of that. Up to six retries.",
    source: ["@easypost/api@8.9.0 src/utils/util.js"],
    confidence: "medium",
  },
});
