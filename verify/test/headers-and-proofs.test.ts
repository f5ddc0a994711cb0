import { createSecretKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { verifyJws } from "../src/engines/jws.ts";
import { findProvider, sign, verify } from "../src/index.ts";
import type { Receiver } from "../src/index.ts";
import { readAnyKey } from "../src/public-key.ts";

const now = new Date("2026-03-04T05:06:07Z");
const second = String(now.getTime() / 1_000);
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey;
const ed25519 = generateKeyPairSync("ed25519").publicKey;
const pemOf = (key: typeof rsa): string => key.export({ format: "pem", type: "spki" }).toString();

/** What is said to a request with these headers. */
function judge(
  provider: string,
  headers: unknown,
  receiver: Receiver = { secrets: ["whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ="] },
) {
  const request = {
    method: "POST",
    url: "https://e.example/in",
    headers: headers as [string, string][],
    body: Buffer.from("{}"),
  };
  const verdict = verify({ provider, receiver, request, now });
  if (verdict.ok || verdict.reason === "key_needed") throw new Error("expected a refusal");
  return { reason: verdict.reason, ...verdict.diagnosis };
}

/** All headers of a provider's scheme: a time where one is asked for, else this. */
const headersOf = (provider: string, signature: string, time = second) =>
  findProvider(provider)!.securityHeaders.map((name) => [name, name.includes("time") ? time : signature] as const);

describe("headers", () => {
  test("that are no texts are none", () => {
    expect(judge("stripe", [["Stripe-Signature", 7], "x", [null, "y"]])).toMatchObject({ reason: "missing_header" });
  });

  test("that came twice are told by the same one, whichever came twice first", () => {
    const twice = headersOf("slack", "v0=00").flatMap((header) => [header, header]);
    const found = judge("slack", twice);
    expect(found.reason).toBe("duplicate_header");
    expect(judge("slack", twice.toReversed())).toEqual(found);
  });

  test.each([
    ["stripe", [["Stripe-Signature", `t=12,v1=${"0".repeat(64)}`]], "Stripe-Signature"],
    [
      "slack",
      [
        ["X-Slack-Signature", `v0=${"0".repeat(64)}`],
        ["X-Slack-Request-Timestamp", "12"],
      ],
      "X-Slack-Request-Timestamp",
    ],
  ])("of %s with a time that is none are told by the header that bears it", (provider, headers, name) => {
    expect(judge(provider, headers)).toMatchObject({
      reason: "timestamp_malformed",
      summary: expect.stringContaining(`The time in ${name} is not ten digits`),
    });
  });

  test("with an id that holds a dot are refused with what an id is", () => {
    const signature = `v1,${Buffer.alloc(32).toString("base64")}`;
    const headers = [
      ["webhook-id", "a.b"],
      ["webhook-timestamp", second],
      ["webhook-signature", signature],
    ];
    const { reason, step, summary, evidence } = judge("standard-webhooks", headers);
    expect([reason, step, evidence]).toEqual(["malformed_header", "headers", expect.objectContaining({ length: 3 })]);
    expect(`${summary} ${String(evidence["header"])}`).toMatch(
      /^The header webhook-id is no id: it must be 1 to 512 visible ASCII characters without a dot\. webhook-id$/i,
    );
  });
});

describe("a proof by a key", () => {
  test.each([
    ["sendgrid", rsa, "ecdsa-p256-sha256-der"],
    ["telnyx", rsa, "ed25519"],
    ["wise", ed25519, "rsa-sha256"],
  ])("of %s takes no key of another kind", (provider, key, algorithm) => {
    const publicKeys = [{ format: "spki-pem", value: pemOf(key) }] as const;
    for (const receiver of [{ publicKeys }, {}] as Receiver[]) {
      const found = judge(provider, headersOf(provider, "AAAA"), receiver);
      expect(found).toMatchObject({ reason: "receiver_incomplete", evidence: { field: "publicKeys" } });
      if (provider !== "telnyx") expect(found.summary).toContain(`signs with ${algorithm}`);
    }
  });

  test("is refused where signature or time are misspelled", () => {
    expect(judge("sendgrid", headersOf("sendgrid", "!!"), {})).toMatchObject({ reason: "malformed_header" });
    expect(judge("sendgrid", headersOf("sendgrid", "AAAA", "12"), {})).toMatchObject({ reason: "timestamp_malformed" });
  });

  test("says what key is missing", () => {
    expect(judge("discord", headersOf("discord", "0".repeat(128)), {})).toMatchObject({
      reason: "receiver_incomplete",
      step: "receiver",
      summary: expect.stringContaining("needs a public key that can be read in publicKeys"),
      evidence: { field: "publicKeys", given: 0 },
      likelyCause: "configuration",
    });
  });

  test("has no time where the scheme signs none", () => {
    const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const request = { method: "POST", url: "https://e.example/in", headers: [], body: Buffer.from("{}") };
    const secret = pair.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    const headers = sign({ provider: "wise", receiver: { secrets: [secret] }, request, now });
    const receiver = { publicKeys: [{ format: "spki-pem", value: pemOf(pair.publicKey) }] } as const;
    const verdict = verify({ provider: "wise", receiver, request: { ...request, headers }, now });
    expect(verdict).toMatchObject({ ok: true, signedAt: null });
  });

  test("of a placeholder is none, whatever its last bit", () => {
    const value = `ec${"ff".repeat(30)}7f`;
    expect(readAnyKey({ format: "ed25519-raw-hex", value })).toContain("a placeholder?");
  });

  test("of a token is false for a key of another kind and for a signature of another length", () => {
    const content = Buffer.from("a.b");
    expect(verifyJws("HS256", rsa, content, Buffer.alloc(32))).toBe(false);
    expect(verifyJws("HS256", createSecretKey(Buffer.alloc(32)), content, Buffer.alloc(3))).toBe(false);
  });
});
