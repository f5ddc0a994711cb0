import { bodyHmac, issuedSecret } from "../body-hmac.ts";
import { answerChallenge } from "../handshakes/dropbox.ts";
import { defineProvider } from "../define-provider.ts";

/** The body has no type of its own. */
const notice = Buffer.from('{"type":"list_folder.accounts"}');

/** Dropbox. Says whose files changed, never what; the key is the app secret. */
export const dropbox = defineProvider({
  slug: "dropbox",
  name: "Dropbox",
  headers: [{ signature: "X-Dropbox-Signature" }],
  handshakeMethods: ["GET"],
  handshakes: [{ signed: false, answer: answerChallenge }],
  document: () => notice,
  scheme: bodyHmac("hex", "", { ...issuedSecret, bytesMin: 12 }),
  identity: { id: [], type: [[{ body: "type" }]], time: [], version: [], forms: false },
  facts: {
    identity: "none",
    signedContent: "{body}",
    eventIdFrom: "none",
    dedupeKey:
      "the body: two notices for the same accounts are the same bytes and count as one within the dedupe horizon, so fetch by cursor and not by notice",
    notCovered: "the time (there is none), URL and method",
    handshakeNote: "GET with `challenge` is answered with it, as text that no browser sniffs",
    notes: "The notice names accounts only. Retries about ten times.",
    source: ["dropbox.com developers webhooks (from memory)"],
    confidence: "medium",
  },
});
