import { createHash } from "node:crypto";
import type { Receiver, VerifyInput } from "../src/index.ts";
import { findProvider, sign } from "../src/index.ts";
import { hmacSamples } from "./hmac-samples.ts";

/** The clock of the samples: 2024-05-06T07:08:09Z, a whole second. */
export const now = new Date(1714979289000);

/** A second secret for each provider, for overlaps and mix-ups. */
export interface Sample {
  readonly provider: string;
  readonly receiver: Receiver;
  /** What signs: the same as `receiver` but for public keys. */
  readonly signer: Receiver;
  /** Same scheme, other secret. */
  readonly stranger: Receiver;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  /** Null where the body is the key. */
  readonly eventId: string | null;
}

const json: readonly [string, string] = ["content-type", "application/json"];
const form: readonly [string, string] = ["content-type", "application/x-www-form-urlencoded"];

/** RFC 8032 section 7.1, tests 1 and 2: seeds and public keys. */
export const ed25519 = {
  seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
  publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
  otherSeed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
  otherPublicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
};

function shared(value: string, other: string): Pick<Sample, "receiver" | "signer" | "stranger"> {
  return { receiver: { secrets: [value] }, signer: { secrets: [value] }, stranger: { secrets: [other] } };
}

const standardSecrets = shared(
  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDAAECAwQFBgc=",
);
const texts = shared("8f742231b10e8888abcd99e6d1f4a2b7", "1c39f0e2d4b55a7c6688990011aabbcc");
const standardBody = '{"type":"contact.created","timestamp":"2024-05-06T07:08:00Z","data":{"id":"c_1"}}';
const squareUrl = "https://example.com/in/square";
const twilioUrl = "https://example.com/in/twilio?flow=1";
const twilioJson = '{"specversion":"1.0","type":"com.twilio.messaging"}';
const twilioJsonUrl = `https://example.com/in/twilio?bodySHA256=${createHash("sha256").update(twilioJson).digest("hex")}`;

