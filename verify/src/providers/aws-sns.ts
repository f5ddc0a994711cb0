import { sign as signBytes } from "node:crypto";
import { noHeader } from "../arrival.ts";
import type { Arrival } from "../arrival.ts";
import type { CodedScheme } from "../coded-scheme.ts";
import { defineProvider } from "../define-provider.ts";
import { explainPublicKeyMismatch } from "../diagnose/public-key-mismatch.ts";
import { checkTime } from "../engines/check-time.ts";
import { refuseClaim } from "../engines/jwt-claims.ts";
import { parseObject } from "../engines/jws.ts";
import { decodeBase64, verifyRsa } from "../engines/key-pair.ts";
import type { Finding } from "../engines/proof.ts";
import { readIsoMoment, refuseBody, refuseIncomplete, refuseSpelling } from "../engines/read-parts.ts";
import { privateKeyOf } from "../engines/signing-key.ts";
import { findCertificate, isPinned } from "../engines/trust-certificate.ts";
import { path } from "../extract/json-scan.ts";
import { selectExactly } from "../extract/select.ts";
import type { Selected } from "../extract/select.ts";
import type { HandshakeAnswer } from "../handshake-rule.ts";
import { emptyAnswer } from "../handshakes/answers.ts";
import type { WebhookRequest } from "../request.ts";

/** A region and nothing that looks like one: sns.s3-us-west-2.amazonaws.com would be anybody's bucket. */
const host = /^sns\.[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}\.amazonaws\.com(?:\.cn)?$/;
const certificatePlace = { host, path: /^\/SimpleNotificationService-[0-9a-f]+\.pem$/ };
const subscribePlace = { host, path: /^\/\?/ };
const names = [
  "Message",
  "MessageId",
  "Subject",
  "SubscribeURL",
  "Timestamp",
  "Token",
  "TopicArn",
  "Type",
  "Signature",
  "SignatureVersion",
  "SigningCertURL",
  "SigningCertUrl",
] as const;
const paths = names.map(path);
type Name = (typeof names)[number];
type Envelope = Readonly<Partial<Record<Name, string>>>;

/** The members that are signed, in their order, where they are there. */
const signedOf = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
  UnsubscribeConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
} as const;

const scheme: CodedScheme = {
  engine: "certificate",
  secret: null,
  readsPublicKeys: false,
  receiverFields: ["audience"],
  toleranceSec: 3600,
  signsUrl: false,
  prove,
  sign: (input) => {
    const { request, receiver, now } = input;
    const SigningCertURL =
      Object.keys(receiver.certificates ?? {})[0] ??
      "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem";
    const given = { ...parseObject(request.body), Timestamp: now.toISOString(), SignatureVersion: "2", SigningCertURL };
    const content = contentOf(readEnvelope(Buffer.from(JSON.stringify(given))) ?? {});
    if (content === null) throw new Error("SNS signs an envelope with Type, MessageId, TopicArn and Message.");
    const Signature = signBytes("sha256", Buffer.from(content), privateKeyOf(input)).toString("base64");
    return { url: request.url, headers: [], body: Buffer.from(JSON.stringify({ ...given, Signature })) };
  },
};

