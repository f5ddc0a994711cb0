import { createHmac } from "node:crypto";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { checkReceiver, providers, verify } from "../src/index.ts";
import type { Receiver, Secret, VerifyInput } from "../src/index.ts";
import { ed25519, genuine, now, sampleOf, samples, signed, unsigned, withHeader } from "./samples.ts";

const stripe = sampleOf("stripe");
const secret = String(stripe.signer.secrets?.[0]);
const other = String(stripe.stranger.secrets?.[0]);

function withSecrets(input: VerifyInput, secrets: readonly (string | Secret)[]): VerifyInput {
  return { ...input, receiver: { ...input.receiver, secrets } };
}

const sharedKey = samples.filter(({ provider }) => provider !== "discord");

describe("several secrets", () => {
  test.each(sharedKey.map((sample) => ({ sample, provider: sample.provider, url: sample.url })))(
    "$provider at $url: any of them verifies, and the verdict names which",
    ({ sample }) => {
      const input = genuine(sample);
      const [mine = ""] = sample.signer.secrets ?? [];
      const [stranger = ""] = sample.stranger.secrets ?? [];
      expect(verify(withSecrets(input, [mine, stranger]))).toMatchObject({ ok: true, secretVersion: "v1" });
      expect(verify(withSecrets(input, [stranger, mine]))).toMatchObject({ ok: true, secretVersion: "v2" });
      const named = [
        { value: String(stranger), version: "old" },
        { value: String(mine), version: "2024-05" },
      ];
      expect(verify(withSecrets(input, named))).toMatchObject({ ok: true, secretVersion: "2024-05" });
      expect(verify(withSecrets(input, [stranger]))).toMatchObject({ ok: false });
    },
  );

  test("any of several public keys verifies, and the verdict names its kid or place", () => {
    const input = genuine(sampleOf("discord"));
    const mine = { format: "ed25519-raw-hex", value: ed25519.publicKey };
    const stranger = { format: "ed25519-raw-hex", value: ed25519.otherPublicKey };
    const verdictOf = (receiver: Receiver) => verify({ ...input, receiver });
    expect(verdictOf({ publicKeys: [stranger, mine] })).toMatchObject({ ok: true, secretVersion: "v2" });
    expect(verdictOf({ publicKeys: [stranger, { ...mine, kid: "app" }] })).toMatchObject({ secretVersion: "app" });
    expect(verdictOf({ publicKeys: [stranger] })).toMatchObject({ reason: "signature_mismatch" });
  });

  test("of a header with an old and a new signature, a receiver with either secret accepts", () => {
    const both = signed(withSecrets(unsigned(stripe), [other, secret]));
    expect(verify(withSecrets(both, [secret]))).toMatchObject({ ok: true });
    expect(verify(withSecrets(both, [other]))).toMatchObject({ ok: true });
  });

  test("of two versions with the same value the first is named", () => {
    const twins = [
      { value: secret, version: "a" },
      { value: secret, version: "b" },
    ];
    expect(verify(withSecrets(genuine(stripe), twins))).toMatchObject({ ok: true, secretVersion: "a" });
  });

  test("notAfter is honoured to the millisecond, as a Date, as text and as a number", () => {
    const input = genuine(stripe);
    const end = now.getTime() + 1000;
    for (const notAfter of [new Date(end), new Date(end).toISOString(), end]) {
      const rotating = withSecrets(input, [{ value: secret, version: "old", notAfter }, other]);
      expect(verify({ ...rotating, now: new Date(end) })).toMatchObject({ ok: true, secretVersion: "old" });
      expect(verify({ ...rotating, now: new Date(end + 1) })).toMatchObject({
        ok: false,
        reason: "secret_expired",
        diagnosis: { likelyCause: "secret_expired", evidence: { secretVersion: "old" } },
      });
    }
  });

  test.each(["Asia/Tokyo", "America/New_York"])("an end without a zone is in UTC, also in %s", (zone) => {
    vi.stubEnv("TZ", zone);
    onTestFinished(() => void vi.unstubAllEnvs());
    const end = new Date(now.getTime() + 1000);
    const notAfter = end.toISOString().replace("Z", "");
    expect(new Date(notAfter)).not.toEqual(end);
    const rotating = withSecrets(genuine(stripe), [{ value: secret, version: "old", notAfter }, other]);
    expect(checkReceiver("stripe", rotating.receiver)).toEqual([]);
    expect(verify({ ...rotating, now: end })).toMatchObject({ ok: true, secretVersion: "old" });
    expect(verify({ ...rotating, now: new Date(end.getTime() + 1) })).toMatchObject({ reason: "secret_expired" });
  });

  test("an end that cannot be read has passed", () => {
    const input = genuine(stripe);
    for (const notAfter of [
      "soon",
      "",
      Number.NaN,
      new Date(Number.NaN),
      "2099",
      "2026-13-01",
      "2099-01-01T00:00:00 (or so)",
    ]) {
      expect(verify(withSecrets(input, [{ value: secret, notAfter }]))).toMatchObject({ reason: "secret_expired" });
    }
  });

  test("an expired token is called expired too", () => {
    const input = genuine(sampleOf("gitlab"));
    const expired = { value: String(input.receiver.secrets?.[0]), notAfter: new Date(now.getTime() - 1) };
    expect(verify(withSecrets(input, [expired]))).toMatchObject({ reason: "secret_expired" });
  });

  test("the eleventh secret is never tried", () => {
    const input = genuine(stripe);
    const ten = Array.from({ length: 10 }, (_, index) => `${other}${index}`);
    expect(verify(withSecrets(input, [...ten.slice(1), secret]))).toMatchObject({ ok: true, secretVersion: "v10" });
    expect(verify(withSecrets(input, [...ten, secret]))).toMatchObject({ ok: false });
  });
});

