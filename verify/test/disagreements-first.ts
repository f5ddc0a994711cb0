import { createHmac } from "node:crypto";
import { each, respelled, sentAt } from "./disagreement.ts";
import type { Disagreement } from "./disagreement.ts";
import {
  genuine,
  headerOf,
  now,
  pairs,
  sampleOf,
  signed,
  unsigned,
  withBody,
  withHeader,
  withHeaders,
} from "./samples.ts";

const seconds = "1714979289";
const ahead = (ms: number) => new Date(now.getTime() + ms);
const timeHeaders: Readonly<Record<string, string>> = {
  "standard-webhooks": "webhook-timestamp",
  svix: "svix-timestamp",
};

const theyAccept: readonly Disagreement[] = [
  ...each(
    ["standard-webhooks", "svix"],
    {
      they: "accept",
      what: "an unsigned tail or head of the time's header",
      why: "`parseInt` stops where the digits end; a time has one spelling here",
      reason: "timestamp_malformed",
    },
    (provider) =>
      respelled(sentAt(provider), timeHeaders[provider] ?? "", [
        (time) => `${time}abc`,
        (time) => ` ${time}`,
        (time) => `+${time}`,
        (time) => `0${time}`,
        (time) => `${time}e5`,
        (time) => `${time}.9`,
      ]),
  ),
  ...each(
    ["standard-webhooks"],
    {
      they: "accept",
      what: "a body whose byte 0xFF became 0xFE",
      why: "both decode to the same replacement character, and the library signs the decoded text",
      reason: "signature_mismatch",
    },
    (provider) => {
      const input = signed(withBody(unsigned(sampleOf(provider)), Buffer.from('"\uFFFD"')));
      return [0xff, 0xfe].map((byte) => withBody(input, Buffer.from([0x22, byte, 0x22])));
    },
  ),
  ...each(
    ["svix"],
    {
      they: "accept",
      what: "the empty key of the secret `whsec_`",
      why: "anybody can sign with it",
      reason: "receiver_incomplete",
    },
    (provider) => {
      const input = { ...sentAt(provider), receiver: { secrets: ["whsec_"] } };
      const content = `${headerOf(input, "svix-id")}.${seconds}.${Buffer.from(input.request.body).toString()}`;
      const signature = createHmac("sha256", "").update(content).digest("base64");
      return [withHeader(input, "svix-signature", `v1,${signature}`)];
    },
  ),
  ...each(
    ["standard-webhooks"],
    {
      they: "accept",
      what: "an id with a dot",
      why: "its signature also fits another split of id and time",
      reason: "malformed_header",
    },
    (provider) => [signed(withHeader(unsigned(sampleOf(provider)), "webhook-id", "msg_1.2"))],
  ),
  ...each(
    ["stripe"],
    {
      they: "accept",
      what: "a byte order mark that was put in front of the signed body",
      why: "the decoder of the library drops it, and other bytes than were signed pass",
      reason: "signature_mismatch",
    },
    (provider) => {
      const input = sentAt(provider);
      return [withBody(input, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), input.request.body]))];
    },
  ),
  ...each(
    ["stripe"],
    {
      they: "accept",
      what: "a time ten years ahead",
      why: "the library looks at the past only; the tolerance counts both ways here",
      reason: "timestamp_too_new",
    },
    (provider) => [sentAt(provider, new Date("2034-05-06T07:08:09Z"))],
  ),
  ...each(
    ["stripe"],
    {
      they: "accept",
      what: "two `t=` values, of which the last counts",
      why: "only one of them is signed, and nobody can tell which was meant",
      reason: "malformed_header",
    },
    (provider) => respelled(sentAt(provider), "Stripe-Signature", [(value) => `t=1,${value}`]),
  ),
  ...each(
    ["github"],
    {
      they: "accept",
      what: "a secret of one space",
      why: "everybody can guess it",
      reason: "receiver_incomplete",
    },
    (provider) => {
      const input = { ...sentAt(provider), receiver: { secrets: [" "] } };
      const digest = createHmac("sha256", " ").update(input.request.body).digest("hex");
      return [withHeader(input, "X-Hub-Signature-256", `sha256=${digest}`)];
    },
  ),
  ...each(
    ["slack", "paddle"],
    {
      they: "accept",
      what: "a time an hour ahead",
      why: "the library looks at the past only; the tolerance counts both ways here",
      reason: "timestamp_too_new",
    },
    (provider) => [sentAt(provider, ahead(3_600_000))],
  ),
  ...each(
    ["linear"],
    {
      they: "accept",
      what: "a signed time that is no whole number of milliseconds, or stands twice in the body",
      why: "a time has one spelling and one place",
      reason: "timestamp_malformed",
    },
    (provider) => {
      const { body } = sampleOf(provider);
      const bodies = [body.replace("1714979288500", "1714979288500.5"), body.replace("{", '{"webhookTimestamp":1,')];
      return bodies.map((one) => signed(withBody(unsigned(sampleOf(provider)), one)));
    },
  ),
  ...each(
    ["discord"],
    {
      they: "accept",
      what: "a signature in upper-case digits",
      why: "Discord writes lower case; one spelling counts",
      reason: "malformed_header",
    },
    (provider) => respelled(sentAt(provider), "X-Signature-Ed25519", [(value) => value.toUpperCase()]),
  ),
  ...each(
    ["twilio"],
    {
      they: "accept",
      what: "a form whose percent signs have lower-case digits",
      why: "it is a second spelling of the same signed text",
      reason: "body_malformed",
    },
    (provider) => [withBody(sentAt(provider), sampleOf(provider).body.replace("%2B", "%2b"))],
  ),
];

const theyRefuse: readonly Disagreement[] = [
  ...each(
    ["standard-webhooks", "svix", "stripe", "slack"],
    {
      they: "refuse",
      what: "a genuine signature over bytes that are not UTF-8",
      why: "the library decodes before it hashes; here the bytes that came are hashed",
      reason: null,
    },
    (provider) => [signed(withBody(unsigned(sampleOf(provider)), Buffer.from([0x7b, 0xff, 0x00, 0xfe, 0x7d])))],
  ),
  ...each(
    ["paddle"],
    {
      they: "refuse",
      what: "two `h1` signatures with the genuine one first",
      why: "Paddle signs once for each live secret; the library looks at the last signature only",
      reason: null,
    },
    (provider) => respelled(sentAt(provider), "Paddle-Signature", [(value) => `${value};h1=${"0".repeat(64)}`]),
  ),
  ...each(
    ["shopify"],
    {
      they: "refuse",
      what: "a request without the headers that say whose it is",
      why: "they are not signed, and the body is genuine",
      reason: null,
    },
    (provider) => {
      const input = genuine(sampleOf(provider));
      return [
        withHeaders(
          input,
          pairs(input).filter(([name]) => name === "X-Shopify-Hmac-Sha256"),
        ),
      ];
    },
  ),
  ...each(
    ["stripe"],
    { they: "refuse", what: "a genuine empty body", why: "nothing says that a body has bytes", reason: null },
    (provider) => [signed(withBody(unsigned(sampleOf(provider)), ""))],
  ),
];

/** Those with the libraries of `oracles.ts`. */
export const firstDisagreements: readonly Disagreement[] = [...theyAccept, ...theyRefuse];