/** Amazon SNS: RSA over members of the envelope, with a certificate from Amazon's own host. */
export const awsSns = defineProvider({
  slug: "aws-sns",
  name: "AWS SNS",
  headers: [noHeader],
  scheme,
  identity: {
    id: [{ body: "MessageId" }],
    type: [[{ body: "Type" }]],
    time: [{ place: { body: "Timestamp" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  handshakes: [{ signed: true, answer: answerSubscription }],
  facts: {
    identity: "signed",
    signedContent: "Message, MessageId, Subject, Timestamp, TopicArn, Type (name and value, a line each)",
    eventIdFrom: "body `MessageId`; signed, and the same on every retry",
    dedupeKey: "`MessageId`",
    notCovered: "all other members of the envelope (UnsubscribeURL, MessageAttributes), the headers, URL and method",
    handshakeNote:
      "a genuine `SubscriptionConfirmation` is answered with 200, and names in `confirmUrl` what must be fetched; the library fetches nothing",
    notes:
      'Anybody can make a topic and have Amazon sign for it: `audience` is the ARN of yours, and nothing counts without it. `version: "2"` takes SHA-256 signatures only. The certificate\'s URL must be https on sns.<region>.amazonaws.com (or .com.cn), /SimpleNotificationService-<hexadecimal>.pem without a query; with `trustedRoots` its chain must lead to one of them. Raw delivery has neither envelope nor signature, and is refused.',
    source: ["sns-validator@0.3.5 index.js", "docs.aws.amazon.com sns verify signature"],
    confidence: "medium",
  },
});

/** The members as text; null when one of them is something else, or there twice: a subject is signed only where it is there. */
function readEnvelope(body: Uint8Array): Envelope | null {
  const found = selectExactly(body, paths);
  if (found === null) return null;
  const given = names.map((name, i) => [name, found[i] ?? null] as const).filter(([, value]) => !isAbsent(value));
  if (given.some(([, value]) => value?.kind !== "string")) return null;
  return Object.fromEntries(given.map(([name, value]) => [name, value?.text]));
}

/** Amazon's own validator takes a subject that is null for none. */
function isAbsent(value: Selected | null): boolean {
  return value === null || (value.kind === "other" && value.text === "null");
}

function contentOf(envelope: Envelope): string | null {
  const type = envelope.Type;
  const isKnown = type === "Notification" || type === "SubscriptionConfirmation" || type === "UnsubscribeConfirmation";
  if (!isKnown) return null;
  const order: readonly Name[] = signedOf[type];
  const isWhole = order.every((name) => name === "Subject" || envelope[name] !== undefined);
  // A line break in a second member would let one signature stand for two splits into names and values; SNS puts none there.
  const isOneSplit = order.every((name) => name === "Message" || !/\p{Cc}/u.test(envelope[name] ?? ""));
  if (!isWhole || !isOneSplit) return null;
  return order.flatMap((name) => (envelope[name] === undefined ? [] : [`${name}\n${envelope[name]}\n`])).join("");
}

function prove(arrival: Arrival): Finding {
  const { receiver, request } = arrival;
  const { audience } = receiver;
  if (typeof audience !== "string" || audience === "")
    return refuseIncomplete(arrival, "audience", "signs for anybody's topic: only the topic's ARN tells whose it is");
  const envelope = readEnvelope(request.body) ?? {};
  const content = contentOf(envelope);
  const { Signature: text, SignatureVersion: version, Timestamp: timestamp } = envelope;
  const url = envelope.SigningCertURL ?? envelope.SigningCertUrl;
  if (content === null || text === undefined || url === undefined || timestamp === undefined)
    return refuseBody(
      arrival,
      "it is no envelope of SNS with its signed members as text, each once, on one line but for Message",
    );
  const isWanted = version === "1" || version === "2";
  if (!isWanted || (receiver.version !== undefined && receiver.version !== version))
    return refuseSpelling("SignatureVersion", version ?? "", `only ${receiver.version ?? "1 and 2"} counts`);
  const signature = decodeBase64(text);
  if (signature === null) return refuseSpelling("Signature", text, "it is not standard base64");
  const signedAtMs = readIsoMoment("Timestamp", timestamp);
  if (typeof signedAtMs !== "number") return signedAtMs;
  const certificate = findCertificate(arrival, url, certificatePlace);
  if ("ok" in certificate) return certificate;
  const fits = (signed: string | null) =>
    signed !== null &&
    verifyRsa(version === "1" ? "sha1" : "sha256", certificate.publicKey, Buffer.from(signed), signature);
  if (!fits(content)) {
    const claim = { ok: true, signatures: [signature], timestamp, signedAtMs, id: "" } as const;
    const makes = (body: Uint8Array) => (fits(contentOf(readEnvelope(body) ?? {})) ? "certificate" : null);
    return explainPublicKeyMismatch({ arrival, claim, keyCount: 1, makes });
  }
  if (audience !== envelope.TopicArn) return refuseClaim(arrival, "TopicArn", envelope.TopicArn, audience);
  const late = checkTime(arrival, { at: "header", unit: "ms", toleranceSec: 3600 }, signedAtMs);
  return late ?? { ok: true, secretVersion: null, signedAt: new Date(signedAtMs), signed: [content] };
}

function answerSubscription({ body }: WebhookRequest): HandshakeAnswer | null {
  const envelope = readEnvelope(body);
  const url = envelope?.SubscribeURL ?? "";
  if (envelope?.Type !== "SubscriptionConfirmation" || !isPinned(url, subscribePlace, undefined)) return null;
  return { ...emptyAnswer(), confirmUrl: url };
}
