import { describe, expect, test } from "vitest";
import { decodeBase64Secret, decodeExact } from "../src/encoding.ts";
import { providers, verify } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";
import {
  genuine,
  headerOf,
  pairs,
  sampleOf,
  samples,
  signed,
  unsigned,
  withHeader,
  withHeaders,
  withoutHeader,
} from "./samples.ts";

function reasonOf(input: VerifyInput): string {
  const verdict = verify(input);
  return verdict.ok ? "ok" : verdict.reason;
}

const stripe = genuine(sampleOf("stripe"));
const [stripeTime = "", stripeSignature = ""] = headerOf(stripe, "Stripe-Signature").split(",");
const standard = genuine(sampleOf("standard-webhooks"));
const standardSignature = headerOf(standard, "webhook-signature");
const otherHex = "0".repeat(64);
const otherBase64 = Buffer.alloc(32).toString("base64");

describe("signature headers", () => {
  const shopify = genuine(sampleOf("shopify"));
  const base64 = headerOf(shopify, "X-Shopify-Hmac-Sha256");
  const github = genuine(sampleOf("github"));
  const hex = headerOf(github, "X-Hub-Signature-256").slice("sha256=".length);

  test.each([
    ["without its padding", base64.slice(0, -1)],
    ["with more padding", `${base64}=`],
    ["in the URL alphabet", base64.replaceAll("+", "-").replaceAll("/", "_")],
    ["with a space in it", `${base64.slice(0, 9)} ${base64.slice(9)}`],
    ["with a line break behind it", `${base64}\n`],
    ["cut", base64.slice(0, 40)],
    ["longer", `${base64.slice(0, -1)}A=`],
    ["in hexadecimal", hex],
    ["with a spare bit set", `${base64.slice(0, 42)}${nextBase64(base64[42] ?? "A")}=`],
    ["with a prefix", `sha256=${base64}`],
  ])("base64 %s is refused (F126)", (_what, value) => {
    if (value === base64) return;
    expect(reasonOf(withHeader(shopify, "X-Shopify-Hmac-Sha256", value))).not.toBe("ok");
  });

  test.each([
    ["in upper case", `sha256=${hex.toUpperCase()}`],
    ["with one digit less", `sha256=${hex.slice(1)}`],
    ["with one digit more", `sha256=${hex}0`],
    ["without its prefix", hex],
    ["under the prefix of SHA-1", `sha1=${hex}`],
    ["under SHA256=", `SHA256=${hex}`],
    ["behind a space", ` sha256=${hex}`],
    ["twice", `sha256=${hex}, sha256=${hex}`],
    ["with a tail", `sha256=${hex};`],
    ["under 0x", `sha256=0x${hex.slice(2)}`],
    ["as the empty text", "sha256="],
  ])("hexadecimal %s is refused (F126)", (_what, value) => {
    expect(reasonOf(withHeader(github, "X-Hub-Signature-256", value))).not.toBe("ok");
  });

  test("a header that came twice is refused, whatever the two say and however their names are written", () => {
    for (const sample of samples) {
      const input = genuine(sample);
      const security = pairs(input).filter(([name]) =>
        providers.find(({ slug }) => slug === input.provider)?.securityHeaders.includes(name.toLowerCase()),
      );
      expect(security.length).toBeGreaterThan(0);
      for (const [name, value] of security) {
        const twice = withHeaders(input, [...pairs(input), [name.toUpperCase(), value]]);
        expect([name, reasonOf(twice)]).toEqual([name, "duplicate_header"]);
      }
    }
  });

  test("two headers joined with a comma, as Node and fetch join them, are refused and named", () => {
    const value = headerOf(stripe, "Stripe-Signature");
    expect(verify(withHeader(stripe, "Stripe-Signature", `${value}, ${value}`))).toMatchObject({
      reason: "malformed_header",
      diagnosis: { likelyCause: "headers_joined" },
    });
  });

  test("a missing or empty header of the scheme is called missing, by its name", () => {
    for (const sample of samples) {
      const input = genuine(sample);
      for (const [name] of pairs(input).slice(sample.headers.length)) {
        for (const without of [withoutHeader(input, name), withHeader(input, name, "")]) {
          expect(verify(without)).toMatchObject({
            ok: false,
            reason: "missing_header",
            diagnosis: { evidence: { header: name } },
          });
        }
      }
    }
  });

  test("a SHA-1 signature of GitHub is never enough", () => {
    const only = withHeader(withoutHeader(github, "X-Hub-Signature-256"), "X-Hub-Signature", `sha1=${"0".repeat(40)}`);
    expect(verify(only)).toMatchObject({ reason: "missing_header", diagnosis: { likelyCause: "legacy_header_only" } });
    expect(reasonOf(withHeader(github, "X-Hub-Signature", "sha1=nonsense"))).toBe("ok");
  });

  test("headers are found in any letter case, in lists of pairs, in records and in records of lists", () => {
    const record = Object.fromEntries(pairs(stripe));
    const lists = Object.fromEntries(pairs(stripe).map(([name, value]) => [name.toUpperCase(), [value]]));
    for (const headers of [record, lists]) {
      expect(reasonOf({ ...stripe, request: { ...stripe.request, headers } })).toBe("ok");
    }
    const twice = { "stripe-signature": [stripeTime, stripeSignature] };
    expect(reasonOf({ ...stripe, request: { ...stripe.request, headers: twice } })).toBe("duplicate_header");
  });
});

