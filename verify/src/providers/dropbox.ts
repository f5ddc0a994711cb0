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
  // A notice names accounts and nothing else, the same bytes at each change: a key of the body would drop the second for as long as
  // keys are kept. Told by the time of arrival none is lost, and a retry is delivered again.
  stableContent: ({ request, now }) => [request.body, now.toISOString()],
  identity: { id: [], type: [[{ body: "type" }]], time: [], version: [], forms: false },
  facts: {
    identity: "none",
    signedContent: "{body}",
    eventIdFrom: "none",
    dedupeKey: "the body with the time of arrival, so that no change is lost",
    notCovered: "the time (there is none), URL and method",
    handshakeNote: "GET with `challenge` is answered with it, as text that no browser sniffs",
    notes:
      "The notice names accounts only, so that they all look alike and a retry counts as a new event: fetch what changed by your cursor. Retries about ten times.",
    source: ["dropbox.com developers webhooks (from memory)"],
    confidence: "medium",
  },
});
