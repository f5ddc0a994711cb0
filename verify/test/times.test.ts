import { describe, expect, test } from "vitest";
import { providers, verify } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";
import { genuine, headerOf, now, sampleOf, samples, withHeader } from "./samples.ts";

function reasonOf(input: VerifyInput): string {
  const verdict = verify(input);
  return verdict.ok ? "ok" : verdict.reason;
}

const stripe = genuine(sampleOf("stripe"));
const stripeSignature = headerOf(stripe, "Stripe-Signature").split(",")[1] ?? "";
const standard = genuine(sampleOf("standard-webhooks"));

describe("times", () => {
  const seconds = "1714979289";
  const spellings = [
    `${seconds}abc`,
    `+${seconds}`,
    `-${seconds}`,
    ` ${seconds}`,
    `${seconds} `,
    `0${seconds}`,
    "0714979289",
    "1e9",
    "1.714979289e9",
    `${seconds}000`,
    `${seconds}.0`,
    "0x66387ff9",
    "9223372036854775808",
    "",
    "null",
    "١٧١٤٩٧٩٢٨٩",
    `${seconds},${seconds}`,
  ];

  test.each(spellings)("%j is no time of any provider (F93)", (text) => {
    expect(reasonOf(withHeader(stripe, "Stripe-Signature", `t=${text},${stripeSignature}`))).not.toBe("ok");
    expect(reasonOf(withHeader(standard, "webhook-timestamp", text))).not.toBe("ok");
    expect(reasonOf(withHeader(genuine(sampleOf("slack")), "X-Slack-Request-Timestamp", text))).not.toBe("ok");
    expect(reasonOf(withHeader(genuine(sampleOf("discord")), "X-Signature-Timestamp", text))).not.toBe("ok");
    const paddle = genuine(sampleOf("paddle"));
    const ts = headerOf(paddle, "Paddle-Signature").replace(/ts=[0-9]+/, `ts=${text}`);
    expect(reasonOf(withHeader(paddle, "Paddle-Signature", ts))).not.toBe("ok");
  });

  test("a time in milliseconds where seconds belong is named as such", () => {
    expect(verify(withHeader(standard, "webhook-timestamp", "1714979289000"))).toMatchObject({
      reason: "timestamp_malformed",
      diagnosis: { likelyCause: "timestamp_unit" },
    });
  });

  test.each(
    providers
      .filter(({ slug, toleranceSec }) => toleranceSec !== null && samples.some(({ provider }) => provider === slug))
      .map(({ slug, toleranceSec }) => ({ slug, toleranceSec })),
  )("$slug: exactly $toleranceSec s old or ahead is inside, one more is outside", ({ slug, toleranceSec }) => {
    const input = genuine(sampleOf(slug));
    const signedAtMs = slug === "linear" ? 1714979288500 : now.getTime();
    const at = (sec: number) => reasonOf({ ...input, now: new Date(signedAtMs + sec * 1000) });
    const tolerance = toleranceSec ?? 0;
    expect(at(tolerance)).toBe("ok");
    expect(at(-tolerance)).toBe("ok");
    expect(at(tolerance + 1)).toBe("timestamp_too_old");
    expect(at(-tolerance - 1)).toBe("timestamp_too_new");
  });

  test("a receiver's own tolerance replaces the default, within 1 s and 15 min (F94)", () => {
    const at = (sec: number, toleranceSec: number, slug = "stripe") => {
      const input = genuine(sampleOf(slug));
      return reasonOf({
        ...input,
        receiver: { ...input.receiver, toleranceSec },
        now: new Date(now.getTime() + sec * 1000),
      });
    };
    expect(at(1, 1)).toBe("ok");
    expect(at(2, 1)).toBe("timestamp_too_old");
    expect(at(900, 900)).toBe("ok");
    expect(at(0, 901)).toBe("receiver_incomplete");
    expect(at(0, 0)).toBe("receiver_incomplete");
    expect(at(0, Number.NaN)).toBe("receiver_incomplete");
    expect(at(61, 60, "discord")).toBe("timestamp_too_old");
    expect(at(-61, 60, "discord")).toBe("timestamp_too_new");
  });

  test("discord's signed time is not enforced unless the receiver asks (F96)", () => {
    expect(reasonOf({ ...genuine(sampleOf("discord")), now: new Date(now.getTime() + 86_400_000) })).toBe("ok");
  });

  test("a forged stale request is called forged, not stale", () => {
    const later = { ...stripe, now: new Date(now.getTime() + 3_600_000) };
    expect(reasonOf({ ...later, receiver: sampleOf("stripe").stranger })).toBe("signature_mismatch");
    expect(reasonOf(later)).toBe("timestamp_too_old");
  });
});
