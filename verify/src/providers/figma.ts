import { noHeader } from "../arrival.ts";
import { defineProvider } from "../define-provider.ts";
import { tokenScheme } from "../engines/credentials.ts";
import { parseObject } from "../engines/jws.ts";
import { refuseBody } from "../engines/read-parts.ts";
import { path } from "../extract/json-scan.ts";
import { select } from "../extract/select.ts";
import { withoutField } from "../extract/without-field.ts";
import { bodyValue, emptyAnswer } from "../handshakes/answers.ts";

const passcode = [path("passcode")];

/** Figma: a passcode in the body; nothing is signed. */
export const figma = defineProvider({
  slug: "figma",
  name: "Figma",
  headers: [noHeader],
  scheme: tokenScheme({
    where: "the body's passcode",
    secret: { encoding: "utf8", prefix: "", bytesMin: 16 },
    read: (arrival) => {
      const [given] = select(arrival.request.body, passcode);
      return given?.kind === "string" ? [[given.text]] : refuseBody(arrival, "it has no passcode as text, once");
    },
    write: ({ request }, token) => {
      const body = JSON.stringify({ ...parseObject(request.body), passcode: token });
      return { url: request.url, headers: [], body: Buffer.from(body) };
    },
  }),
  identity: {
    id: [],
    type: [[{ body: "event_type" }]],
    time: [{ place: { body: "timestamp" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  // A retry brings the passcode that is set by then: two of them are live while a new one is rolled in.
  stableContent: withoutField("retries", "passcode"),
  handshakes: [
    { signed: true, answer: (request) => (bodyValue(request, "event_type") === "PING" ? emptyAnswer() : null) },
  ],
  facts: {
    identity: "none",
    signedContent: "nothing",
    eventIdFrom: "none",
    dedupeKey: "the body without `retries`, which counts the attempts, and without the passcode",
    notCovered: "everything: who knows the passcode can send anything",
    handshakeNote: "a PING with the right passcode is answered with 200",
    notes:
      "The passcode is in the body and so in what is stored and delivered: choose one that serves for nothing else (100 characters at most). Figma asks for status 400 on a wrong one, which stops the webhook; it is answered 401 here.",
    source: [
      "developers.figma.com/docs/rest-api/webhooks-security",
      "developers.figma.com/docs/rest-api/webhooks-types",
    ],
    confidence: "medium",
  },
});
