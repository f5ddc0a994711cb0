import { constants, createHmac, createPrivateKey, generateKeyPairSync, sign as signBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { verify } from "../src/index.ts";
import type { Receiver, VerifyInput } from "../src/index.ts";
import { keys, text as sharedSecret } from "./coded-sample.ts";
import { codedSampleOf, sent } from "./coded-samples.ts";
import { genuine, headerOf, sampleOf, withHeader } from "./samples.ts";

// Vectors in the manner of Wycheproof, made here by rule: what a key pair must not be talked into.

function refused(input: VerifyInput): void {
  expect(verify(input)).toMatchObject({ ok: false });
}

/** DER of an integer (X.690 section 8.3), as long or as bare as it is given. */
function integer(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0x02, bytes.length]), bytes]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
}

/** The two numbers of a DER signature, as they stand. */
function numbersOf(der: Buffer): [Buffer, Buffer] {
  const rEnd = 4 + (der[3] ?? 0);
  return [der.subarray(4, rEnd), der.subarray(rEnd + 2)];
}

const order = BigInt("0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

function bytesOf(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

describe("ECDSA over P-256 in DER (sendgrid)", () => {
  const name = "X-Twilio-Email-Event-Webhook-Signature";
  const input = sent(codedSampleOf("sendgrid"));
  const der = Buffer.from(headerOf(input, name), "base64");
  const [r, s] = numbersOf(der);
  const zero = Buffer.alloc(1);
  const padded = (bytes: Buffer) => Buffer.concat([Buffer.alloc(2), bytes]);

  test.each<[string, Buffer]>([
    ["r = 0", sequence(integer(zero), integer(s))],
    ["s = 0", sequence(integer(r), integer(zero))],
    ["both 0", sequence(integer(zero), integer(zero))],
    ["both 1", sequence(integer(Buffer.from([1])), integer(Buffer.from([1])))],
    ["r = the order", sequence(integer(bytesOf(order)), integer(s))],
    ["s = the order", sequence(integer(r), integer(bytesOf(order)))],
    ["r + the order", sequence(integer(bytesOf(numberOf(r) + order)), integer(s))],
    ["s + the order", sequence(integer(r), integer(bytesOf(numberOf(s) + order)))],
    ["a negative r", sequence(integer(Buffer.concat([Buffer.from([0xff]), r])), integer(s))],
    ["r and s exchanged", sequence(integer(s), integer(r))],
    ["padded numbers", sequence(integer(padded(r)), integer(padded(s)))],
    ["a third number", sequence(integer(r), integer(s), integer(zero))],
    ["one number", sequence(integer(r))],
    ["nothing", sequence()],
    ["a byte behind", Buffer.concat([der, Buffer.from([0])])],
    ["a byte less", der.subarray(0, -1)],
    ["another tag", Buffer.concat([Buffer.from([0x31]), der.subarray(1)])],
    ["a long form of the length", Buffer.concat([Buffer.from([0x30, 0x81]), der.subarray(1)])],
    ["an indefinite length", Buffer.concat([Buffer.from([0x30, 0x80]), der.subarray(2), Buffer.alloc(2)])],
    ["the two numbers without DER", Buffer.concat([bytesOf(numberOf(r)), bytesOf(numberOf(s))])],
    ["zeros", Buffer.alloc(64)],
  ])("%s is refused", (_what, signature) => {
    refused(withHeader(input, name, signature.toString("base64")));
  });

  test("the other of the two values of s is the same signature: senders write either, and it says nothing new", () => {
    const other = sequence(integer(r), integer(bytesOf(order - numberOf(s))));
    const [a, b] = [verify(input), verify(withHeader(input, name, other.toString("base64")))];
    if (!a.ok || !b.ok) throw new Error("not accepted");
    expect(Buffer.from(b.eventKey)).toEqual(Buffer.from(a.eventKey));
  });

  test("a key of another curve, or of another kind, makes nothing", () => {
    const content = Buffer.concat([
      Buffer.from(headerOf(input, `${name.replace(/Signature$/, "")}Timestamp`)),
      input.request.body,
    ]);
    const curve = generateKeyPairSync("ec", { namedCurve: "secp256k1" });
    const value = curve.publicKey.export({ format: "der", type: "spki" }).toString("base64");
    const receiver = { publicKeys: [{ format: "spki-der-base64", value }] };
    const signature = signBytes("sha256", content, curve.privateKey).toString("base64");
    refused({ ...withHeader(input, name, signature), receiver });
    refused({ ...input, receiver: { publicKeys: [{ format: "spki-der-base64", value: keys.ed.der }] } });
  });
});

describe("ECDSA in a token (plaid, truelayer)", () => {
  test.each([
    ["plaid", "Plaid-Verification", 64],
    ["truelayer", "Tl-Signature", 132],
  ] as const)("%s: zeros, DER, a byte more or less are refused", (provider, name, length) => {
    const input = sent(codedSampleOf(provider));
    const [head = "", payload = "", signature = ""] = headerOf(input, name).split(".");
    const own = Buffer.from(signature, "base64url");
    expect(own.length).toBe(length);
    const [r, s] = [own.subarray(0, length / 2), own.subarray(length / 2)];
    const forged = [
      Buffer.alloc(length),
      Buffer.concat([r, Buffer.alloc(length / 2)]),
      Buffer.concat([Buffer.alloc(length / 2), s]),
      Buffer.concat([own, Buffer.alloc(1)]),
      own.subarray(1),
      sequence(integer(bytesOf(numberOf(r))), integer(bytesOf(numberOf(s)))),
      Buffer.concat([s, r]),
    ];
    for (const one of forged) refused(withHeader(input, name, `${head}.${payload}.${one.toString("base64url")}`));
    refused(withHeader(input, name, `${head}.${payload}.`));
  });
});

describe("Ed25519 (discord, telnyx)", () => {
  /** The order of the base point (RFC 8032 section 5.1). */
  const l = (1n << 252n) + 27742317777372353535851937790883648493n;
  const cases = [
    ["discord", "X-Signature-Ed25519", "hex", genuine(sampleOf("discord"))],
    ["telnyx", "telnyx-signature-ed25519", "base64", sent(codedSampleOf("telnyx"))],
  ] as const;

  test.each(cases)("%s: s + L, zeros and another point are refused", (_provider, name, encoding, input) => {
    const own = Buffer.from(headerOf(input, name), encoding);
    const s = numberOf(own.subarray(32).toReversed());
    const plus = (times: bigint) => {
      const hex = (s + times * l).toString(16).padStart(64, "0");
      return Buffer.concat([own.subarray(0, 32), Buffer.from(hex, "hex").toReversed()]);
    };
    const identity = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]);
    const forged = [plus(1n), plus(2n), Buffer.alloc(64), Buffer.concat([identity, Buffer.alloc(32)])];
    for (const one of [...forged, Buffer.concat([own, Buffer.alloc(1)]), own.subarray(0, 63)])
      refused(withHeader(input, name, one.toString(encoding)));
  });
});

