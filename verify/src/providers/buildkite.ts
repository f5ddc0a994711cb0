import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";
import { emptyAnswer } from "../handshakes/answers.ts";
import { onlyHeader } from "../request.ts";
import type { CodedScheme } from "../coded-scheme.ts";
import { path } from "../extract/json-scan.ts";
import { select } from "../extract/select.ts";
import { proveHmacTemplate, signHmacTemplate } from "../engines/hmac-template.ts";
import { proveStaticToken } from "../engines/static-token.ts";
import { secretOf } from "../engines/signing-key.ts";
import type { HmacTemplateScheme } from "../scheme.ts";
import { writeSignatures } from "../signature-grammar.ts";
import { writeTimestamp } from "../timestamp.ts";

const signature = "X-Buildkite-Signature";
const token = "X-Buildkite-Token";
const secret = { encoding: "utf8", prefix: "", bytesMin: 16 } as const;

const signed: HmacTemplateScheme = {
  engine: "hmac-template",
  hash: "sha256",
  signature: {
    form: "pairs",
    separator: ",",
    timestampKey: "timestamp",
    signatureKey: "signature",
    encoding: "hex",
  },
  timestamp: { at: "signature", unit: "s", toleranceSec: 300 },
  content: template("{timestamp}.{body}"),
  secret,
};

/** What has times of its own in it: when it was made, began and ended. */
const timed = ["build", "job", "package"].map(path);

/**
 * Signed, or with the token itself, as the webhook is set up. Both rest on the same secret: who can send the token could sign, so
 * that neither weakens the other.
 */
const scheme: CodedScheme = {
  engine: "credentials",
  secret,
  readsPublicKeys: false,
  receiverFields: ["secrets"],
  toleranceSec: 300,
  signsUrl: false,
  prove: (arrival) =>
    arrival.names.signature === token
      ? proveStaticToken(arrival, { engine: "static-token", secret })
      : proveHmacTemplate(arrival, signed),
  sign: (input) => {
    const { url, body } = input.request;
    const timestamp = writeTimestamp(input.now, "s");
    const made = signHmacTemplate(signed, [secretOf(input, secret)], { body, timestamp, id: "", notificationUrl: "" });
    return { url, body, headers: [[signature, writeSignatures(made, signed.signature, timestamp)]] };
  },
};

/** Buildkite: an HMAC over time and body, or the token itself. */
export const buildkite = defineProvider({
  slug: "buildkite",
  name: "Buildkite",
  headers: [
    { signature, type: "X-Buildkite-Event" },
    { signature: token, type: "X-Buildkite-Event" },
  ],
  secretHeaders: [token.toLowerCase()],
  scheme,
  identity: {
    id: [],
    type: [[{ header: "type" }], [{ body: "event" }]],
    time: [
      { place: { body: "build.finished_at" }, unit: "iso" },
      { place: { body: "build.started_at" }, unit: "iso" },
      { place: { body: "build.created_at" }, unit: "iso" },
    ],
    version: [],
    forms: false,
  },
  // An agent that is lost again, or blocked again, is told in the same bytes. So as to lose none they are told apart by the time that
  // is signed, or by that of arrival where nothing is, and a retry counts as a new event.
  stableContent: ({ request, now }, content) => {
    if (select(request.body, timed).some((one) => one !== null)) return [request.body];
    return content.length > 0 ? content : [request.body, now.toISOString()];
  },
  handshakes: [
    {
      signed: true,
      answer: ({ headers }) => (onlyHeader(headers, "x-buildkite-event") === "ping" ? emptyAnswer() : null),
    },
  ],
  facts: {
    identity: "none",
    signedContent: "{timestamp}.{body}",
    eventIdFrom: "none",
    dedupeKey:
      "the body where it holds a `build`, a `job` or a `package`; of all else what is signed, the time of sending with it, or the body with the time of arrival where nothing is signed",
    notCovered: "the event's name in the header, URL and method; with the token alone, everything",
    handshakeNote: "a genuine `ping` is answered with 200",
    notes:
      "Set the webhook to sign rather than to send its token. Where both headers come, the signature counts. What is told of agents and their tokens holds no time of its own: retries are not documented, and one would count as a new event.",
    source: ["buildkite/docs pages/apis/webhooks"],
    confidence: "medium",
  },
});
