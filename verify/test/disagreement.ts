import type { RejectionReason, VerifyInput } from "../src/index.ts";
import { codedSampleOf, codedSamples, sent } from "./coded-samples.ts";
import { genuine, now, pairs, sampleOf, samples, signed, unsigned, withBody, withHeader } from "./samples.ts";

/** A place where a provider's library and this one answer differently, on purpose. One row of docs/oracles.md. */
export interface Disagreement {
  readonly provider: string;
  readonly they: "accept" | "refuse";
  /** What the request is, as a noun. */
  readonly what: string;
  /** Why this library answers as it does. */
  readonly why: string;
  /** The reason that we refuse with; null where we accept. */
  readonly reason: RejectionReason | null;
  readonly makes: () => readonly VerifyInput[];
}

/** What differs between the rows of one cause. */
export type Cause = Omit<Disagreement, "provider" | "makes">;

/** The same disagreement with several libraries. */
export function each(
  providers: readonly string[],
  cause: Cause,
  makes: (provider: string) => readonly VerifyInput[],
): Disagreement[] {
  return providers.map((provider) => ({ ...cause, provider, makes: () => makes(provider) }));
}

/** The first sample of a provider, genuine, as if it had been sent at this time. */
export function sentAt(provider: string, at: Date = now): VerifyInput {
  const plain = samples.find((sample) => sample.provider === provider);
  const input =
    plain === undefined ? sent(codedSampleOf(provider), at) : signed(unsigned(plain, { now: at }), plain.signer);
  return { ...input, now };
}

/** The first sample of a provider with another body, genuine. */
export function sentWith(provider: string, body: (given: string) => string): VerifyInput {
  const coded = codedSamples.find((sample) => sample.provider === provider);
  if (coded !== undefined) return sent({ ...coded, body: body(coded.body) });
  const sample = sampleOf(provider);
  return genuine({ ...sample, body: body(sample.body) });
}

/** Genuine but for one header, whose value is written in other ways. */
export function respelled(
  input: VerifyInput,
  name: string,
  spellings: readonly ((value: string) => string)[],
): VerifyInput[] {
  const value = pairs(input).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  if (value === undefined) throw new Error(`${input.provider} has no ${name}`);
  return spellings.map((spell) => withHeader(input, name, spell(value)));
}

/** A genuine request whose signed U+FFFD came as a byte that is no UTF-8, which most decoders turn into the same character. */
export function withLostByte(provider: string): VerifyInput {
  const input = sentWith(provider, (body) => body.replace("{", '{"u":"\uFFFD",'));
  const { body } = input.request;
  const at = Buffer.from(body).indexOf("\uFFFD");
  return withBody(input, Buffer.concat([body.subarray(0, at), Buffer.from([0xff]), body.subarray(at + 3)]));
}

/** The header that carries the signature, of those whose spelling is looked at here. */
export const spelledHeader: Readonly<Record<string, string>> = {
  gocardless: "Webhook-Signature",
  retell: "X-Retell-Signature",
  "adyen-platform": "HmacSignature",
  sendgrid: "X-Twilio-Email-Event-Webhook-Signature",
  messagebird: "MessageBird-Signature-JWT",
  livekit: "Authorization",
  "upstash-qstash": "Upstash-Signature",
  truelayer: "Tl-Signature",
  replicate: "webhook-signature",
  liveblocks: "webhook-signature",
  mux: "Mux-Signature",
  mercadopago: "x-signature",
  sanity: "sanity-webhook-signature",
  hubspot: "X-HubSpot-Request-Timestamp",
  cloudinary: "X-Cld-Timestamp",
  contentful: "x-contentful-timestamp",
};
