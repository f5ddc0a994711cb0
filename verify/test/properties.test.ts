import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answerHandshake, checkReceiver, findProvider, providers, sign, verify } from "../src/index.ts";
import type { Receiver, VerifyInput } from "../src/index.ts";
import { ed25519, isToken, now, samples, signed, unsigned, withBody } from "./samples.ts";

const bodies = fc.uint8Array({ maxLength: 200 });
const slugs = fc.constantFrom(...providers.map(({ slug }) => slug), "nobody", "__proto__", "constructor", "");
/** Discord's keys come in pairs, Twilio's bodies must be forms, Linear's hold the time. */
const withAnyBody = samples.filter(({ provider }) => !["twilio", "linear"].includes(provider));

describe("for any body", () => {
  test("what is signed verifies", () => {
    fc.assert(
      fc.property(fc.constantFrom(...withAnyBody), bodies, (sample, body) => {
        expect(verify(signed(withBody(unsigned(sample), body), sample.signer)).ok).toBe(true);
      }),
    );
  });

  test("what is signed for one body does not verify for another", () => {
    const signing = withAnyBody.filter(({ provider }) => !isToken(provider));
    fc.assert(
      fc.property(fc.constantFrom(...signing), bodies, bodies, (sample, body, other) => {
        fc.pre(!Buffer.from(body).equals(Buffer.from(other)));
        const input = signed(withBody(unsigned(sample), body), sample.signer);
        expect(verify(withBody(input, other)).ok).toBe(false);
      }),
    );
  });

  test("what one secret signs another does not verify", () => {
    const texts = fc.string({ minLength: 1, unit: "grapheme-ascii" }).filter((text) => text.trim() !== "");
    fc.assert(
      fc.property(texts, texts, bodies, (mine, other, body) => {
        fc.pre(mine !== other);
        const input = withBody({ provider: "github", receiver: { secrets: [mine] }, request, now }, body);
        expect(verify(signed(input)).ok).toBe(true);
        expect(verify({ ...signed(input), receiver: { secrets: [other] } }).ok).toBe(false);
      }),
    );
  });

  test("any form that a browser writes verifies as Twilio's, in any order of its fields", () => {
    const fields = fc.array(fc.tuple(fc.string({ unit: "grapheme", minLength: 1 }), fc.string({ unit: "grapheme" })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(fields, (pairs) => {
        const receiver = { secrets: ["8f742231b10e8888abcd99e6d1f4a2b7"], notificationUrl: "https://example.com/in" };
        const body = (list: [string, string][]) =>
          Buffer.from(new URLSearchParams(list).toString().replaceAll("%00", ""));
        const input = signed(withBody({ provider: "twilio", receiver, request, now }, body(pairs)));
        expect(verify(input).ok).toBe(true);
        const byName = new Map(pairs);
        if (byName.size === pairs.length) expect(verify(withBody(input, body(pairs.toReversed()))).ok).toBe(true);
      }),
    );
  });
});

const request = { method: "POST", url: "/", headers: [] as [string, string][], body: Buffer.alloc(0) };

describe("for any garbage", () => {
  const names = fc.constantFrom(
    ...providers.flatMap(({ securityHeaders }) => securityHeaders),
    "content-type",
    "__proto__",
    "constructor",
  );
  const values = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("t=1714979289,v1=", "v1,", "sha256=", "v0=", "ts=1;h1=", "1714979289", ",", "=", "v1,\u0000"),
    fc.stringMatching(/^[0-9a-f]{64}$/),
  );
  const headerLists = fc.oneof(
    fc.array(fc.tuple(names, values), { maxLength: 12 }),
    fc.dictionary(names, fc.oneof(values, fc.array(values, { maxLength: 3 }))),
  );
  const anything = fc.anything({ withDate: true, withNullPrototype: true, withTypedArray: true, withMap: true });
  const receivers = fc.oneof(
    anything,
    fc.record({
      secrets: fc.oneof(anything, fc.array(fc.oneof(fc.string(), fc.record({ value: anything, notAfter: anything })))),
    }),
    fc.record({ publicKeys: fc.oneof(anything, fc.array(fc.record({ format: anything, value: anything }))) }),
    fc.constant({ secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], notificationUrl: "https://example.com" }),
    fc.constant({ publicKeys: [{ format: "ed25519-raw-hex", value: ed25519.publicKey }] }),
  );

  // Some providers send the secret itself: garbage that happens to hold it is no garbage. An empty secret never counts.
  function carriesSecret(receiver: unknown, url: string, headers: unknown, body: Uint8Array): boolean {
    const secrets = (receiver as { secrets?: unknown } | null | undefined)?.secrets;
    const texts = (Array.isArray(secrets) ? secrets : []).flatMap((secret: unknown) => [
      secret,
      (secret as { value?: unknown } | null | undefined)?.value,
    ]);
    const held = JSON.stringify([url, decodeURIComponent(url), headers, Buffer.from(body).toString()]);
    return texts.some(
      (text) =>
        typeof text === "string" && text.trim() !== "" && held.includes(JSON.stringify(text.trim()).slice(1, -1)),
    );
  }

  // Whether a secret is over depends on the time, so it is no fault of a receiver; nobody signs with it either.
  function hasLiveSecret({ secrets = [] }: Receiver): boolean {
    const isOver = (secret: (typeof secrets)[number]): boolean =>
      typeof secret !== "string" && secret.notAfter !== undefined && new Date(secret.notAfter) <= now;
    return !Array.isArray(secrets) || secrets.length === 0 || !secrets.every(isOver);
  }

  function isInput(input: unknown): input is VerifyInput {
    return input !== undefined;
  }

  test("a request never makes verify or answerHandshake throw, nor pass", () => {
    expect(carriesSecret({ secrets: ["6"] }, "http://a.aa/6", [], new Uint8Array())).toBe(true);
    expect(
      carriesSecret({ secrets: [{ value: " a b", notAfter: null }, ""] }, "http://a.aa/a%20c", [], new Uint8Array()),
    ).toBe(false);
    fc.assert(
      fc.property(slugs, receivers, headerLists, bodies, fc.webUrl(), (provider, receiver, headers, body, url) => {
        const input: unknown = { provider, receiver, request: { method: "POST", url, headers, body }, now };
        if (!isInput(input)) return;
        fc.pre(!carriesSecret(receiver, url, headers, body));
        expect(verify(input).ok).toBe(false);
        expect([null, 200]).toContain(answerHandshake(input)?.status ?? null);
      }),
      { numRuns: 500 },
    );
  });

  test("what is no request at all does not make them throw either", () => {
    fc.assert(
      fc.property(slugs, anything, anything, anything, (provider, receiver, given, clock) => {
        const input: unknown = { provider, receiver, request: given, now: clock };
        if (!isInput(input)) return;
        expect(verify(input).ok).toBe(false);
        expect(answerHandshake(input)).toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  test("no receiver makes checkReceiver throw, and what it passes can be signed with", () => {
    const isReceiver = (given: unknown): given is Receiver => given !== undefined;
    fc.assert(
      fc.property(slugs, receivers, (provider, receiver) => {
        if (!isReceiver(receiver)) return;
        const faults = checkReceiver(provider, receiver);
        if (faults.length > 0 || provider === "discord") return;
        const { engine } = findProvider(provider) ?? {};
        // Coded schemes want a private key, a body of their own form or a secret elsewhere; coded.test.ts signs with each of them.
        if (!["hmac-template", "url-params", "static-token"].includes(String(engine))) return;
        // Only theirs are looked at: where the secrets are nobody's business, they may be anything.
        if (!hasLiveSecret(receiver)) return;
        const form = { ...request, url: "https://example.com/in" };
        expect(sign({ provider, receiver, request: form, now }).length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });

  test("nothing of it reaches Object.prototype", () => {
    const before = Object.getOwnPropertyNames(Object.prototype).join();
    const body = Buffer.from('{"__proto__":{"polluted":1},"id":"x","constructor":{"prototype":{"polluted":1}}}');
    for (const sample of withAnyBody) verify(withBody(signed(unsigned(sample), sample.signer), body));
    expect(Object.getOwnPropertyNames(Object.prototype).join()).toBe(before);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});
