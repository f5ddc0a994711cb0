import { noHeader } from "../arrival.ts";
import type { Arrival } from "../arrival.ts";
import { defineProvider } from "../define-provider.ts";
import { hmacWith, macScheme } from "../engines/mac-scheme.ts";
import type { MacReading } from "../engines/mac-scheme.ts";
import { refuseBody, refuseSpelling } from "../engines/read-parts.ts";
import { decodeExact } from "../encoding.ts";
import { decodeForm } from "../extract/form.ts";
import { joinTexts } from "../extract/select.ts";
import { queryValue, textAnswer } from "../handshakes/answers.ts";
import { asSecret, readKeys } from "../key.ts";
import type { Receiver } from "../receiver.ts";
import type { SecretRule } from "../scheme.ts";
import { signaturesMax } from "../signature-grammar.ts";
import type { Refused } from "../verdict.ts";

/** The key is the SHA-1 of the API's private key, in bytes. */
const secret: SecretRule = { encoding: "sha1", prefix: "", bytesMin: 24 };
const hmac = hmacWith("sha1");
/** Its URL check is signed with the key of its events, for anybody who asks: such a text is never an event's payload. */
const challengeForm = /^[a-f0-9]{20,32}$/;

/** Braintree: a form with a signature for each API key and a payload, which is XML in base64. */
export const braintree = defineProvider({
  slug: "braintree",
  name: "Braintree",
  headers: [noHeader],
  handshakeMethods: ["GET"],
  scheme: macScheme({
    engine: "body-fields",
    secret,
    toleranceSec: null,
    signsUrl: false,
    receiverFields: ["secrets", "keyId"],
    mac: hmac,
    read,
    write: ({ request, receiver }, make) => {
      const payload = fieldsOf(request.body)?.payload ?? `${Buffer.from(request.body).toString("base64")}\n`;
      const bt_signature = `${receiver.keyId ?? ""}|${make([payload]).toString("hex")}`;
      const body = new URLSearchParams({ bt_signature, bt_payload: payload }).toString();
      return { url: request.url, headers: [], body: Buffer.from(body) };
    },
  }),
  document: ({ request }) => Buffer.from(JSON.stringify(openPayload(request.body))),
  identity: {
    id: [],
    type: [[{ body: "kind" }]],
    time: [{ place: { body: "timestamp" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  stableContent: ({ request }) => {
    const { kind, timestamp, subject } = openPayload(request.body);
    if (kind === null || timestamp === null || subject === null) return [fieldsOf(request.body)?.payload ?? ""];
    return [joinTexts([kind, timestamp, subject])];
  },
  handshakes: [
    {
      signed: false,
      answer: (request, { receiver, now }) => {
        const challenge = request.method.toUpperCase() === "GET" ? queryValue(request, "bt_challenge") : null;
        const key = readKeys(receiver, secret, now).live[0];
        if (challenge === null || key === undefined || typeof receiver.keyId !== "string") return null;
        if (!challengeForm.test(challenge)) return null;
        return textAnswer(`${receiver.keyId}|${hmac(key.bytes, [challenge], receiver).toString("hex")}`);
      },
    },
  ],
  facts: {
    identity: "none",
    signedContent: "{bt_payload}",
    eventIdFrom: "none",
    dedupeKey:
      "kind and time of the notification and the subject's own id (not that of a thing within it), or the payload where one of them is missing",
    notCovered: "URL, method and headers",
    handshakeNote: "GET with `bt_challenge` is answered with `public key|HMAC of the challenge` (older set-ups)",
    notes:
      "`keyId` is the API's public key, `secrets` its private key; the pair of that public key is the one that counts. While a key is rolled, give each secret its public key as `version`. The payload is XML in base64, and is delivered as it came.",
    source: ["braintree@3.40.0 lib/braintree/webhook_notification_gateway.js, lib/braintree/digest.js"],
    confidence: "medium",
  },
});

function fieldsOf(body: Uint8Array): { signature: string; payload: string } | null {
  const fields = decodeForm(body) ?? [];
  const only = (name: string) => {
    const found = fields.filter((field) => field.name === name);
    return found.length === 1 ? found[0]?.value : undefined;
  };
  const [signature, payload] = [only("bt_signature"), only("bt_payload")];
  return signature === undefined || payload === undefined ? null : { signature, payload };
}

function read(arrival: Arrival): MacReading | Refused {
  const fields = fieldsOf(arrival.request.body);
  if (fields === null) return refuseBody(arrival, "it is no form with bt_signature and bt_payload, each once");
  if (!/^[A-Za-z0-9+=/\n]+$/.test(fields.payload)) return refuseBody(arrival, "its bt_payload is no base64");
  if (challengeForm.test(fields.payload.trim()))
    return refuseBody(arrival, "its bt_payload is the text of a URL check");
  const pairs = fields.signature.split("&").map((pair) => pair.split("|"));
  if (pairs.length > signaturesMax)
    return refuseSpelling("bt_signature", fields.signature, "it has too many signatures");
  const own = pairs
    .filter(([name]) => isOwn(arrival.receiver, name))
    .map(([, text]) => decodeExact(text ?? "", "hex", 20));
  const signatures = own.filter((one) => one !== null);
  if (signatures.length === 0)
    return refuseSpelling("bt_signature", fields.signature, "it has no signature for the receiver's public key");
  const contentsOf = (body: Uint8Array) => {
    const payload = fieldsOf(body)?.payload;
    return payload === undefined ? [] : [[payload], [`${payload}\n`]];
  };
  return { ok: true, signatures, contentsOf, url: "", time: null };
}

/**
 * While an API key is rolled there are two pairs of public and private key: the public ones are `keyId` and the versions of the
 * secrets. Without `keyId` any name counts, since the private key alone makes the signature.
 */
function isOwn({ keyId, secrets = [] }: Receiver, name: string | undefined): boolean {
  return keyId === undefined || name === keyId || secrets.some((one) => asSecret(one)?.version === name);
}

/** What the XML says of itself. Only plain elements are looked for, and only in what is signed. */
function openPayload(body: Uint8Array) {
  const xml = Buffer.from(fieldsOf(body)?.payload ?? "", "base64").toString("utf8");
  const [, kind] = /<kind>([^<]{1,128})<\/kind>/.exec(xml) ?? [];
  const [, timestamp] = /<timestamp(?: type="datetime")?>([^<]{1,64})<\/timestamp>/.exec(xml) ?? [];
  return { kind: kind ?? null, timestamp: timestamp ?? null, subject: subjectId(xml) };
}

/** The name ends where the look-ahead says so, and nowhere before: a tag that never ends is read once. */
const tagForm = /<(\/?)[^\s<>/!?]+(?=[\s/>])([^<>]*)>/g;
const idText = /([^<]{1,256})<\/id>/y;

/**
 * The id of the subject itself: a member of the element in `<subject>`. What stands in it, such as the add-ons before a
 * subscription's id, has ids of its own, which many subjects share.
 */
function subjectId(xml: string): string | null {
  const start = xml.indexOf("<subject>");
  if (start < 0) return null;
  const subject = xml.slice(start);
  let depth = 0;
  for (const { 0: tag, 1: slash, 2: rest = "", index } of subject.matchAll(tagForm)) {
    if (slash === "/") depth -= 1;
    else if (depth === 2 && tag === "<id>") {
      idText.lastIndex = index + tag.length;
      return idText.exec(subject)?.[1] ?? null;
    } else if (!rest.endsWith("/")) depth += 1;
    if (depth === 0) return null;
  }
  return null;
}
