import crypto from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import { findProvider, providers, verify } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";
import { codedSamples, codedSampleOf, sent } from "./coded-samples.ts";
import { genuine, pairs, sampleOf, samples, withBody, withHeader } from "./samples.ts";

/** One genuine request of every provider that signs or sends a token. */
const inputs: readonly { provider: string; input: VerifyInput }[] = [
  ...new Map(
    [...samples.map(genuine), ...codedSamples.map((sample) => sent(sample))].map((input) => [
      input.provider,
      { provider: input.provider, input },
    ]),
  ).values(),
];

/** The headers of an input that decide, by the table. */
function decisive({ provider, ...input }: VerifyInput): string[] {
  const own = new Set(findProvider(provider)?.securityHeaders);
  return pairs({ provider, ...input }).flatMap(([name]) =>
    own.has(name.toLowerCase()) && /sig|mac|auth|token|verif/i.test(name) ? [name] : [],
  );
}

/** How many hashes the library's HMACs make for a request: each costs as much as the body is long. */
function hashesFor(input: VerifyInput): { hashes: number; reason: string } {
  const spies = [vi.spyOn(crypto, "hash"), vi.spyOn(crypto, "createHash"), vi.spyOn(crypto, "createHmac")];
  const verdict = verify(input);
  const hashes = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
  vi.restoreAllMocks();
  return { hashes, reason: verdict.ok ? "ok" : verdict.reason };
}

test("every provider of the table is here", () => {
  const signing = providers.filter(({ engine }) => engine !== "handshake-only").map(({ slug }) => slug);
  expect(new Set(inputs.map(({ provider }) => provider))).toEqual(new Set(signing));
});

describe("100,000 signatures in one header are refused unread (F127)", () => {
  test.each(inputs.filter(({ input }) => decisive(input).length > 0))("$provider", ({ input }) => {
    for (const name of decisive(input)) {
      const value = pairs(input).find(([key]) => key === name)?.[1] ?? "";
      for (const between of [",", " ", ", ", ";", "&"]) {
        const { hashes, reason } = hashesFor(withHeader(input, name, `${value}${between}`.repeat(100_000)));
        // Where nothing is signed there is no form to be outside of: such a token is compared, once.
        expect(["malformed_header", "token_mismatch"]).toContain(reason);
        expect(hashes).toBeLessThanOrEqual(4);
      }
    }
  });
});

test("100,000 headers with a signature are one header that came too often", () => {
  const input = genuine(sampleOf("stripe"));
  const [own] = pairs(input).filter(([name]) => name === "Stripe-Signature");
  if (own === undefined) throw new Error("no signature");
  const headers = Array.from({ length: 100_000 }, () => own);
  const { hashes, reason } = hashesFor({ ...input, request: { ...input.request, headers } });
  expect({ hashes, reason }).toEqual({ hashes: 0, reason: "duplicate_header" });
});

describe("many signatures inside a body are refused before any is made", () => {
  test("braintree", () => {
    const input = sent(codedSampleOf("braintree"));
    const form = new URLSearchParams(Buffer.from(input.request.body).toString());
    form.set("bt_signature", `${form.get("bt_signature")}&`.repeat(100_000));
    expect(hashesFor(withBody(input, form.toString()))).toEqual({ hashes: 0, reason: "malformed_header" });
  });

  test("adyen", () => {
    const input = sent(codedSampleOf("adyen"));
    const { notificationItems } = JSON.parse(Buffer.from(input.request.body).toString()) as {
      notificationItems: object[];
    };
    const items = Array.from({ length: 10_000 }, () => notificationItems[0]);
    const flood = withBody(input, JSON.stringify({ notificationItems: items }));
    expect(hashesFor(flood)).toEqual({ hashes: 0, reason: "body_malformed" });
  });
});

test("docusign: a hundred numbered headers cost no more hashes than one", () => {
  const input = genuine(sampleOf("docusign"));
  const [own] = pairs(input).filter(([name]) => name === "X-DocuSign-Signature-1");
  const others = Array.from({ length: 99 }, (_, index): [string, string] => [
    `X-DocuSign-Signature-${index + 1}`,
    crypto.createHash("sha256").update(String(index)).digest("base64"),
  ]);
  const headers: [string, string][] = [...others, ["X-DocuSign-Signature-100", own?.[1] ?? ""]];
  const many = hashesFor({ ...input, request: { ...input.request, headers } });
  expect(many).toEqual({ hashes: hashesFor(input).hashes, reason: "ok" });
  expect(many.hashes).toBeGreaterThan(0);
});
