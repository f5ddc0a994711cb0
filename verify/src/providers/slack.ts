import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";
import { answerSslCheck, answerUrlVerification } from "../handshakes/slack.ts";

/** Slack: Events API (JSON), slash commands and interactions (forms). */
export const slack = defineProvider({
  slug: "slack",
  name: "Slack",
  headers: [{ signature: "X-Slack-Signature", timestamp: "X-Slack-Request-Timestamp" }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "plain", prefix: "v0=", encoding: "hex" },
    timestamp: { at: "header", unit: "s", toleranceSec: 300 },
    content: template("v0:{timestamp}:{body}"),
    secret: { encoding: "utf8", prefix: "", bytesMin: 24 },
  },
  identity: {
    id: [{ body: "event_id" }, { form: "trigger_id" }, { body: "trigger_id" }],
    type: [[{ body: "event.type" }], [{ body: "type" }], [{ text: "slash_command" }, { form: "command" }]],
    time: [{ place: { body: "event_time" }, unit: "s" }],
    version: [],
    forms: true,
  },
  handshakes: [
    { signed: true, answer: answerUrlVerification },
    { signed: false, answer: answerSslCheck },
  ],
  facts: {
    identity: "signed",
    signedContent: "v0:{timestamp}:{body}",
    eventIdFrom: "body `event_id`; slash commands and interactions have `trigger_id`; the same on every retry",
    dedupeKey: "event id",
    notCovered: "URL, method and other headers (the retry headers among them)",
    handshakeNote:
      "`url_verification` is answered with its challenge once it verifies; the unsigned `ssl_check` with an empty 200",
    notes:
      "Retries: at once, after 1 and 5 minutes, signed anew. Wants an answer within 3 s. Without an id (a few interactions) the body is the key.",
    source: ["@slack/bolt@5.1.0 dist/receivers/verify-request.js"],
    confidence: "medium",
  },
});