describe("secrets that are none", () => {
  const blanks = ["", " ", "\t\n", "\u00a0", "\ufeff"];

  test.each([...blanks, "whsec_", "whsec_ "])(
    "%j verifies nothing, not even what is signed with it (F123)",
    (value) => {
      const digest = createHmac("sha256", value).update(`1714979289.${stripe.body}`).digest("hex");
      const forged = withHeader(unsigned(stripe), "Stripe-Signature", `t=1714979289,v1=${digest}`);
      expect(verify(withSecrets(forged, [value]))).toMatchObject({ ok: false, reason: "receiver_incomplete" });
      expect(verify(withSecrets(genuine(stripe), [value, secret]))).toMatchObject({ ok: true, secretVersion: "v2" });
    },
  );

  test("an empty key of Standard Webhooks verifies nothing", () => {
    const sample = sampleOf("standard-webhooks");
    const id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const digest = createHmac("sha256", "").update(`${id}.1714979289.${sample.body}`).digest("base64");
    const forged = withHeader(
      withHeader(unsigned(sample), "webhook-timestamp", "1714979289"),
      "webhook-signature",
      `v1,${digest}`,
    );
    for (const value of [...blanks, "whsec_", "whsec_=", "whsec_==", "whsec_ ", "="]) {
      expect(verify(withSecrets(forged, [value]))).toMatchObject({ ok: false, reason: "receiver_incomplete" });
    }
  });

  test("an empty token is not the token of a request without one", () => {
    const input = withHeader(genuine(sampleOf("gitlab")), "X-Gitlab-Token", " ");
    expect(verify(withSecrets(input, [" "]))).toMatchObject({ ok: false });
    expect(verify(withSecrets(withHeader(input, "X-Gitlab-Token", ""), [""]))).toMatchObject({ ok: false });
  });

  test("a token beyond Latin-1 is not folded onto one within it", () => {
    const input = withHeader(genuine(sampleOf("gitlab")), "X-Gitlab-Token", "\u0141bcdefghijklmnopqrstuvwxyz");
    expect(verify(withSecrets(input, ["Abcdefghijklmnopqrstuvwxyz"]))).toMatchObject({ ok: false });
  });

  test("no secrets at all is an incomplete receiver, for every provider (F124)", () => {
    for (const sample of samples) {
      const input = genuine(sample);
      for (const receiver of [{}, { secrets: [] }, { publicKeys: [] }]) {
        const given = sample.provider === "square" ? { ...receiver, notificationUrl: "https://example.com" } : receiver;
        expect(verify({ ...input, receiver: given })).toMatchObject({ ok: false, reason: "receiver_incomplete" });
      }
    }
  });

  test("the public key is no HMAC secret, and no placeholder key verifies", () => {
    const input = genuine(sampleOf("discord"));
    for (const value of [
      "0".repeat(64),
      `01${"0".repeat(62)}`,
      `${"0".repeat(62)}80`,
      "zz",
      ed25519.publicKey.slice(2),
    ]) {
      const receiver = { publicKeys: [{ format: "ed25519-raw-hex", value }] };
      expect(verify({ ...input, receiver })).toMatchObject({ ok: false, reason: "receiver_incomplete" });
      expect(checkReceiver("discord", receiver)).toMatchObject([{ path: "publicKeys[0]" }]);
    }
    expect(verify({ ...input, receiver: { secrets: [ed25519.publicKey] } })).toMatchObject({
      reason: "receiver_incomplete",
    });
  });
});