describe("RSA (wise)", () => {
  const input = sent(codedSampleOf("wise"));
  const name = "X-Signature-SHA256";
  const key = createPrivateKey(keys.rsa.privatePem);
  const { body } = input.request;

  test("only PKCS #1 v1.5 with SHA-256 counts", () => {
    const forged = [
      signBytes("sha256", body, { key, padding: constants.RSA_PKCS1_PSS_PADDING }),
      signBytes("sha1", body, key),
      signBytes("sha512", body, key),
      Buffer.alloc(256),
      Buffer.concat([Buffer.alloc(255), Buffer.from([1])]),
      Buffer.concat([Buffer.alloc(1), Buffer.from(headerOf(input, name), "base64")]),
      Buffer.from(headerOf(input, name), "base64").subarray(1),
    ];
    for (const one of forged) refused(withHeader(input, name, one.toString("base64")));
  });

  test("a key of 1,024 bits is none", () => {
    const short = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const value = short.publicKey.export({ format: "pem", type: "spki" }).toString();
    const signature = signBytes("sha256", body, short.privateKey).toString("base64");
    const receiver = { publicKeys: [{ format: "spki-pem", value }] };
    expect(verify({ ...withHeader(input, name, signature), receiver })).toMatchObject({
      reason: "receiver_incomplete",
    });
  });
});

