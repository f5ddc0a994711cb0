import { createHmac, createPrivateKey, sign as signBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { verify } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";
import { signByHand } from "./hmac-by-hand.ts";
import { oracleClock, oracles } from "./oracles.ts";
import { ed25519, genuine, isToken, samples, secretOf, unsigned, withBody, withHeader } from "./samples.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: oracleClock, toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** What the providers whose libraries only verify write down in their documentation, done by hand. */
const byHand: Record<string, (input: VerifyInput) => VerifyInput> = {
  shopify: (input) => withHeader(input, "X-Shopify-Hmac-Sha256", mac(input, [input.request.body], "base64")),
  slack: (input) =>
    withHeader(
      withHeader(input, "X-Slack-Request-Timestamp", "1714979289"),
      "X-Slack-Signature",
      `v0=${mac(input, ["v0:1714979289:", input.request.body], "hex")}`,
    ),
  square: (input) =>
    withHeader(
      input,
      "x-square-hmacsha256-signature",
      mac(input, ["https://example.com/in/square", input.request.body], "base64"),
    ),
  paddle: (input) =>
    withHeader(input, "Paddle-Signature", `ts=1714979289;h1=${mac(input, ["1714979289:", input.request.body], "hex")}`),
  linear: (input) => withHeader(input, "Linear-Signature", mac(input, [input.request.body], "hex")),
  gitlab: (input) => withHeader(input, "X-Gitlab-Token", secretOf(input)),
  "gitlab-signing": (input) => {
    const key = Buffer.from(secretOf(input).slice("whsec_".length), "base64");
    const content = ["f5e57ebe-07b6-4b49-9a8f-1d5b9c4d8f10.1714979289.", input.request.body];
    const signature = createHmac("sha256", key)
      .update(Buffer.concat(content.map((part) => Buffer.from(part))))
      .digest("base64");
    return withHeader(withHeader(input, "webhook-timestamp", "1714979289"), "webhook-signature", `v1,${signature}`);
  },
  discord: (input) => {
    const der = Buffer.concat([
      Buffer.from("302e020100300506032b657004220420", "hex"),
      Buffer.from(ed25519.seed, "hex"),
    ]);
    const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    const signature = signBytes(null, Buffer.concat([Buffer.from("1714979289"), input.request.body]), key).toString(
      "hex",
    );
    return withHeader(withHeader(input, "X-Signature-Timestamp", "1714979289"), "X-Signature-Ed25519", signature);
  },
};

function mac(input: VerifyInput, parts: readonly (string | Uint8Array)[], encoding: "hex" | "base64"): string {
  const running = createHmac("sha256", secretOf(input));
  for (const part of parts) running.update(part);
  return running.digest(encoding);
}

describe("what the provider signs, we accept", () => {
  test.each(samples.map((sample) => ({ sample, provider: sample.provider, url: sample.url })))(
    "$provider at $url",
    async ({ sample }) => {
      const oracle = oracles.find(({ provider }) => provider === sample.provider);
      const input = unsigned(sample);
      const signed = oracle?.signs
        ? await oracle.signs(input)
        : (byHand[sample.provider]?.(input) ?? signByHand(input));
      if (signed === null) throw new Error("nobody signs for this provider");
      expect(verify(signed)).toMatchObject({ ok: true, secretVersion: "v1", eventId: sample.eventId });
    },
  );
});

describe("what we sign, the provider's library accepts, and a changed byte neither of us", () => {
  test.each(samples.map((sample) => ({ sample, provider: sample.provider, url: sample.url })))(
    "$provider at $url",
    async ({ sample }) => {
      const input = genuine(sample);
      expect(verify(input)).toMatchObject({ ok: true });
      const altered = withBody(
        input,
        sample.body.replace(/[a-z]/, (letter) => letter.toUpperCase()),
      );
      const stranger = { ...input, receiver: sample.stranger };
      const oracle = oracles.find(({ provider }) => provider === sample.provider);
      if (oracle !== undefined) {
        expect(await oracle.accepts(input)).toBe(true);
        expect(await oracle.accepts(altered)).toBe(false);
        expect(await oracle.accepts(stranger)).toBe(false);
      }
      if (!isToken(sample.provider)) expect(verify(altered)).toMatchObject({ ok: false });
      expect(verify(stranger)).toMatchObject({ ok: false });
    },
  );
});
