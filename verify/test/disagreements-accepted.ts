import { createHmac } from "node:crypto";
import { each, respelled, sentAt, sentWith, spelledHeader, withLostByte } from "./disagreement.ts";
import type { Disagreement } from "./disagreement.ts";
import { now, secretOf, withBody } from "./samples.ts";

const hours = (count: number) => new Date(now.getTime() + count * 3_600_000);

function spelled(...spellings: ((value: string) => string)[]) {
  return (provider: string) => respelled(sentAt(provider), spelledHeader[provider] ?? "", spellings);
}

/** A token with the claims of a genuine one, made with the same secret and a longer hash. */
function withHs512(provider: string) {
  const input = sentAt(provider);
  const name = spelledHeader[provider] ?? "";
  return respelled(input, name, [
    (token) => {
      const signedText = `${Buffer.from('{"alg":"HS512"}').toString("base64url")}.${token.split(".")[1]}`;
      return `${signedText}.${createHmac("sha512", secretOf(input)).update(signedText).digest("base64url")}`;
    },
  ]);
}

/** EasyPost's weights: what its library hashes is not always what came. */
function easypostSigned(over: string, came: string) {
  const input = sentWith("easypost", (body) => body.replace("{", over));
  return withBody(input, Buffer.from(input.request.body).toString().replace(over, came));
}

/** Where the libraries of `sdk-oracles.ts` accept what is refused here. */
export const acceptedByLibraries: readonly Disagreement[] = [
  ...each(
    ["sanity", "crisp", "replicate", "truelayer", "sendgrid"],
    {
      they: "accept",
      what: "a request of four hours ago",
      why: "the library looks at no clock, so that a captured request passes for ever",
      reason: "timestamp_too_old",
    },
    (provider) => [sentAt(provider, hours(-4))],
  ),
  ...each(
    ["sanity", "crisp", "replicate", "truelayer", "sendgrid", "mux", "hubspot", "contentful", "cloudinary", "aws-sns"],
    {
      they: "accept",
      what: "a request whose signed time lies four hours ahead",
      why: "the library looks at the past only, or at no clock; such a request could be replayed for hours",
      reason: "timestamp_too_new",
    },
    (provider) => [sentAt(provider, hours(4))],
  ),
  ...each(
    ["hubspot", "cloudinary", "contentful"],
    {
      they: "accept",
      what: "the signed time behind a plus sign, a zero or a space",
      why: "the library reads it as a number; a time has one spelling here",
      reason: "timestamp_malformed",
    },
    spelled(
      (time) => `+${time}`,
      (time) => `0${time}`,
      (time) => ` ${time}`,
    ),
  ),
  ...each(
    ["contentful"],
    {
      they: "accept",
      what: "the signed time with letters behind it",
      why: "`parseInt` stops at the first letter; what stands behind it is unsigned",
      reason: "timestamp_malformed",
    },
    spelled(
      (time) => `${time}abc`,
      (time) => `${time}.5`,
    ),
  ),
  ...each(
    ["mux", "mercadopago"],
    {
      they: "accept",
      what: "two times in one header, of which the last counts",
      why: "only one of them is signed, and nobody can tell which was meant",
      reason: "malformed_header",
    },
    spelled((value) => value.replace(/^(ts?)=/, "$1=1,$1=")),
  ),
  ...each(
    ["gocardless"],
    {
      they: "accept",
      what: "a signature with anything behind it",
      why: "Node's hexadecimal decoder stops at the first character that it does not know",
      reason: "malformed_header",
    },
    spelled(
      (value) => `${value}.5`,
      (value) => `${value},${value}`,
      (value) => `${value}=`,
    ),
  ),
  ...each(
    ["gocardless", "retell"],
    {
      they: "accept",
      what: "a signature in upper-case digits",
      why: "the provider writes lower case; one spelling counts",
      reason: "malformed_header",
    },
    spelled((value) => value.toUpperCase()),
  ),
  ...each(
    ["adyen-platform", "sendgrid"],
    {
      they: "accept",
      what: "a signature in another spelling of base64",
      why: "Node's decoder takes the URL alphabet, line breaks and padding anywhere; one spelling counts",
      reason: "malformed_header",
    },
    spelled(
      (value) => `${value}=`,
      (value) => `${value} `,
      (value) => `${value.slice(0, 8)}\n${value.slice(8)}`,
    ),
  ),
  ...each(
    ["messagebird", "livekit", "upstash-qstash", "truelayer"],
    {
      they: "accept",
      what: "a token with padding or a space behind it",
      why: "RFC 7515 section 2 has no padding; one spelling counts",
      reason: "malformed_header",
    },
    spelled(
      (value) => `${value}=`,
      (value) => `${value} `,
    ),
  ),
  ...each(
    ["truelayer"],
    {
      they: "accept",
      what: "a token with a fourth segment",
      why: "RFC 7515 section 7.1: a token has three",
      reason: "malformed_header",
    },
    spelled((value) => `${value}.5`),
  ),
  ...each(
    ["messagebird", "livekit"],
    {
      they: "accept",
      what: "a token of the same secret with HS512",
      why: "the provider writes HS256; the token does not choose its algorithm",
      reason: "malformed_header",
    },
    withHs512,
  ),
  ...each(
    ["replicate", "liveblocks"],
    {
      they: "accept",
      what: "a signature under another version label",
      why: "a label names a scheme, and `v1` is the only one that is known",
      reason: "malformed_header",
    },
    spelled(
      (value) => value.replace("v1,", "v2,"),
      (value) => ` ${value}`,
    ),
  ),
  ...each(
    ["mercadopago"],
    {
      they: "accept",
      what: "a signature header with spaces around it",
      why: "one spelling counts",
      reason: "malformed_header",
    },
    spelled(
      (value) => ` ${value}`,
      (value) => `${value} `,
    ),
  ),
  ...each(
    ["crisp"],
    {
      they: "accept",
      what: "a body that was parsed and written anew",
      why: "the library hashes the parsed body written by itself; what came is what counts here",
      reason: "signature_mismatch",
    },
    (provider) => {
      const input = sentAt(provider);
      const parsed: unknown = JSON.parse(Buffer.from(input.request.body).toString());
      return [withBody(input, JSON.stringify(parsed, null, 1))];
    },
  ),
  ...each(
    ["easypost"],
    {
      they: "accept",
      what: "a whole weight that was signed with a decimal",
      why: "the library writes `12` as `12.0` before it hashes, to undo what a parser did; here the bytes that came count",
      reason: "signature_mismatch",
    },
    () => [easypostSigned('{"weight":12.0,', '{"weight":12,')],
  ),
  ...each(
    [
      "razorpay",
      "coinbase-commerce",
      "gocardless",
      "pusher",
      "easypost",
      "adyen-platform",
      "mux",
      "sanity",
      "retell",
      "replicate",
      "liveblocks",
      "hubspot",
      "contentful",
      "cloudinary",
      "upstash-qstash",
      "livekit",
      "sendgrid",
      "telnyx",
    ],
    {
      they: "accept",
      what: "a byte that is no UTF-8 in the place of a signed U+FFFD",
      why: "the library wants text, and decoding turns both into the same character; another body than was signed passes",
      reason: null,
    },
    (provider) => [withLostByte(provider)],
  ),
];
