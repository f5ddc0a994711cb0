import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { findProvider, verify } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";
import { codedSamples, sent } from "./coded-samples.ts";
import { disagreements } from "./disagreements.ts";
import { genuine, now, pairs, samples, unsigned, withBody, withHeaders } from "./samples.ts";
import { sdkOracles } from "./sdk-oracles.ts";
import type { SdkOracle } from "./sdk-oracle.ts";

beforeEach(() => {
  vi.useFakeTimers({ now, toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A genuine request of a provider, the same before it is signed (with what signs it), and with another key. */
interface Case {
  readonly name: string;
  readonly oracle: SdkOracle;
  readonly input: VerifyInput;
  readonly bare: VerifyInput;
  readonly stranger: VerifyInput | null;
}

function casesOf(oracle: SdkOracle): Case[] {
  const { provider } = oracle;
  const plain = samples
    .filter((sample) => sample.provider === provider)
    .map((sample, index) => ({
      name: `${provider} ${index}`,
      oracle,
      input: genuine(sample),
      bare: unsigned(sample, { receiver: sample.signer }),
      stranger: { ...genuine(sample), receiver: sample.stranger },
    }));
  const coded = codedSamples
    .filter((sample) => sample.provider === provider)
    .map((sample, index) => {
      const { url, headers, body, stranger } = sample;
      const input = sent(sample);
      const request = { method: "POST", url, headers, body: Buffer.from(body) };
      const bare = { provider, receiver: { ...sample.receiver, ...sample.signer }, request, now };
      return {
        name: `${provider} ${index}`,
        oracle,
        input,
        bare,
        stranger: stranger === null ? null : { ...input, receiver: stranger },
      };
    });
  return [...plain, ...coded];
}

const cases = sdkOracles.flatMap(casesOf);

/** The same JSON with other white space, as a parser and a writer between us would leave it; null where the body is no JSON. */
function rewritten({ request }: VerifyInput): string | null {
  const text = Buffer.from(request.body).toString("utf8");
  try {
    return JSON.stringify(JSON.parse(text), null, 1);
  } catch {
    return null;
  }
}

function isListed(provider: string, what: string): boolean {
  return disagreements.some((one) => one.provider === provider && one.what.startsWith(what));
}

test("every library has a sample to be asked about", () => {
  expect(sdkOracles.filter((oracle) => casesOf(oracle).length === 0)).toEqual([]);
});

describe("a provider's library and this one say the same", () => {
  test.each(cases)("of what we sign: $name", async ({ oracle, input }) => {
    expect(verify(input)).toMatchObject({ ok: true });
    expect(await oracle.accepts(input)).toBe(true);
  });

  test.each(cases.filter(({ oracle }) => oracle.signs !== null))(
    "of what it signs: $name",
    async ({ oracle, bare, input }) => {
      const signed = await oracle.signs?.(bare);
      if (signed === undefined) throw new Error("it does not sign");
      const received = { ...signed, receiver: input.receiver };
      expect(verify(received)).toMatchObject({ ok: true });
      expect(await oracle.accepts(received)).toBe(true);
    },
  );

  test.each(cases.filter(({ stranger }) => stranger !== null))(
    "of another secret: no: $name",
    async ({ oracle, stranger }) => {
      if (stranger === null) return;
      expect(verify(stranger).ok).toBe(false);
      expect(await oracle.accepts(stranger)).toBe(false);
    },
  );

  test.each(cases)("of an altered byte: $name", async ({ oracle, input }) => {
    const text = Buffer.from(input.request.body).toString("latin1");
    for (const at of [1 / 5, 1 / 3, 1 / 2, 2 / 3].map((part) => Math.floor(text.length * part))) {
      const body = Buffer.from(text, "latin1");
      body[at] = (body[at] ?? 0) ^ 1;
      const altered = withBody(input, body);
      expect(await oracle.accepts(altered)).toBe(verify(altered).ok);
    }
  });

  test.each(cases.filter(({ input }) => rewritten(input) !== null))(
    "of a body that was parsed and written anew: $name",
    async ({ oracle, input }) => {
      const again = withBody(input, rewritten(input) ?? "");
      const theirs = await oracle.accepts(again);
      if (isListed(input.provider, "a body that was parsed and written anew"))
        return expect(theirs).not.toBe(verify(again).ok);
      expect(theirs).toBe(verify(again).ok);
      // What a scheme leaves open is said of it; where nothing is left open a new spelling is refused by both.
      const open = /body|everything|all|anything|event/.test(findProvider(input.provider)?.notCovered ?? "");
      if (!open) expect(theirs).toBe(false);
    },
  );

  test.each(cases)("of a header that is missing: no: $name", async ({ oracle, input }) => {
    const own = new Set(findProvider(input.provider)?.securityHeaders.filter((name) => /sig|author|mac/.test(name)));
    const without = pairs(input).filter(([name]) => !own.has(name.toLowerCase()));
    if (without.length === pairs(input).length) return;
    expect(verify(withHeaders(input, without)).ok).toBe(false);
    expect(await oracle.accepts(withHeaders(input, without))).toBe(false);
  });
});
