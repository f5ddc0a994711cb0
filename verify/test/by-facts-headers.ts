import { at, body, describe, digest, mac, milliseconds, registered, secret, seconds } from "./by-facts.ts";
import type { Described } from "./by-facts.ts";

const own = { secrets: [secret] };
const long = secret + secret;
const form = { "content-type": "application/x-www-form-urlencoded" };
const key = Buffer.from(secret);
const whole = `whsec_${key.toString("base64")}`;

function urls(): Described[] {
  const names = "x-contentful-signed-headers,x-contentful-timestamp,x-contentful-topic";
  const lines = `x-contentful-signed-headers:${names};x-contentful-timestamp:${milliseconds};x-contentful-topic:T`;
  const contentful = {
    "x-contentful-signed-headers": names,
    "x-contentful-timestamp": milliseconds,
    "X-Contentful-Topic": "T",
  };
  const list = '[{"_id":"x","event":"send","ts":1714979280}]';
  const batch = `mandrill_events=${encodeURIComponent(list)}`;
  return registered.flatMap(([name, receiver, change]) => [
    describe(
      "square",
      name,
      receiver,
      { "x-square-hmacsha256-signature": mac("base64", secret, at + body) },
      body,
      {},
      change,
    ),
    describe(
      "trello",
      name,
      receiver,
      { "X-Trello-Webhook": mac("base64", secret, body + at, "sha1") },
      body,
      {},
      change,
    ),
    describe(
      "mandrill",
      name,
      receiver,
      { "X-Mandrill-Signature": mac("base64", secret, `${at}mandrill_events${list}`, "sha1") },
      batch,
      { eventType: "send" },
      change,
    ),
    describe(
      "twilio",
      name,
      receiver,
      { ...form, "X-Twilio-Signature": mac("base64", secret, `${at}A1B2`, "sha1") },
      "B=2&A=1",
      {},
      change,
    ),
    describe(
      "hubspot",
      `v3 ${name}`,
      receiver,
      {
        "X-HubSpot-Signature-v3": mac("base64", secret, `POST${at}${body}${milliseconds}`),
        "X-HubSpot-Request-Timestamp": milliseconds,
      },
      body,
      {},
      change,
    ),
    describe(
      "hubspot",
      `v2 ${name}`,
      { ...receiver, version: "v2" },
      { "X-HubSpot-Signature": digest("sha256", "hex", secret, "POST", at, body) },
      body,
      {},
      change,
    ),
    describe(
      "contentful",
      name,
      { ...receiver, secrets: [long] },
      { ...contentful, "x-contentful-signature": mac("hex", long, `POST\n/in/abc\n${lines}\n${body}`) },
      body,
      { eventType: "T" },
      change,
    ),
  ]);
}

function forms(): Described[] {
  const nonce = { "X-Plivo-Signature-V3-Nonce": "nnn" };
  const other = mac("base64", "another account", "x");
  const query = `${at}?b=2&a=1`;
  const both = `${other},${mac("base64", secret, `${at}?a=1&b=2.A1B2.nnn`)}`;
  const pay = (content: string, time = seconds) => `ts=${time},v1=${mac("hex", secret, content)}`;
  return [
    describe(
      "hubspot",
      "v1",
      { ...own, version: "v1" },
      { "X-HubSpot-Signature": digest("sha256", "hex", secret, body), "X-HubSpot-Signature-Version": "v1" },
    ),
    describe(
      "plivo",
      "two accounts, with a query",
      own,
      { ...form, ...nonce, "X-Plivo-Signature-V3": both },
      "B=2&A=1",
      {},
      { url: query },
    ),
    describe(
      "plivo",
      "GET",
      own,
      { ...nonce, "X-Plivo-Signature-V3": mac("base64", secret, `${at}?a=1&b=2.nnn`) },
      "",
      {},
      { url: query, method: "GET" },
    ),
    describe(
      "plivo",
      "version 2",
      { ...own, version: "v2" },
      { "X-Plivo-Signature-V2": mac("base64", secret, `${at}nnn`), "X-Plivo-Signature-V2-Nonce": "nnn" },
      "B=2",
      {},
      { url: query },
    ),
    describe(
      "mercadopago",
      "digits",
      own,
      { "x-signature": pay(`id:123;request-id:r;ts:${seconds};`), "x-request-id": "r" },
      body,
      {},
      { url: `${at}?data.id=123&type=payment` },
    ),
    describe(
      "mercadopago",
      "letters",
      own,
      { "x-signature": pay(`id:abc;request-id:r;ts:${seconds};`), "x-request-id": "r" },
      body,
      {},
      { url: `${at}?data.id=ABC` },
    ),
    describe(
      "mercadopago",
      "milliseconds",
      own,
      { "x-signature": pay(`id:1;request-id:r;ts:${milliseconds};`, milliseconds), "x-request-id": "r" },
      body,
      {},
      { url: `/in/abc?data.id=1` },
    ),
    describe(
      "mercadopago",
      "without a request id",
      own,
      { "x-signature": pay(`id:1;ts:${seconds};`) },
      body,
      {},
      { url: `/in/abc?data.id=1` },
    ),
  ];
}

