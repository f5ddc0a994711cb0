import { createHmac, createPublicKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import { verify } from "../src/index.ts";
import type { Receiver, VerifyInput } from "../src/index.ts";
import { certificates } from "./certificates.ts";
import { keys } from "./coded-sample.ts";
import { codedSampleOf, sent } from "./coded-samples.ts";
import { now } from "./samples.ts";

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

function tokenOf(input: VerifyInput, name: string): string {
  const headers: unknown = input.request.headers;
  const pairs: readonly unknown[] = Array.isArray(headers) ? headers : [];
  const found = pairs.find((pair) => Array.isArray(pair) && pair[0] === name);
  return Array.isArray(found) ? String(found[1]) : "";
}

function withToken(input: VerifyInput, name: string, token: string): VerifyInput {
  return { ...input, request: { ...input.request, headers: [[name, token]] } };
}

function withReceiver(input: VerifyInput, receiver: Receiver): VerifyInput {
  return { ...input, receiver: { ...input.receiver, ...receiver } };
}

describe("the algorithm is the receiver's, never the token's", () => {
  const netlify = sent(codedSampleOf("netlify"));
  const header = "X-Webhook-Signature";
  const [, payload = ""] = tokenOf(netlify, header).split(".");

  test.each(["none", "None", "HS384", "RS256", "ES256", ""])("%s is refused where HS256 counts", (alg) => {
    const forged = `${encode({ alg, typ: "JWT" })}.${payload}.${Buffer.from("x").toString("base64url")}`;
    expect(verify(withToken(netlify, header, forged))).toMatchObject({ ok: false, reason: "malformed_header" });
  });

  test("a token without a signature is no token", () => {
    expect(verify(withToken(netlify, header, `${encode({ alg: "none" })}.${payload}.`))).toMatchObject({ ok: false });
  });

  test("HS256 with the public key as the secret is refused (F125)", () => {
    const plaid = sent(codedSampleOf("plaid"));
    const [, claims = ""] = tokenOf(plaid, "Plaid-Verification").split(".");
    for (const key of [keys.p256.publicPem, keys.p256.der, keys.p256.jwk]) {
      const signed = `${encode({ alg: "HS256", kid: "k1" })}.${claims}`;
      const forged = `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
      expect(verify(withToken(plaid, "Plaid-Verification", forged))).toMatchObject({ reason: "malformed_header" });
      const fusionauth = sent(codedSampleOf("fusionauth"));
      const receiver = { publicKeys: [{ format: "spki-pem", value: keys.rsa.publicPem }] };
      const given = { ...withToken(fusionauth, "X-FusionAuth-Signature-JWT", forged), receiver };
      expect(verify(given)).toMatchObject({ ok: false, reason: "malformed_header" });
    }
  });

  test("an extension that must be understood is refused, and so is padded base64url", () => {
    const [, , signature = ""] = tokenOf(netlify, header).split(".");
    const critical = `${encode({ alg: "HS256", crit: ["b64"], b64: false })}.${payload}.${signature}`;
    expect(verify(withToken(netlify, header, critical))).toMatchObject({ reason: "malformed_header" });
    expect(verify(withToken(netlify, header, `${tokenOf(netlify, header)}=`))).toMatchObject({ ok: false });
  });
});

describe("a key that the receiver has not got", () => {
  test("is asked for on the provider's own host", () => {
    const plaid = { ...sent(codedSampleOf("plaid")), receiver: {} };
    expect(verify(plaid)).toEqual({
      ok: false,
      reason: "key_needed",
      need: { kind: "public_key", url: "https://production.plaid.com/webhook_verification_key/get", kid: "k1" },
    });
    const pubsub = sent(codedSampleOf("google-pubsub"));
    expect(verify(withReceiver(pubsub, { publicKeys: [] }))).toMatchObject({
      need: { kind: "jwks", url: "https://www.googleapis.com/oauth2/v3/certs", kid: "g1" },
    });
    const truelayer = sent(codedSampleOf("truelayer"));
    expect(verify(withReceiver(truelayer, { publicKeys: [] }))).toMatchObject({
      need: { kind: "jwks", url: "https://webhooks.truelayer.com/.well-known/jwks", kid: "tl1" },
    });
  });

  test("is never fetched from where a request points", () => {
    const input = sent(codedSampleOf("truelayer"));
    const [head = "", , signature = ""] = tokenOf(input, "Tl-Signature").split(".");
    const fields = JSON.parse(Buffer.from(head, "base64url").toString()) as object;
    const moved = encode({ ...fields, jku: "https://evil.example/jwks" });
    const headers: [string, string][] = [
      ["Tl-Signature", `${moved}..${signature}`],
      ["X-Tl-Webhook-Timestamp", now.toISOString()],
    ];
    const verdict = verify({ ...input, receiver: {}, request: { ...input.request, headers } });
    expect(verdict).toMatchObject({ ok: false, reason: "receiver_incomplete" });
  });

  test("a key that has been rotated out is refused", () => {
    const jwk = {
      ...(createPublicKey(keys.p256.publicPem).export({ format: "jwk" }) as object),
      expired_at: 1714979000,
    };
    const publicKeys = [{ kid: "k1", format: "jwk", value: JSON.stringify(jwk) }];
    expect(verify({ ...sent(codedSampleOf("plaid")), receiver: { publicKeys } })).toMatchObject({
      reason: "secret_expired",
    });
  });
});

describe("a genuine token for somebody else", () => {
  const pubsub = sent(codedSampleOf("google-pubsub"));
  test.each([
    { audience: "https://other.example" },
    { email: "other@example.iam.gserviceaccount.com" },
    { issuers: ["https://accounts.example"] },
  ])("is refused: %o", (receiver) => {
    expect(verify(withReceiver(pubsub, receiver))).toMatchObject({ ok: false, reason: "claim_mismatch" });
  });

  test.each([{ audience: undefined }, { email: undefined }])("and needs %o to be told", (receiver) => {
    expect(verify(withReceiver(pubsub, receiver))).toMatchObject({ ok: false, reason: "receiver_incomplete" });
  });

  test.each(["upstash-qstash", "messagebird"])("is refused at another URL: %s", (provider) => {
    const input = sent(codedSampleOf(provider));
    const request = { ...input.request, url: "http://example.com/in/abcdefgh" };
    const verdict = verify({ ...input, request });
    expect(verdict).toMatchObject({ reason: "claim_mismatch", diagnosis: { likelyCause: "url_differs" } });
    expect(verify({ ...withReceiver(input, { notificationUrl: codedSampleOf(provider).url }), request }).ok).toBe(true);
  });

  test.each([{ bundleId: "com.example.other" }, { environment: "Production" }, { environment: undefined }])(
    "of the App Store is refused: %o",
    (receiver) => {
      expect(verify(withReceiver(sent(codedSampleOf("apple-app-store")), receiver))).toMatchObject({
        reason: "claim_mismatch",
      });
    },
  );
});

describe("certificates", () => {
  const sns = sent(codedSampleOf("aws-sns"));
  const envelope = JSON.parse(Buffer.from(sns.request.body).toString()) as Record<string, string>;
  const snsWith = (change: Record<string, string>): VerifyInput => {
    const body = Buffer.from(JSON.stringify({ ...envelope, ...change }));
    return { ...sns, request: { ...sns.request, body } };
  };

  test.each([
    "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
    "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-a.pem",
    "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-a.pem",
    "https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
    "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-a.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.txt",
    "https://sns.eu-west-1.amazonaws.com\\@evil.example/SimpleNotificationService-a.pem",
    "https://SNS.evil.amazonaws.com.example/SimpleNotificationService-a.pem",
    "https://sns.s3-us-west-2.amazonaws.com/SimpleNotificationService-a.pem",
    "https://sns.s3.us-west-2.amazonaws.com/SimpleNotificationService-a.pem",
    "https://sns.s3-website-1.amazonaws.com/SimpleNotificationService-a.pem",
    "https://sns.execute-api.amazonaws.com/SimpleNotificationService-a.pem",
    "https://sns.eu-west-1.amazonaws.com/a.pem",
    "https://sns.eu-west-1.amazonaws.com/mine/SimpleNotificationService-a.pem",
    "https://sns.eu-west-1.amazonaws.com/mine/../SimpleNotificationService-a.pem",
    "https://sns.eu-west-1.amazonaws.com/?Action=Publish&x=/SimpleNotificationService-a.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem?",
    "file:///etc/passwd.pem",
  ])("are not taken from %s", (SigningCertURL) => {
    const given = { certificates: { [SigningCertURL]: certificates.signer } };
    const input = withReceiver(snsWith({ SigningCertURL }), given);
    expect(verify(input)).toMatchObject({ ok: false, reason: "certificate_untrusted" });
  });

  test("are asked for when they are not there", () => {
    const need = { kind: "certificate", url: envelope["SigningCertURL"], kid: null };
    expect(verify(withReceiver(sns, { certificates: {} }))).toEqual({ ok: false, reason: "key_needed", need });
  });

  test.each([
    "https://sns.us-gov-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns.ap-southeast-5.amazonaws.com/SimpleNotificationService-a.pem",
    "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-a.pem",
  ])("may be had from %s", (SigningCertURL) => {
    expect(verify(snsWith({ SigningCertURL }))).toMatchObject({ reason: "key_needed", need: { url: SigningCertURL } });
  });

  test.each(["Message", "MessageId", "Subject", "Timestamp", "TopicArn"])(
    "sign SNS's %s, and not what is beside it",
    (name) => {
      expect(verify(snsWith({ [name]: name === "Timestamp" ? "2024-05-06T07:08:08.000Z" : "x" })).ok).toBe(false);
      expect(verify(snsWith({ UnsubscribeURL: "https://evil.example" })).ok).toBe(true);
    },
  );

  test("of SNS are tied to a topic, and may be to a version", () => {
    expect(verify(withReceiver(sns, { audience: "arn:aws:sns:eu-west-1:1:t", version: "2" })).ok).toBe(true);
    expect(verify(withReceiver(sns, { audience: "arn:aws:sns:eu-west-1:2:t" }))).toMatchObject({
      reason: "claim_mismatch",
    });
    expect(verify(withReceiver(sns, { version: "1" }))).toMatchObject({ reason: "malformed_header" });
  });

  test.each([undefined, ""])("of SNS are anybody's without a topic: %j", (audience) => {
    expect(verify(withReceiver(sns, { audience }))).toMatchObject({
      reason: "receiver_incomplete",
      diagnosis: { evidence: { field: "audience" } },
    });
  });

  const url = envelope["SigningCertURL"] ?? "";
  test.each([
    ["out of date", { certificates: { [url]: certificates.signerExpired } }],
    ["of another root", { certificates: { [url]: certificates.signer }, trustedRoots: [certificates.strangeRoot] }],
    ["without any root", { certificates: { [url]: certificates.signer }, trustedRoots: [] }],
    ["that are none", { certificates: { [url]: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" } }],
    ["in a page", { certificates: { [url]: `<pre>${certificates.signer}</pre>` } }],
  ])("%s are refused", (_what, receiver) => {
    expect(verify(withReceiver(sns, receiver))).toMatchObject({ ok: false, reason: "certificate_untrusted" });
  });

  const { leaf, intermediate, root, intermediateNoAuthority, leafWithoutMark, leafExpired, strangeRoot } = certificates;
  test.each([
    ["without the App Store's mark", { a: leafWithoutMark, b: intermediate, c: root }],
    ["below one without authority", { a: leaf, b: intermediateNoAuthority, c: root }],
    ["out of date when it signed", { a: leafExpired, b: intermediate, c: root }],
    ["of two steps", { a: leaf, b: intermediate }],
    ["in another order", { a: intermediate, b: leaf, c: root }],
  ])("a chain %s is refused", (_what, chain) => {
    const sample = codedSampleOf("apple-app-store");
    const signer = { ...sample.signer, certificates: chain };
    expect(verify(sent({ ...sample, signer }))).toMatchObject({ ok: false, reason: "certificate_untrusted" });
  });

  test("a chain brings no root of its own: without trustedRoots only Apple's counts", () => {
    const sample = codedSampleOf("apple-app-store");
    for (const c of [root, strangeRoot]) {
      const signer = { ...sample.signer, certificates: { a: leaf, b: intermediate, c } };
      const input = withReceiver(sent({ ...sample, signer }), { trustedRoots: undefined });
      expect(verify(input)).toMatchObject({ reason: "certificate_untrusted" });
    }
  });
});

describe("what is left unsigned is still accepted, and known as the same event", () => {
  test("Mailgun: an old signature around another event has the same content key", () => {
    const input = sent(codedSampleOf("mailgun"));
    const body = Buffer.from(Buffer.from(input.request.body).toString().replace("mg1", "mg2"));
    const [a, b] = [verify(input), verify({ ...input, request: { ...input.request, body } })];
    if (!a.ok || !b.ok) throw new Error("not accepted");
    expect(b.eventId).toBe("mg2");
    expect(b.occurredAt?.toISOString()).toBe("2024-05-06T07:08:00.329Z");
    expect(Buffer.from(b.contentKey ?? [])).toEqual(Buffer.from(a.contentKey ?? [1]));
  });

  test("Adyen: unsigned data may differ, the eight fields may not", () => {
    const input = sent(codedSampleOf("adyen"));
    const altered = (from: string, to: string) => {
      const body = Buffer.from(Buffer.from(input.request.body).toString().replace(from, to));
      return verify({ ...input, request: { ...input.request, body } });
    };
    const [a, b] = [verify(input), altered('"eventDate":"2024', '"reason":"x","eventDate":"2023')];
    if (!a.ok || !b.ok) throw new Error("not accepted");
    expect(Buffer.from(b.eventKey)).toEqual(Buffer.from(a.eventKey));
    for (const [from, to] of [
      ['"value":1130', '"value":1131'],
      ['"success":"true"', '"success":"false"'],
      ["TestMerchant", "OtherMerchant"],
    ] as const)
      expect(altered(from, to)).toMatchObject({ ok: false, reason: "signature_mismatch" });
  });

  test("HubSpot: the number of the attempt makes no new event", () => {
    const sample = codedSampleOf("hubspot");
    const again = { ...sample, body: sample.body.replace('"attemptNumber":0', '"attemptNumber":3') };
    const [a, b] = [verify(sent(sample)), verify(sent(again))];
    if (!a.ok || !b.ok) throw new Error("not accepted");
    expect(Buffer.from(b.eventKey)).toEqual(Buffer.from(a.eventKey));
  });

  test("Mollie: two signatures in either order, also as two headers", () => {
    const input = sent(codedSampleOf("mollie"));
    const own = tokenOf(input, "X-Mollie-Signature");
    const foreign = `sha256=${"0".repeat(64)}`;
    for (const headers of [
      [["x-mollie-signature", `${foreign}, ${own}`]],
      [["x-mollie-signature", `${own},${foreign}`]],
      [
        ["X-Mollie-Signature", foreign],
        ["X-Mollie-Signature", own],
      ],
    ] as [string, string][][])
      expect(verify({ ...input, request: { ...input.request, headers } }).ok).toBe(true);
  });
});