/** One realistic request a provider, two for Twilio. */
export const samples: readonly Sample[] = [
  {
    provider: "stripe",
    ...shared("whsec_5f2c1d9e8b7a6f5e4d3c2b1a0f9e8d7c", "whsec_00112233445566778899aabbccddeeff"),
    url: "/in/stripe",
    headers: [json],
    body: '{"id":"evt_1","object":"event","api_version":"2024-04-10","created":1714979280,"type":"invoice.paid"}',
    eventId: "evt_1",
  },
  {
    provider: "github",
    ...texts,
    url: "/in/github",
    headers: [json, ["X-GitHub-Event", "issues"], ["X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"]],
    body: '{"action":"opened","issue":{"number":7},"repository":{"id":1}}',
    eventId: "72d3162e-cc78-11e3-81ab-4c9367dc0958",
  },
  {
    provider: "shopify",
    ...texts,
    url: "/in/shopify",
    headers: [
      json,
      ["X-Shopify-Topic", "orders/create"],
      ["X-Shopify-Shop-Domain", "shop.myshopify.com"],
      ["X-Shopify-API-Version", "2024-04"],
      ["X-Shopify-Webhook-Id", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"],
      ["X-Shopify-Event-Id", "98880550-7158-44d4-b7cd-2c97c8a091b5"],
      ["X-Shopify-Triggered-At", "2024-05-06T07:08:01.123456789Z"],
    ],
    body: '{"id":820982911946154508,"email":"jon@example.com"}',
    eventId: "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
  },
  {
    provider: "slack",
    ...texts,
    url: "/in/slack",
    headers: [json],
    body: '{"type":"event_callback","event_id":"Ev0PV52K25","event_time":1714979288,"event":{"type":"app_mention"}}',
    eventId: "Ev0PV52K25",
  },
  {
    provider: "standard-webhooks",
    ...standardSecrets,
    url: "/in/standard",
    headers: [json, ["webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"]],
    body: standardBody,
    eventId: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  },
  {
    provider: "svix",
    ...standardSecrets,
    url: "/in/svix",
    headers: [json, ["svix-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"]],
    body: standardBody,
    eventId: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  },
  {
    provider: "gitlab",
    ...texts,
    url: "/in/gitlab",
    headers: [json, ["X-Gitlab-Event", "Push Hook"], ["Idempotency-Key", "f5e57ebe-07b6-4b49-9a8f-1d5b9c4d8f10"]],
    body: '{"object_kind":"push","ref":"refs/heads/main"}',
    eventId: "f5e57ebe-07b6-4b49-9a8f-1d5b9c4d8f10",
  },
  {
    provider: "gitlab-signing",
    ...standardSecrets,
    url: "/in/gitlab",
    headers: [json, ["X-Gitlab-Event", "Push Hook"], ["webhook-id", "f5e57ebe-07b6-4b49-9a8f-1d5b9c4d8f10"]],
    body: '{"object_kind":"push","ref":"refs/heads/main"}',
    eventId: "f5e57ebe-07b6-4b49-9a8f-1d5b9c4d8f10",
  },
  {
    provider: "twilio",
    ...texts,
    url: twilioUrl,
    headers: [form, ["I-Twilio-Idempotency-Token", "6a2a6a1e-3a3f-4f3c-9d58-0b4c6e8a1f22"]],
    body: "MessageSid=SM1&MessageStatus=delivered&To=%2B14155550100&Body=Caf%C3%A9+%26+more",
    eventId: "6a2a6a1e-3a3f-4f3c-9d58-0b4c6e8a1f22",
  },
  {
    provider: "twilio",
    ...texts,
    url: twilioJsonUrl,
    headers: [json, ["I-Twilio-Idempotency-Token", "0d1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b"]],
    body: twilioJson,
    eventId: "0d1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b",
  },
  {
    provider: "square",
    receiver: { ...texts.receiver, notificationUrl: squareUrl },
    signer: { ...texts.signer, notificationUrl: squareUrl },
    stranger: { ...texts.stranger, notificationUrl: squareUrl },
    url: "/in/square",
    headers: [json, ["square-version", "2024-04-17"]],
    body: '{"merchant_id":"M1","type":"payment.updated","event_id":"6a8f5f28-54a1-4eb0","created_at":"2024-05-06T07:08:00Z"}',
    eventId: "6a8f5f28-54a1-4eb0",
  },
  {
    provider: "paddle",
    ...shared("pdl_ntfset_01h7_8f742231b10e8888abcd99e6", "pdl_ntfset_01h7_1c39f0e2d4b55a7c66889900"),
    url: "/in/paddle",
    headers: [json],
    body: '{"event_id":"evt_01hv","event_type":"transaction.paid","occurred_at":"2024-05-06T07:08:08.5Z","notification_id":"ntf_1"}',
    eventId: "evt_01hv",
  },
  {
    provider: "linear",
    ...texts,
    url: "/in/linear",
    headers: [json, ["Linear-Event", "Issue"], ["Linear-Delivery", "234d1a4e-b617-4388-90fe-adc3633d6b72"]],
    body: '{"action":"create","type":"Issue","createdAt":"2024-05-06T07:08:05.000Z","data":{"id":"x"},"webhookTimestamp":1714979288500}',
    eventId: "234d1a4e-b617-4388-90fe-adc3633d6b72",
  },
  {
    provider: "discord",
    receiver: { publicKeys: [{ format: "ed25519-raw-hex", value: ed25519.publicKey }] },
    signer: { secrets: [ed25519.seed] },
    stranger: { publicKeys: [{ format: "ed25519-raw-hex", value: ed25519.otherPublicKey }] },
    url: "/in/discord",
    headers: [json],
    body: '{"application_id":"1","id":"846462639134605312","type":2,"version":1}',
    eventId: "846462639134605312",
  },
  ...hmacSamples,
];

/** The sample of a provider. */
export function sampleOf(provider: string): Sample {
  const sample = samples.find((one) => one.provider === provider);
  if (sample === undefined) throw new Error(`no sample for ${provider}`);
  return sample;
}

/** True for providers that send a shared token and sign nothing. */
export function isToken(provider: string): boolean {
  return findProvider(provider)?.engine === "static-token";
}

/** The first secret of an input, as text. */
export function secretOf({ receiver }: VerifyInput): string {
  const [first] = receiver.secrets ?? [];
  if (typeof first !== "string") throw new Error("the samples have plain secrets");
  return first;
}

/** A sample as an input that is not signed yet. */
export function unsigned(sample: Sample, change: Partial<Pick<VerifyInput, "now" | "receiver">> = {}): VerifyInput {
  const request = { method: "POST", url: sample.url, headers: sample.headers, body: Buffer.from(sample.body) };
  return { provider: sample.provider, receiver: sample.receiver, request, now, ...change };
}

/** An input with the headers that its provider would add. */
export function signed(input: VerifyInput, signer?: Receiver): VerifyInput {
  const added = sign(signer === undefined ? input : { ...input, receiver: signer });
  return withHeaders(input, [...pairs(input), ...added]);
}

/** A sample, signed. */
export function genuine(sample: Sample): VerifyInput {
  return signed(unsigned(sample), sample.signer);
}

/** The headers of an input as pairs. */
export function pairs({ request }: VerifyInput): [string, string][] {
  if (!Array.isArray(request.headers)) throw new Error("samples have their headers as pairs");
  return request.headers.map((pair: readonly [string, string]) => [pair[0], pair[1]]);
}

/** The input with other headers. */
export function withHeaders(input: VerifyInput, headers: [string, string][]): VerifyInput {
  return { ...input, request: { ...input.request, headers } };
}

/** The value of a header, which must be there once. */
export function headerOf(input: VerifyInput, name: string): string {
  const found = pairs(input).filter(([key]) => key.toLowerCase() === name.toLowerCase());
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${name} is there ${found.length} times`);
  return found[0][1];
}

/** The input with one header set to another value. */
export function withHeader(input: VerifyInput, name: string, value: string): VerifyInput {
  const others = pairs(input).filter(([key]) => key.toLowerCase() !== name.toLowerCase());
  return withHeaders(input, [...others, [name, value]]);
}

/** The input without one header. */
export function withoutHeader(input: VerifyInput, name: string): VerifyInput {
  return withHeaders(
    input,
    pairs(input).filter(([key]) => key.toLowerCase() !== name.toLowerCase()),
  );
}

/** The input with another body. */
export function withBody(input: VerifyInput, body: Uint8Array | string): VerifyInput {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return { ...input, request: { ...input.request, body: bytes } };
}
