import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { verify } from "../src/index.ts";
import type { Receiver, Refused, VerifyInput } from "../src/index.ts";
import { hmac } from "../src/engines/hmac-match.ts";
import { genuine, headerOf, now, sampleOf, samples, signed, unsigned, withBody, withHeader } from "./samples.ts";

function refused(input: VerifyInput): Refused {
  const verdict = verify(input);
  if (verdict.ok || verdict.reason === "key_needed") throw new Error(`not refused: ${JSON.stringify(verdict)}`);
  return verdict;
}

function withReceiver(input: VerifyInput, change: Receiver): VerifyInput {
  return { ...input, receiver: { ...input.receiver, ...change } };
}

/** What the receiver gets when the sender signed `sent` and something on the way made `came` of it. */
function changedOnTheWay(sent: string | Buffer, came: string | Buffer, provider = "stripe"): Refused {
  return refused(withBody(signed(withBody(unsigned(sampleOf(provider)), sent)), came));
}

const stripe = genuine(sampleOf("stripe"));
const secret = String(stripe.receiver.secrets?.[0]);

describe("a changed byte, of which nobody can say more", () => {
  test("is a mismatch that says what reads well, what was tried and which two causes are left", () => {
    const altered = withReceiver(withBody(stripe, sampleOf("stripe").body.replace("evt_1", "evt_2")), {
      secrets: [secret, { value: `${secret}0`, version: "next" }],
    });
    const { reason, diagnosis } = refused(altered);
    expect(reason).toBe("signature_mismatch");
    expect(diagnosis).toMatchObject({ step: "signature", likelyCause: "body_or_secret_differs" });
    expect(diagnosis.summary).toContain("The signature and its time are well formed");
    expect(diagnosis.summary).toContain("none of the 2 live secret versions (v1, next)");
    expect(diagnosis.summary).toContain(
      "Either the body was changed on the way, or the sender signs with another secret",
    );
    expect(diagnosis.evidence).toMatchObject({ header: "Stripe-Signature", secretsTried: 2, bodyBytes: 101 });
  });

  test("shows both signatures by their first eight digits", () => {
    const { evidence } = refused(withBody(stripe, "{}")).diagnosis;
    const theirs = headerOf(stripe, "Stripe-Signature").split("v1=")[1] ?? "";
    expect(evidence["signatureStart"]).toBe(theirs.slice(0, 8));
    expect(evidence["expectedStart"]).toBe(
      createHmac("sha256", secret).update("1714979289.{}").digest("hex").slice(0, 8),
    );
  });
});

describe("what happened to the body is named", () => {
  test.each([
    [
      "parsed and written without spaces",
      '{ "id": "evt_1", "a": [1, 2] }',
      '{"id":"evt_1","a":[1,2]}',
      "body_or_secret_differs",
    ],
    [
      "indented",
      '{"id":"evt_1","a":[1,2]}',
      '{\n  "id": "evt_1",\n  "a": [\n    1,\n    2\n  ]\n}',
      "body_reserialized",
    ],
    ["made compact", '{\n  "id": "evt_1"\n}', '{"id":"evt_1"}', "body_reserialized"],
    ["made compact, spaces before", '{"id": "evt_1", "a": 1}', '{"id":"evt_1","a":1}', "body_reserialized"],
    ["unescaped", '{"name":"Caf\\u00e9"}', '{"name":"Café"}', "body_reserialized"],
    ["unescaped slashes", '{"url":"https:\\/\\/a"}', '{"url":"https://a"}', "body_reserialized"],
    ["given a line break", '{"id":"evt_1"}', '{"id":"evt_1"}\n', "body_newline_changed"],
    ["robbed of its line break", '{"id":"evt_1"}\n', '{"id":"evt_1"}', "body_newline_changed"],
    ["given CRLF", '{\n"id":"evt_1"}', '{\r\n"id":"evt_1"}', "body_newline_changed"],
    ["given LF", '{\r\n"id":"evt_1"}', '{\n"id":"evt_1"}', "body_newline_changed"],
    ["given a byte order mark", '{"id":"evt_1"}', '\ufeff{"id":"evt_1"}', "body_byte_order_mark"],
    ["encoded twice", '{"name":"Café"}', Buffer.from('{"name":"Café"}').toString("latin1"), "body_charset_changed"],
    ["emptied", '{"id":"evt_1"}', "", "body_empty"],
  ])("%s", (_what, sent, came, likelyCause) => {
    for (const provider of ["stripe", "github", "shopify", "standard-webhooks", "square"]) {
      const { reason, diagnosis } = changedOnTheWay(sent, came, provider);
      expect([provider, reason, diagnosis.likelyCause]).toEqual([provider, "signature_mismatch", likelyCause]);
    }
  });

  test("for a public key as well", () => {
    const sample = sampleOf("discord");
    const input = withBody(genuine(sample), `${sample.body}\n`);
    expect(refused(input)).toMatchObject({
      reason: "signature_mismatch",
      diagnosis: { likelyCause: "body_newline_changed" },
    });
  });

  test("a gzip body is pointed out", () => {
    expect(changedOnTheWay("{}", Buffer.from([0x1f, 0x8b, 8, 0])).diagnosis.likelyCause).toBe("body_compressed");
  });

  test("a parsed body is no body", () => {
    const body: unknown = { id: "evt_1" };
    const input: unknown = { ...stripe, request: { ...stripe.request, body } };
    expect(isInput(input) && refused(input)).toMatchObject({
      reason: "request_unusable",
      diagnosis: { likelyCause: "body_not_raw" },
    });
  });
});

