import { createHmac } from "node:crypto";
import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";
import { jsonAnswer, queryValue } from "../handshakes/answers.ts";
import { readKeys } from "../key.ts";
import type { HmacTemplateScheme } from "../scheme.ts";

/** X's check is open to anybody and signed like an event: what has braces, quotes or spaces in it is never signed by it. */
const tokenForm = /^[A-Za-z0-9+/=_.~-]{1,512}$/;

const scheme: HmacTemplateScheme = {
  engine: "hmac-template",
  hash: "sha256",
  signature: { form: "plain", prefix: "sha256=", encoding: "base64" },
  timestamp: null,
  content: template("{body}"),
  secret: { encoding: "utf8", prefix: "", bytesMin: 24 },
  neverBody: tokenForm,
};

/** X: the body, with the application's consumer secret. */
export const xTwitter = defineProvider({
  slug: "x-twitter",
  name: "X (Twitter)",
  headers: [{ signature: "x-twitter-webhooks-signature" }],
  handshakeMethods: ["GET"],
  scheme,
  identity: { id: [], type: [], time: [], version: [], forms: false },
  handshakes: [
    {
      signed: false,
      answer: (request, { receiver, now }) => {
        const token = request.method.toUpperCase() === "GET" ? queryValue(request, "crc_token") : null;
        const key = token === null ? undefined : readKeys(receiver, scheme.secret, now).live[0];
        if (token === null || key === undefined || !tokenForm.test(token)) return null;
        const digest = createHmac("sha256", key.bytes).update(token).digest("base64");
        return jsonAnswer({ response_token: `sha256=${digest}` });
      },
    },
  ],
  facts: {
    identity: "none",
    signedContent: "{body}",
    eventIdFrom: "none",
    dedupeKey: "the body",
    notCovered: "the time (there is none), URL and method",
    handshakeNote:
      "GET with `crc_token` is answered with its HMAC under the first live secret; anybody may ask, so only letters, digits and `+/=_.~-` are",
    notes: "`secrets` holds the application's consumer secret. X checks the URL again every hour.",
    source: ["developer.x.com account activity API, securing webhooks (from memory)"],
    confidence: "medium",
  },
});
