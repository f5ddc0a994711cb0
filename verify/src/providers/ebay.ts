import { createHash } from "node:crypto";
import { noHeader } from "../arrival.ts";
import { defineProvider } from "../define-provider.ts";
import { handshakeOnly } from "../engines/handshake-only.ts";
import { jsonAnswer, queryValue } from "../handshakes/answers.ts";

/** eBay's URL check. Its notifications are signed by a scheme that is not known here. */
export const ebay = defineProvider({
  slug: "ebay",
  name: "eBay (URL check)",
  headers: [noHeader],
  handshakeMethods: ["GET"],
  scheme: { ...handshakeOnly, receiverFields: ["verifyToken", "notificationUrl"] },
  identity: { id: [], type: [], time: [], version: [], forms: false },
  handshakes: [
    {
      signed: false,
      answer: (request, { receiver }) => {
        const code = request.method.toUpperCase() === "GET" ? queryValue(request, "challenge_code") : null;
        const { verifyToken } = receiver;
        const url = receiver.notificationUrl ?? receiver.callbackUrl;
        if (code === null || typeof verifyToken !== "string" || typeof url !== "string") return null;
        const hash = createHash("sha256").update(code).update(verifyToken).update(url);
        return jsonAnswer({ challengeResponse: hash.digest("hex") });
      },
    },
  ],
  facts: {
    identity: "none",
    signedContent: "nothing",
    eventIdFrom: "none",
    dedupeKey: "nothing is accepted",
    notCovered: "everything: every arrival is refused",
    handshakeNote: "GET with `challenge_code` is answered with SHA-256 of code, `verifyToken` and `notificationUrl`",
    notes: "Both `verifyToken` and `notificationUrl` exactly as registered.",
    source: ["developer.ebay.com marketplace account deletion"],
    confidence: "high",
  },
});