function standard(provider: string, name: string, value: string, label = "webhook"): Described {
  const signature = `v1a,xx v1,${mac("base64", "stranger", "x")} v1,${mac("base64", key, `i.${seconds}.${body}`)}`;
  const headers = { [`${label}-id`]: "i", [`${label}-timestamp`]: seconds, [`${label}-signature`]: signature };
  return describe(provider, name, { secrets: [value] }, headers, body, { eventId: "i" });
}

function inHeaders(): Described[] {
  const numbered = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `X-DocuSign-Signature-${index + 1}`,
        mac("base64", index === count - 1 ? secret : `key ${index}`, body),
      ]),
    );
  const cloud = (hash: "sha1" | "sha256") => ({
    "X-Cld-Signature": digest(hash, "hex", body, seconds, secret),
    "X-Cld-Timestamp": seconds,
  });
  return [
    standard("standard-webhooks", "without its prefix", key.toString("base64")),
    standard("replicate", "another prefix", `r8_${whole}`),
    standard("svix", "under the names of the specification", whole),
    ...["svix", "clerk", "resend"].map((provider) => standard(provider, "under its own names", whole, "svix")),
    ...["openai", "anthropic", "lithic", "liveblocks", "gitlab-signing"].map((provider) =>
      standard(provider, "as specified", whole),
    ),
    ...[1, 3, 12, 100].map((count) => describe("docusign", `key ${count}`, own, numbered(count))),
    describe("cloudinary", "SHA-1", { ...own, toleranceSec: 7200 }, cloud("sha1")),
    describe("cloudinary", "SHA-256", { ...own, algorithm: "sha256" }, cloud("sha256")),
    describe("cloudinary", "SHA-256 with a dash", { ...own, algorithm: "SHA-256" }, cloud("sha256")),
    describe(
      "elevenlabs",
      "its own tolerance",
      { ...own, toleranceSec: 1800 },
      { "ElevenLabs-Signature": `t=${seconds},v0=${mac("hex", secret, `${seconds}.${body}`)}` },
    ),
    describe(
      "airtable",
      "base64 key",
      { secrets: [key.toString("base64")] },
      { "X-Airtable-Content-MAC": `hmac-sha256=${mac("hex", key, body)}` },
    ),
    describe(
      "adyen-platform",
      "hexadecimal key",
      { secrets: [long] },
      { HmacSignature: mac("base64", Buffer.from(long, "hex"), body), Protocol: "HmacSHA256" },
    ),
    describe("buildkite", "signed", own, {
      "X-Buildkite-Signature": `timestamp=${seconds},signature=${mac("hex", secret, `${seconds}.${body}`)}`,
    }),
    describe("buildkite", "token", own, { "X-Buildkite-Token": secret }),
    describe(
      "pusher",
      "one of two apps",
      {
        secrets: [
          { value: "another secret", version: "k0" },
          { value: secret, version: "k1" },
        ],
      },
      { "X-Pusher-Key": "k1", "X-Pusher-Signature": mac("hex", secret, body) },
      body,
      { secretVersion: "k1" },
    ),
    describe(
      "box",
      "its own clock",
      own,
      {
        "BOX-SIGNATURE-PRIMARY": mac("base64", secret, `${body}2024-05-06T00:08:09-07:00`),
        "BOX-DELIVERY-TIMESTAMP": "2024-05-06T00:08:09-07:00",
      },
      body,
      { eventId: "e1" },
    ),
    describe(
      "workos",
      "without the space",
      own,
      { "WorkOS-Signature": `t=${milliseconds},v1=${mac("hex", secret, `${milliseconds}.${body}`)}` },
      body,
      { eventId: "e1" },
    ),
    describe("shopify", "the newer header", own, { "shopify-hmac-sha256": mac("base64", secret, body) }),
    describe("mollie", "signed", own, { "X-Mollie-Signature": `sha256=${mac("hex", secret, body)}` }, body, {
      eventType: "t",
    }),
  ];
}

/** Providers that sign with a shared secret into a header. */
export const describedHeaders: readonly Described[] = [...urls(), ...forms(), ...inHeaders()];
