import { defineProvider } from "../define-provider.ts";
import { path } from "../extract/json-scan.ts";
import { selectTexts } from "../extract/select.ts";
import { emptyAnswer } from "../handshakes/answers.ts";
import { onlyHeader } from "../request.ts";

const eventPaths = ["uuid", "event", "subscriptionId"].map(path);

/** RingCentral: a token that was set with the subscription comes in a header; nothing is signed. */
export const ringcentral = defineProvider({
  slug: "ringcentral",
  name: "RingCentral",
  headers: [{ signature: "Verification-Token" }, { signature: "Validation-Token" }],
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
        // An event must never be taken for the check: by an edition of the guide events bear this header, too.
        const isEvent = selectTexts(body, eventPaths).some((value) => value !== null);
        const isCheck = token !== null && /^[!-~]{1,512}$/.test(token) && body.length <= 4096 && !isEvent;
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
    handshakeNote: "a request with `Validation-Token` and no event is answered with the same header",
    notes:
      "Set `verificationToken` when you subscribe, and give it as one of `secrets`. It comes in `Verification-Token`; the guide of 2024 has it in `Validation-Token`, which counts as well. RingCentral waits three seconds and takes an answer of 1024 bytes.",
    source: [
      "developers.ringcentral.com/guide/notifications/webhooks/receiving and creating-webhooks",
      "ringcentral.github.io/ringcentral-java WebhookDeliveryModeRequest",
    ],
    confidence: "medium",
  },
});
