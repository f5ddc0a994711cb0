import { describe, expect, test } from "vitest";
import { findProvider, verify } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";
import { genuine, headerOf, isToken, sampleOf, samples, signed, unsigned, withBody, withHeader } from "./samples.ts";

/** The text with one bit of one character (a byte on the wire) flipped. */
function* flips(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const flipped = String.fromCharCode(text.charCodeAt(at) ^ (1 << bit));
      yield text.slice(0, at) + flipped + text.slice(at + 1);
    }
  }
}

function expectRefused(input: VerifyInput, what: string): void {
  const verdict = verify(input);
  if (verdict.ok) throw new Error(`accepted: ${what}`);
}

const signing = samples.filter(({ provider }) => !isToken(provider));
/** Everything that a signature covers or is, by header name. The time header is signed wherever there is one; ids where they are. */
function coveredHeaders(input: VerifyInput): string[] {
  if (!Array.isArray(input.request.headers)) return [];
  const names: string[] = input.request.headers.map((pair: readonly [string, string]) => pair[0]);
  const signsId = findProvider(input.provider)?.signedContent.includes("{id}") === true;
  const given = sampleOf(input.provider).headers.map(([name]) => name);
  return names.filter((name) => (given.includes(name) ? signsId && name.endsWith("-id") : true));
}

describe("no single flipped bit is accepted (F122)", () => {
  test.each(signing.map((sample) => ({ sample, provider: sample.provider, url: sample.url })))(
    "in the body: $provider at $url",
    ({ sample }) => {
      const input = genuine(sample);
      const bytes = Buffer.from(sample.body);
      let count = 0;
      for (let at = 0; at < bytes.length; at += 1) {
        for (let bit = 0; bit < 8; bit += 1) {
          const flipped = Buffer.from(bytes);
          flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
          expectRefused(withBody(input, flipped), `bit ${bit} of byte ${at}`);
          count += 1;
        }
      }
      expect(count).toBe(bytes.length * 8);
    },
  );

  test.each(signing.map((sample) => ({ sample, provider: sample.provider, url: sample.url })))(
    "in the headers that count: $provider at $url",
    ({ sample }) => {
      const input = genuine(sample);
      const names = coveredHeaders(input);
      expect(names.length).toBeGreaterThan(0);
      for (const name of names) {
        for (const value of flips(headerOf(input, name)))
          expectRefused(withHeader(input, name, value), `${name}: ${value}`);
      }
    },
  );

  test("in a shared token", () => {
    const input = genuine(sampleOf("gitlab"));
    for (const value of flips(headerOf(input, "X-Gitlab-Token"))) {
      expect(verify(withHeader(input, "X-Gitlab-Token", value))).toMatchObject({ ok: false });
    }
  });

  test("in the URL, where it is signed", () => {
    for (const sample of samples.filter(({ provider }) => provider === "twilio")) {
      const input = genuine(sample);
      for (const url of flips(sample.url)) expectRefused({ ...input, request: { ...input.request, url } }, url);
    }
    const square = genuine(sampleOf("square"));
    for (const notificationUrl of flips(square.receiver.notificationUrl ?? "")) {
      expectRefused({ ...square, receiver: { ...square.receiver, notificationUrl } }, notificationUrl);
    }
  });
});

describe("nothing cut, joined or moved is accepted", () => {
  test.each(signing.map((sample) => ({ sample, provider: sample.provider, url: sample.url })))(
    "of the body: $provider at $url",
    ({ sample }) => {
      const input = genuine(sample);
      const { body } = input.request;
      for (const other of [
        body.subarray(1),
        body.subarray(0, -1),
        new Uint8Array(0),
        Buffer.concat([body, Buffer.from("\n")]),
        Buffer.concat([body, Buffer.from([0])]),
        Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body]),
      ]) {
        expectRefused(withBody(input, other), `${other.length} bytes`);
      }
    },
  );

  test("a signature of one provider is none of another with the same secret", () => {
    const github = genuine(sampleOf("github"));
    const digits = headerOf(github, "X-Hub-Signature-256").slice("sha256=".length);
    const shopify = withHeader(
      withBody(unsigned(sampleOf("shopify")), github.request.body),
      "X-Shopify-Hmac-Sha256",
      digits,
    );
    expect(verify(shopify)).toMatchObject({ ok: false, reason: "malformed_header" });
  });

  test("digits moved from the time to the body change what is signed, though the bytes hashed are the same (discord)", () => {
    const input = signed(withBody(unsigned(sampleOf("discord")), '1{"id":"1"}'), sampleOf("discord").signer);
    expect(verify(input)).toMatchObject({ ok: true });
    const moved = withBody(withHeader(input, "X-Signature-Timestamp", "17149792891"), '{"id":"1"}');
    expect(verify(moved)).toMatchObject({ ok: false, reason: "timestamp_malformed" });
  });
});
