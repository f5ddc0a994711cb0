import { createHmac } from "node:crypto";
import { each, respelled, sentAt, sentWith, spelledHeader } from "./disagreement.ts";
import type { Disagreement } from "./disagreement.ts";
import { now, secretOf, withBody, withHeader } from "./samples.ts";

const bom = Buffer.from([0xef, 0xbb, 0xbf]);

/** Where the libraries of `sdk-oracles.ts` refuse what is accepted here. */
export const refusedByLibraries: readonly Disagreement[] = [
  ...each(
    ["pusher"],
    {
      they: "refuse",
      what: "a genuine request under another X-Pusher-Key",
      why: "the header is not signed and proves nothing; every secret of the receiver is tried whatever it says",
      reason: null,
    },
    (provider) => [withHeader(sentAt(provider), "X-Pusher-Key", "k2")],
  ),
  ...each(
    ["sanity", "retell"],
    {
      they: "refuse",
      what: "a genuine signature beside a misspelled one",
      why: "a signature that is not well spelled is worth nothing, and spoils none that is",
      reason: null,
    },
    (provider) =>
      respelled(sentAt(provider), spelledHeader[provider] ?? "", [
        (value) => `${value},${/(v1|d)=/.exec(value)?.[0] ?? ""}x`,
      ]),
  ),
  ...each(
    ["adyen", "aws-sns", "apple-app-store"],
    {
      they: "refuse",
      what: "a byte order mark in front of a body of which only members are signed",
      why: "the members and their signature are as they were; `JSON.parse` of the library's caller stops at the mark",
      reason: null,
    },
    (provider) => {
      const input = sentAt(provider);
      return [withBody(input, Buffer.concat([bom, input.request.body]))];
    },
  ),
  ...each(
    ["easypost"],
    {
      they: "refuse",
      what: "a genuine body with a whole weight",
      why: "the library hashes `12.0` where `12` was signed",
      reason: null,
    },
    () => [sentWith("easypost", (body) => body.replace("{", '{"weight":12,'))],
  ),
  ...each(
    ["hubspot"],
    {
      they: "refuse",
      what: "a URL that was signed with its escapes decoded",
      why: "HubSpot's documentation decodes eleven escapes before signing; the library leaves them. Both are tried",
      reason: null,
    },
    (provider) => {
      const input = sentAt(provider);
      const url = "https://example.com/in/abcdefgh?at=a%3Ab%40c";
      const text = `POST${decodeURIComponent(url)}${Buffer.from(input.request.body).toString()}${now.getTime()}`;
      const signature = createHmac("sha256", secretOf(input)).update(text).digest("base64");
      const moved = { ...input, request: { ...input.request, url } };
      return [withHeader(moved, "X-HubSpot-Signature-v3", signature)];
    },
  ),
  ...each(
    ["mercadopago"],
    {
      they: "refuse",
      what: "a time in milliseconds",
      why: "some of Mercado Pago's pages show milliseconds; thirteen digits are read as such",
      reason: null,
    },
    (provider) => {
      const input = sentAt(provider);
      const ts = String(now.getTime());
      const signature = createHmac("sha256", secretOf(input)).update(`id:abc123;request-id:r1;ts:${ts};`).digest("hex");
      return [withHeader(input, "x-signature", `ts=${ts},v1=${signature}`)];
    },
  ),
];
