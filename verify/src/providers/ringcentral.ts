import { defineProvider } from "../define-provider.ts";
import { emptyAnswer } from "../handshakes/answers.ts";
import { onlyHeader } from "../request.ts";

/** RingCentral: a token that was set with the subscription comes in a header; nothing is signed. */
export const ringcentral = defineProvider({
  slug: "ringcentral",
  name: "RingCentral",
  headers: [{ signature: "Verification-Token" }],
  securityHeaders: ["validation-token"],
  scheme: { engine: "static-token", secret: { encoding: "utf8", prefix: "", bytesMin: 16 } },
  identity: {
    id: [{ body: "uuid" }],
    type: [[{ body: "event" }]],
    time: [{ place: { body: "timestamp" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  handshakes: [
    {
      signed: false,
      answer: ({ headers, body }) => {
        const token = onlyHeader(headers, "validation-token");
        const isCheck = token !== null && /^[!-~]{1,512}$/.test(token) && body.length <= 4096;
        return isCheck ? emptyAnswer(200, { "validation-token": token }) : null;
      },
    },
  ],
  facts: {
    identity: "unsigned",
    signedContent: "nothing",
    eventIdFrom: "body `uuid`; whether it stays the same on a retry is not documented",
    dedupeKey: "event id, or the body without one",
    notCovered: "everything: who knows the token can send anything",
    handshakeNote: "a request with `Validation-Token` is answered with the same header",
    notes: "Set `verificationToken` when you subscribe, and give it as one of `secrets`.",
    source: ["developers.ringcentral.com webhooks (from memory)"],
    confidence: "low",
  },
});
