import { describe, expect, test } from "vitest";
import { findProvider, verify } from "../src/index.ts";
import type { Receiver, VerifyInput } from "../src/index.ts";
import { hmacSamples } from "./hmac-samples.ts";
import { genuine, now, secretOf, signed, unsigned } from "./samples.ts";

const table = hmacSamples.map((sample) => ({ sample, provider: sample.provider }));
/** Providers that write one signature for each live secret, in one header or several. */
const several = ["mux", "revolut", "recurly", "box", "pagerduty", "circleci", "docusign", "openai", "polar", "clerk"];

function judge(input: VerifyInput, receiver: Receiver): string {
  const verdict = verify({ ...input, receiver });
  return verdict.ok ? `ok ${verdict.secretVersion}` : verdict.reason;
}

describe("secrets of every provider of these families", () => {
  test.each(table)(
    "$provider: the right one counts beside another, in both orders, under its version",
    ({ sample }) => {
      const input = genuine(sample);
      const mine = secretOf(input);
      const other = secretOf({ ...input, receiver: sample.stranger });
      expect(judge(input, { secrets: [mine, other] })).toBe("ok v1");
      expect(judge(input, { secrets: [other, { value: mine, version: "new" }] })).toBe("ok new");
    },
  );

  test.each(table)("$provider: an old one counts until its end and is named behind it", ({ sample }) => {
    const input = genuine(sample);
    const mine = secretOf(input);
    const other = secretOf({ ...input, receiver: sample.stranger });
    const until = (ms: number) => ({ secrets: [{ value: mine, notAfter: new Date(now.getTime() + ms) }, other] });
    expect(judge(input, until(0))).toBe("ok v1");
    expect(judge(input, until(-1))).toBe("secret_expired");
  });

  test.each(table)("$provider: empty, blank and missing ones open nothing", ({ sample }) => {
    const input = genuine(sample);
    for (const secrets of [[], [""], [" "], ["\t\n"], undefined]) {
      expect([secrets, judge(input, { secrets })]).toEqual([secrets, "receiver_incomplete"]);
    }
  });

  test("a secret that is changed in place in the same receiver counts at once", () => {
    const input = genuine(hmacSamples[0] ?? expect.unreachable());
    const secrets = [secretOf(input)];
    const receiver = { secrets };
    expect(judge(input, receiver)).toBe("ok v1");
    secrets[0] = "another secret of sufficient length";
    expect(judge(input, receiver)).toBe("signature_mismatch");
  });

  test.each(table.filter(({ provider }) => several.includes(provider)))(
    "$provider: what two secrets sign, each of them verifies",
    ({ sample }) => {
      const input = unsigned(sample);
      const mine = secretOf(input);
      const other = secretOf({ ...input, receiver: sample.stranger });
      for (const secrets of [
        [mine, other],
        [other, mine],
      ]) {
        const both = signed({ ...input, receiver: { secrets } });
        for (const secret of secrets) expect(judge(both, { secrets: [secret] })).toBe("ok v1");
      }
    },
  );

  test("stale and future requests are refused wherever a time is signed (F94)", () => {
    const timed = table.filter(({ provider }) => findProvider(provider)?.toleranceSec != null);
    expect(timed.length).toBeGreaterThan(20);
    for (const { sample } of timed) {
      const input = genuine(sample);
      for (const [ms, reason] of [
        [7_200_000, "timestamp_too_old"],
        [-7_200_000, "timestamp_too_new"],
      ] as const) {
        expect(judge({ ...input, now: new Date(now.getTime() + ms) }, input.receiver)).toBe(reason);
      }
    }
  });
});