describe("tokens of every provider that sends one", () => {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const places = [
    ["plaid", "Plaid-Verification"],
    ["netlify", "X-Webhook-Signature"],
    ["livekit", "Authorization"],
    ["vonage", "Authorization"],
    ["fusionauth", "X-FusionAuth-Signature-JWT"],
    ["google-pubsub", "Authorization"],
    ["monday", "Authorization"],
    ["upstash-qstash", "Upstash-Signature"],
    ["messagebird", "MessageBird-Signature-JWT"],
  ] as const;

  test.each(places)(
    "%s: no algorithm, another one, or the public key as a secret is refused (F125)",
    (provider, name) => {
      const input = sent(codedSampleOf(provider));
      const [, prefix = "", token = ""] = /^(Bearer )?(.*)$/.exec(headerOf(input, name)) ?? [];
      const [head = "", claims = "", signature = ""] = token.split(".");
      const given = JSON.parse(Buffer.from(head, "base64url").toString()) as object;
      const publicTexts = [keys.p256.publicPem, keys.rsa.publicPem, keys.rsa.jwk, ""];
      const confused = publicTexts.map((text) => {
        const signedText = `${encode({ ...given, alg: "HS256" })}.${claims}`;
        return `${signedText}.${createHmac("sha256", text).update(signedText).digest("base64url")}`;
      });
      const forged = [
        ...["none", "None", "NONE", "", "HS1", "RS1"].flatMap((alg) => [
          `${encode({ ...given, alg })}.${claims}.`,
          `${encode({ ...given, alg })}.${claims}.${signature}`,
        ]),
        ...confused,
        `${encode({ ...given, alg: "RS256", jwk: JSON.parse(keys.rsa.jwk) as object })}.${claims}.${signature}`,
        `${head}.${claims}`,
        `${head}.${claims}.${signature}.`,
        `.${claims}.${signature}`,
        `${head}..${signature}`,
      ];
      for (const one of forged) refused(withHeader(input, name, prefix + one));
    },
  );
});

describe("monday's tokens", () => {
  const input = sent(codedSampleOf("monday"));
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(input.now.getTime() / 1000) + 300;
  const withClaims = (claims: object, receiver: Receiver = {}): VerifyInput => {
    const signedText = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ exp, ...claims })}`;
    const token = `${signedText}.${createHmac("sha256", sharedSecret).update(signedText).digest("base64url")}`;
    return { ...withHeader(input, "Authorization", token), receiver: { ...input.receiver, ...receiver } };
  };
  const session = { dat: { client_id: "c", user_id: 1, account_id: 2, app_id: 3, is_admin: false } };
  const at = "https://example.com/in/abcdefgh";

  test("are those of webhooks, which are for a URL, and not those that every browser of the app gets", () => {
    expect(verify(withClaims({ aud: at }))).toMatchObject({ ok: true });
    for (const claims of [session, { aud: [at] }, { aud: null }])
      expect(verify(withClaims(claims))).toMatchObject({ ok: false, reason: "claim_mismatch" });
  });

  test.each([{ audience: at }, { notificationUrl: at }, { audience: at, notificationUrl: "https://proxy.example/x" }])(
    "count for the URL that is registered alone: %o",
    (receiver) => {
      expect(verify(withClaims({ aud: at }, receiver))).toMatchObject({ ok: true });
      expect(verify(withClaims({ aud: "https://other.example" }, receiver))).toMatchObject({
        reason: "claim_mismatch",
      });
    },
  );
});