describe("what is wrong with the secret is named", () => {
  test.each([
    ["stripe", [`${secret}\n`], "secret_has_white_space"],
    ["stripe", [secret.slice("whsec_".length)], "secret_prefix_missing"],
    ["standard-webhooks", ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw "], "secret_has_white_space"],
    ["github", [` ${String(sampleOf("github").receiver.secrets?.[0])}`], "secret_has_white_space"],
  ])("%s %#", (provider, secrets, likelyCause) => {
    const { reason, diagnosis } = refused(withReceiver(genuine(sampleOf(provider)), { secrets }));
    expect(["signature_mismatch", "receiver_incomplete"]).toContain(reason);
    if (reason === "signature_mismatch") expect(diagnosis.likelyCause).toBe(likelyCause);
    expect(diagnosis.step).toBe("receiver");
  });

  test("a sender that decodes what should not be decoded, or the other way round", () => {
    const { body } = sampleOf("stripe");
    const base64 = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const key = Buffer.from(base64.slice(6), "base64");
    const decoded = hmac("sha256", key, [`1714979289.${body}`]).toString("hex");
    const stripeLike = withHeader(
      withReceiver(stripe, { secrets: [base64] }),
      "Stripe-Signature",
      `t=1714979289,v1=${decoded}`,
    );
    expect(refused(stripeLike).diagnosis.likelyCause).toBe("secret_encoding");

    const standard = genuine(sampleOf("standard-webhooks"));
    const id = headerOf(standard, "webhook-id");
    const undecoded = hmac("sha256", base64, [`${id}.1714979289.`, standard.request.body]).toString("base64");
    expect(refused(withHeader(standard, "webhook-signature", `v1,${undecoded}`)).diagnosis.likelyCause).toBe(
      "secret_encoding",
    );
  });

  test("a token with white space around it in the configuration", () => {
    const gitlab = genuine(sampleOf("gitlab"));
    const spaced = withReceiver(gitlab, { secrets: [`${headerOf(gitlab, "X-Gitlab-Token")} `] });
    expect(refused(spaced)).toMatchObject({
      reason: "token_mismatch",
      diagnosis: { likelyCause: "secret_has_white_space" },
    });
  });
});

describe("what is wrong with the header or the clock is named", () => {
  test("the right bytes in the other encoding, and in the other letter case", () => {
    const shopify = genuine(sampleOf("shopify"));
    const hex = Buffer.from(headerOf(shopify, "X-Shopify-Hmac-Sha256"), "base64").toString("hex");
    expect(refused(withHeader(shopify, "X-Shopify-Hmac-Sha256", hex)).diagnosis.likelyCause).toBe("signature_encoding");
    const github = genuine(sampleOf("github"));
    const digits = headerOf(github, "X-Hub-Signature-256").slice(7).toUpperCase();
    const upper = withHeader(github, "X-Hub-Signature-256", `sha256=${digits}`);
    expect(refused(upper).diagnosis.likelyCause).toBe("signature_letter_case");
  });

  test("a clock that is off, with its size and direction", () => {
    const at = (sec: number) => refused({ ...stripe, now: new Date(now.getTime() + sec * 1000) }).diagnosis;
    expect(at(400)).toMatchObject({
      step: "time",
      likelyCause: "clock_skew",
      evidence: { skewSec: 400, toleranceSec: 300 },
    });
    expect(at(-400)).toMatchObject({ likelyCause: "clock_skew", evidence: { skewSec: -400 } });
    expect(at(86_400)).toMatchObject({ likelyCause: "late_or_replayed", evidence: { skewSec: 86_400 } });
  });

  test("a URL that differs from the one that was signed, and how", () => {
    const square = genuine(sampleOf("square"));
    for (const [notificationUrl, how] of [
      ["http://example.com/in/square", "with https instead of http"],
      ["https://example.com/in/square/", "without the slash"],
      ["https://example.com/in/square?a=1", "without its query"],
    ] as const) {
      const { diagnosis } = refused(withReceiver(square, { notificationUrl }));
      expect(diagnosis).toMatchObject({ likelyCause: "url_differs" });
      expect(diagnosis.summary).toContain(how);
    }
    const twilio = genuine(sampleOf("twilio"));
    const behindProxy = { ...twilio, request: { ...twilio.request, url: twilio.request.url.replace("https", "http") } };
    expect(refused(behindProxy).diagnosis.likelyCause).toBe("url_differs");
  });

  test("Twilio's public URL comes from the receiver where a proxy changed it, and the query from the request", () => {
    const twilio = genuine(sampleOf("twilio"));
    const seen = { ...twilio, request: { ...twilio.request, url: "http://10.0.0.7:8080/internal?flow=1" } };
    expect(verify(seen).ok).toBe(false);
    expect(verify(withReceiver(seen, { notificationUrl: "https://example.com/in/twilio" })).ok).toBe(true);
    const pathOnly = { ...twilio, request: { ...twilio.request, url: "/in/twilio?flow=1" } };
    expect(refused(pathOnly).reason).toBe("receiver_incomplete");
    expect(verify(withReceiver(pathOnly, { notificationUrl: "https://example.com/in/twilio?flow=2" })).ok).toBe(true);
  });

  test("a body whose hash in the signed URL is another one", () => {
    const sample = samples.filter(({ provider }) => provider === "twilio")[1];
    if (sample === undefined) throw new Error("no sample");
    expect(refused(withBody(genuine(sample), "{}"))).toMatchObject({
      reason: "body_hash_mismatch",
      diagnosis: { step: "body" },
    });
    const twice = `${sample.url}&bodySHA256=${"0".repeat(64)}`;
    const input = signed({ ...unsigned(sampleOf("twilio")), request: { ...unsigned(sampleOf("twilio")).request } });
    expect(refused({ ...input, request: { ...input.request, url: twice } }).reason).toBe("signature_mismatch");
  });

  test("a body that nothing signs", () => {
    const twilio = genuine(sampleOf("twilio"));
    expect(refused(withBody(twilio, '{"a":"b"}')).reason).toBe("body_hash_missing");
    expect(refused({ ...twilio, request: { ...twilio.request, method: "GET" } }).reason).toBe("body_hash_missing");
  });
});

describe("a diagnosis gives nothing away", () => {
  test("no secret, no token and no whole signature of ours is in it, whatever went wrong", () => {
    for (const sample of samples) {
      const input = genuine(sample);
      const [mine] = sample.signer.secrets ?? [];
      const spoiled = [
        withBody(input, `${sample.body} `),
        { ...input, receiver: sample.stranger },
        withReceiver(input, { secrets: [`${String(mine)} `] }),
        withReceiver(input, { secrets: [{ value: String(mine), notAfter: 0 }] }),
        { ...input, now: new Date(now.getTime() + 3_600_000) },
      ];
      for (const broken of spoiled) {
        const verdict = verify(broken);
        if (verdict.ok) continue;
        const text = JSON.stringify(verdict);
        for (const given of [...(broken.receiver.secrets ?? []), mine]) {
          const value = typeof given === "string" ? given : (given?.value ?? "");
          expect(text).not.toContain(value.trim());
        }
        expect(text.replace(/"bodySha256":"[0-9a-f]{64}"/, "")).not.toMatch(/[0-9a-f]{33}|[A-Za-z0-9+/]{40}/);
      }
    }
  });

  test("header values are cut and made printable", () => {
    const { diagnosis } = refused(withHeader(stripe, "Stripe-Signature", `\u001b[31m\r\n${"x".repeat(500)}`));
    expect(JSON.stringify(diagnosis).length).toBeLessThan(600);
    expect(JSON.stringify(diagnosis)).not.toMatch(/\\u001b|\\r|\\n/);
  });
});

function isInput(input: unknown): input is VerifyInput {
  return typeof input === "object" && input !== null;
}