describe("several signatures", () => {
  test("the genuine one counts in every order, beside strangers and beside other schemes", () => {
    const other = `v1=${otherHex}`;
    for (const value of [
      `${stripeTime},${other},${stripeSignature}`,
      `${stripeTime},${stripeSignature},${other}`,
      `${other},${stripeSignature},${stripeTime}`,
      `${stripeTime},v0=${otherHex},${stripeSignature}`,
      `${stripeTime},v1=junk,${stripeSignature}`,
    ]) {
      expect([value, reasonOf(withHeader(stripe, "Stripe-Signature", value))]).toEqual([value, "ok"]);
    }
    for (const value of [
      `v1,${otherBase64} ${standardSignature}`,
      `${standardSignature} v1,${otherBase64}`,
      `v1a,${otherBase64} ${standardSignature}`,
      `v2,whatever ${standardSignature}`,
    ]) {
      expect([value, reasonOf(withHeader(standard, "webhook-signature", value))]).toEqual([value, "ok"]);
    }
    const paddle = genuine(sampleOf("paddle"));
    const [ts = "", h1 = ""] = headerOf(paddle, "Paddle-Signature").split(";");
    expect(reasonOf(withHeader(paddle, "Paddle-Signature", `${ts};h1=${otherHex};${h1}`))).toBe("ok");
    expect(reasonOf(withHeader(paddle, "Paddle-Signature", `${ts};${h1};h1=${otherHex}`))).toBe("ok");
  });

  test("the right digits under another scheme's name are no signature", () => {
    const v0 = stripeSignature.replace("v1=", "v0=");
    expect(reasonOf(withHeader(stripe, "Stripe-Signature", `${stripeTime},${v0}`))).toBe("malformed_header");
    const v1a = standardSignature.replace("v1,", "v1a,");
    expect(reasonOf(withHeader(standard, "webhook-signature", v1a))).toBe("malformed_header");
  });

  test("ten are read, eleven are refused", () => {
    const many = (count: number) => Array.from({ length: count - 1 }, () => `v1=${otherHex}`).join(",");
    expect(reasonOf(withHeader(stripe, "Stripe-Signature", `${stripeTime},${many(10)},${stripeSignature}`))).toBe("ok");
    const eleven = `${stripeTime},${many(11)},${stripeSignature}`;
    expect(reasonOf(withHeader(stripe, "Stripe-Signature", eleven))).toBe("malformed_header");
  });

  test("100,000 signatures in one header are refused unread (F127)", () => {
    const flood = `${standardSignature} `.repeat(100_000);
    expect(verify(withHeader(standard, "webhook-signature", flood))).toMatchObject({
      reason: "malformed_header",
      diagnosis: { summary: expect.stringContaining("Refused unread") },
    });
  });

  test("separators are exactly the provider's", () => {
    for (const value of [
      `${stripeTime}, ${stripeSignature}`,
      `${stripeTime};${stripeSignature}`,
      `${stripeTime},,${stripeSignature}`,
    ]) {
      expect(reasonOf(withHeader(stripe, "Stripe-Signature", value))).toBe("malformed_header");
    }
    expect(reasonOf(withHeader(standard, "webhook-signature", `x  ${standardSignature}`))).toBe("malformed_header");
  });
});

describe("ids that are signed", () => {
  test.each(["msg.1", "msg 1", "", "msg\u00e9", "a".repeat(513), "msg\t1"])("%j is none (F131)", (id) => {
    expect(reasonOf(withHeader(standard, "webhook-id", id))).not.toBe("ok");
    if (id === "") return;
    const resigned = signed(withHeader(unsigned(sampleOf("standard-webhooks")), "webhook-id", id));
    expect(reasonOf(resigned)).toBe("malformed_header");
  });
});

describe("methods", () => {
  test("POST it is, and GET for Twilio alone", () => {
    for (const method of ["GET", "PUT", "DELETE", "", "POST "]) {
      expect(reasonOf({ ...stripe, request: { ...stripe.request, method } })).toBe("method_not_allowed");
    }
    expect(reasonOf({ ...stripe, request: { ...stripe.request, method: "post" } })).toBe("ok");
  });
});

describe("one spelling a value", () => {
  test("exact decoding takes what encoding gives and nothing else", () => {
    const bytes = Buffer.from("000102030405060708090a0b0c0d0e0f10111213", "hex");
    for (const encoding of ["hex", "base64"] as const) {
      const text = bytes.toString(encoding);
      expect(decodeExact(text, encoding, 20)).toEqual(bytes);
      expect(decodeExact(text, encoding, 32)).toBeNull();
      expect(decodeExact(` ${text.slice(1)}`, encoding, 20)).toBeNull();
    }
  });

  test("base64 secrets may lack their padding, and nothing else", () => {
    const bytes = Buffer.alloc(25, 0xfb);
    const text = bytes.toString("base64");
    expect(decodeBase64Secret(text)).toEqual(bytes);
    expect(decodeBase64Secret(text.replaceAll("=", ""))).toEqual(bytes);
    for (const wrong of [
      text.slice(0, -1),
      `${text}=`,
      text.replaceAll("+", "-"),
      ` ${text}`,
      `${text}\n`,
      "A",
      "AB=",
      "A===",
    ]) {
      expect([wrong, decodeBase64Secret(wrong)]).toEqual([wrong, null]);
    }
  });
});

function nextBase64(letter: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return alphabet[(alphabet.indexOf(letter) + 1) % 64] ?? "A";
}
