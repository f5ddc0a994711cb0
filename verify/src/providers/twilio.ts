import { defineProvider } from "../define-provider.ts";

/** Twilio: the URL as Twilio addressed it, with the decoded form behind it or the hash of a JSON body in its query. */
export const twilio = defineProvider({
  slug: "twilio",
  name: "Twilio",
  headers: [{ signature: "X-Twilio-Signature", id: "I-Twilio-Idempotency-Token" }],
  methods: ["POST", "GET"],
  scheme: {
    engine: "url-params",
    hash: "sha1",
    signature: { form: "plain", prefix: "", encoding: "base64" },
    bodyHashParameter: "bodySHA256",
    secret: { encoding: "utf8", prefix: "", bytesMin: 24 },
  },
  identity: {
    id: [{ header: "id" }],
    type: [
      [{ form: "StatusCallbackEvent" }],
      [{ text: "recording" }, { form: "RecordingStatus" }],
      [{ text: "message" }, { form: "MessageStatus" }],
      [{ text: "message" }, { form: "SmsStatus" }],
      [{ text: "call" }, { form: "CallStatus" }],
      [{ body: "type" }],
    ],
    time: [{ place: { body: "time" }, unit: "iso" }],
    version: [{ form: "ApiVersion" }],
    forms: true,
  },
  // The signed text itself: the URL in the one spelling that verified, so that a respelled copy is no second event.
  stableContent: (_arrival, signed) => signed,
  facts: {
    identity: "unsigned",
    signedContent: "{url}{name}{value}… (names sorted), or {url} with bodySHA256 in its query",
    eventIdFrom: "header `I-Twilio-Idempotency-Token`; the same on every retry",
    dedupeKey: "idempotency token, and the signed URL with its parameters",
    notCovered:
      "the idempotency token, the time (there is none), the method, and where a parameter's name ends and its value begins",
    handshakeNote: "none",
    notes:
      "The URL counts with and without the port of its scheme. Behind a proxy set notificationUrl; the query is always the request's own. A retry at a fallback URL is signed anew and told by its token only. Two callbacks with the same parameters count as one, so that a call flow which asks the same thing twice needs a distinguishing query.",
    source: ["twilio@6.2.0 lib/webhooks/webhooks.js"],
    confidence: "medium",
  },
});
