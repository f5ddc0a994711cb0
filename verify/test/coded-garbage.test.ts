import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answerHandshake, checkReceiver, verify } from "../src/index.ts";
import type { Receiver, VerifyInput } from "../src/index.ts";
import { codedSamples, sent } from "./coded-samples.ts";
import { now } from "./samples.ts";

const samples = fc.constantFrom(...codedSamples);
const bytes = fc.uint8Array({ maxLength: 300 });
const anything = fc.anything({ withDate: true, withNullPrototype: true, withTypedArray: true, withMap: true });
const fields = [
  "secrets",
  "publicKeys",
  "certificates",
  "certHostPattern",
  "trustedRoots",
  "notificationUrl",
  "callbackUrl",
  "webhookId",
  "audience",
  "issuers",
  "email",
  "bundleId",
  "environment",
  "appId",
  "keyId",
  "algorithm",
  "version",
  "username",
  "password",
  "verifyToken",
  "toleranceSec",
];

function isReceiver(given: unknown): given is Receiver {
  return typeof given === "object" && given !== null;
}

/** Bytes with a few of them replaced, cut or doubled: near enough to get far into each engine. */
const mutations = fc.array(
  fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.constantFrom("set", "cut", "double")),
  {
    minLength: 1,
    maxLength: 6,
  },
);

function mutate(given: Uint8Array, steps: readonly (readonly [number, number, string])[]): Uint8Array {
  let changed = Buffer.from(given);
  for (const [place, byte, how] of steps) {
    const at = changed.length === 0 ? 0 : place % changed.length;
    if (how === "cut") changed = changed.subarray(0, at);
    else if (how === "double") changed = Buffer.concat([changed, changed.subarray(at)]);
    else if (changed.length > 0) changed[at] = byte;
  }
  return changed;
}

describe("for anything that a sender or a configuration may hold", () => {
  test("a request that was altered anywhere gets a verdict and never a throw", () => {
    fc.assert(
      fc.property(samples, mutations, fc.nat(), (sample, steps, place) => {
        const input = sent(sample);
        const headers = Array.isArray(input.request.headers) ? input.request.headers : [];
        const at = headers.length === 0 ? 0 : place % headers.length;
        const altered = headers.map((pair: readonly [string, string], index): [string, string] =>
          index === at
            ? [pair[0], Buffer.from(mutate(Buffer.from(pair[1], "latin1"), steps)).toString("latin1")]
            : [pair[0], pair[1]],
        );
        const body = mutate(input.request.body, steps);
        const url = Buffer.from(mutate(Buffer.from(input.request.url), steps)).toString("latin1");
        for (const change of [{ headers: altered }, { body }, { url }]) {
          const given: VerifyInput = { ...input, request: { ...input.request, ...change } };
          expect(typeof verify(given).ok).toBe("boolean");
          answerHandshake(given);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("no receiver and no body makes verify, answerHandshake or checkReceiver throw", () => {
    const receivers = fc.dictionary(fc.constantFrom(...fields), fc.oneof(anything, fc.string(), fc.array(fc.string())));
    fc.assert(
      fc.property(samples, receivers, bytes, (sample, receiver, body) => {
        if (!isReceiver(receiver)) return;
        const input = { ...sent(sample), receiver };
        verify(input);
        answerHandshake(input);
        checkReceiver(sample.provider, receiver);
        const given = { ...input, request: { ...input.request, body } };
        verify({ ...given, receiver: sample.receiver });
        for (const url of ["", "?", "http://", "/in/x?%ff&=&validationToken=%", "https://[::1"])
          answerHandshake({ ...given, request: { ...given.request, method: "GET", url } });
        expect(now).toBeInstanceOf(Date);
      }),
      { numRuns: 300 },
    );
  });
});