describe("checkReceiver", () => {
  test("finds nothing wrong with any sample", () => {
    for (const sample of samples) expect(checkReceiver(sample.provider, sample.receiver)).toEqual([]);
  });

  test("names every fault at once, each with its path", () => {
    const receiver = {
      secrets: [
        "",
        "   ",
        "whsec_",
        `${secret}\n`,
        "whsec_short",
        { value: other, version: "v1" },
        { value: secret, notAfter: "soon" },
      ],
      toleranceSec: 3600,
      notificationUrl: "example.com/in",
    };
    const faults = checkReceiver("stripe", receiver);
    expect(faults.map(({ path }) => path)).toEqual([
      "secrets[0].value",
      "secrets[1].value",
      "secrets[2].value",
      "secrets[3].value",
      "secrets[4].value",
      "secrets[5].version",
      "secrets[6].notAfter",
      "notificationUrl",
      "toleranceSec",
    ]);
    for (const { problem } of faults) expect(problem).not.toContain(secret);
  });

  test("refuses short secrets unless they are meant", () => {
    expect(checkReceiver("github", { secrets: ["hunter2"] })).toMatchObject([{ path: "secrets[0].value" }]);
    expect(checkReceiver("github", { secrets: [{ value: "hunter2", allowShort: true }] })).toEqual([]);
    expect(checkReceiver("standard-webhooks", { secrets: ["whsec_c2hvcnQ="] })).toMatchObject([
      { path: "secrets[0].value" },
    ]);
    expect(checkReceiver("standard-webhooks", { secrets: ["whsec_not base64"] })).toMatchObject([
      { path: "secrets[0].value" },
    ]);
    expect(checkReceiver("github", { secrets: [{ value: "", allowShort: true }] })).toHaveLength(1);
  });

  test("names what a provider needs and lacks, and what no receiver has", () => {
    for (const { slug, receiverFields } of providers) {
      expect(checkReceiver(slug, {}).map(({ path }) => path)).toEqual([...receiverFields]);
    }
    const misspelled: Receiver & { secret: string } = { secret: "x", secrets: [secret] };
    expect(checkReceiver("stripe", misspelled)).toMatchObject([{ path: "secret" }]);
    expect(checkReceiver("nobody", {})).toMatchObject([{ path: "provider" }]);
    expect(checkReceiver("stripe", { secrets: Array.from({ length: 11 }, (_, i) => secret + i) })).toMatchObject([
      { path: "secrets" },
    ]);
  });
});
