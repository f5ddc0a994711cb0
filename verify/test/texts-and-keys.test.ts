import { createPublicKey, createSecretKey, generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Arrival } from "../src/arrival.ts";
import { checkTime, isTolerance } from "../src/engines/check-time.ts";
import { refuseTimestamp } from "../src/engines/claim.ts";
import { fitsAlgorithm, parseJws, parseObject } from "../src/engines/jws.ts";
import { publicKeyCharsMax, readAnyKey, readEd25519Key } from "../src/public-key.ts";
import type { PublicKey } from "../src/receiver.ts";
import { readSignatures, writeSignatures } from "../src/signature-grammar.ts";
import type { SignatureGrammar } from "../src/scheme.ts";

const plain: SignatureGrammar = { form: "plain", prefix: "sha256=", encoding: "hex" };
const pairs: SignatureGrammar = {
  form: "pairs",
  separator: ",",
  timestampKey: "t",
  signatureKey: "v1",
  encoding: "hex",
};
const spaced: SignatureGrammar = { ...pairs, spaced: true };
const timeless: SignatureGrammar = { ...pairs, timestampKey: null };
const versions: SignatureGrammar = { form: "versions", version: "v1", encoding: "base64" };
const timeFirst: SignatureGrammar = { form: "time-first", encoding: "base64url" };
const noPair = "a part of it is no key=value pair";
const noVersion = "a part of it is no version,signature pair";

describe("a header of signatures", () => {
  test.each<readonly [SignatureGrammar, string, string | readonly [string, string | null]]>([
    [plain, "sha256=abcd", ["abcd", null]],
    [plain, "abcd", "it does not begin with sha256="],
    [plain, "sha256=ABCD", "the signature is not 4 lower-case hexadecimal digits"],
    [pairs, "t=1,v1=abcd,v1=ef01,v1=zz,v0=zz", ["abcd ef01", "1"]],
    [pairs, "t=1,v1=abcd,z_-9Z=1", ["abcd", "1"]],
    [pairs, "v1=abcd", "it has no t= part"],
    [pairs, "t=1,t=2,v1=abcd", "it has 2 t= parts"],
    [pairs, "t=1", "it has no v1= signature"],
    [pairs, "t=1,v1=zz", "the signature is not 4 lower-case hexadecimal digits"],
    [pairs, `t=1${",v1=abcd".repeat(11)}`, "it has 11 signatures, and 10 is the most"],
    [pairs, "t=1,v1", noPair],
    [pairs, "=1,t=1,v1=abcd", noPair],
    [pairs, "t=1,v1=abcd,", noPair],
    [pairs, "t=1,{=2,v1=abcd", noPair],
    [pairs, "t=1,:=2,v1=abcd", noPair],
    [pairs, "t=1, v1=abcd", noPair],
    [spaced, "t=1, v1=abcd", ["abcd", "1"]],
    [spaced, "t=1,v1=abcd", ["abcd", "1"]],
    [versions, "v1,q80= v1a,xx", ["abcd", null]],
    [versions, "v2,q80=", "it has no v1, signature"],
    [versions, "v1,zz", "the signature is not the standard base64 of 2 bytes"],
    [versions, ",q80=", noVersion],
    [versions, "x v1,q80=", noVersion],
    [versions, " v1,q80=", noVersion],
    [versions, "v1,q80= ", noVersion],
    [timeFirst, "1,q80", ["abcd", "1"]],
    [timeFirst, "1", "it has no <time>, signature"],
    [timeFirst, "1,q80=", "the signature is not the base64url of 2 bytes without padding"],
  ])("%j %s", (grammar, header, expected) => {
    const reading = readSignatures(header, grammar, 2);
    const found = reading.ok && [reading.signatures.map((one) => one.toString("hex")).join(" "), reading.timestamp];
    expect(reading.ok ? found : reading.fault).toEqual(expected);
  });

  test.each([
    [plain, "sha256=abcd"],
    [pairs, "t=7,v1=abcd,v1=ef01"],
    [spaced, "t=7, v1=abcd, v1=ef01"],
    [timeless, "v1=abcd,v1=ef01"],
    [versions, "v1,q80= v1,7wE="],
    [timeFirst, "7,q80,7wE"],
  ])("is written as the provider writes it: %j", (grammar, header) => {
    expect(writeSignatures([Buffer.from("abcd", "hex"), Buffer.from("ef01", "hex")], grammar, "7")).toBe(header);
  });
});

describe("a time", () => {
  const now = new Date("2026-03-04T05:06:07.000Z");
  const rule = { at: "signature", unit: "s", toleranceSec: 300 } as const;
  const check = (ageSec: number, toleranceSec?: number, own: number | null = 300) => {
    const arrival = { now, receiver: toleranceSec === undefined ? {} : { toleranceSec } } as unknown as Arrival;
    return checkTime(arrival, { ...rule, toleranceSec: own }, now.getTime() - ageSec * 1_000);
  };

  test.each([
    [301, "timestamp_too_old", "it was made 301 s ago and 300 s is the most", "clock_skew"],
    [900, "timestamp_too_old", "it was made 900 s ago and 300 s is the most", "clock_skew"],
    [901, "timestamp_too_old", "it was made 901 s ago and 300 s is the most", "late_or_replayed"],
    [
      -301,
      "timestamp_too_new",
      "its time lies 301 s ahead of this machine's clock and 300 s is the most",
      "clock_skew",
    ],
  ])("%i s old is refused with what the clocks say", (age, reason, words, likelyCause) => {
    const signedAt = new Date(now.getTime() - age * 1_000).toISOString();
    const evidence = { signedAt, now: now.toISOString(), skewSec: age, toleranceSec: 300 };
    const summary = expect.stringContaining(words);
    expect(check(age)).toMatchObject({ reason, diagnosis: { step: "time", summary, evidence, likelyCause } });
  });

  test("is taken within the tolerance, which is the receiver's own within its bounds", () => {
    expect([check(300), check(-300), check(600, 600), check(10_000, undefined, null)]).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect([isTolerance(1_200, 1_200), isTolerance(900, null), isTolerance(901, null)]).toEqual([true, true, false]);
    expect(isTolerance("300", null)).toBe(false);
    for (const [own, most] of [
      [300, 900],
      [1_200, 1_200],
    ] as const)
      expect(check(0, 1_201, own)).toMatchObject({
        reason: "receiver_incomplete",
        diagnosis: {
          step: "receiver",
          summary: expect.stringMatching(`^The receiver's toleranceSec must be a number from \\d+ to ${most}\\.$`),
          evidence: { field: "toleranceSec" },
          likelyCause: "configuration",
        },
      });
  });

  test.each([
    ["12", "", null],
    ["1772600767000", "; it is in the other unit", "timestamp_unit"],
    ["1,2", "", "headers_joined"],
  ])("written %s is shown with what is wrong", (text, more, likelyCause) => {
    const summary = `The time in T is not ten digits (seconds since 1970), exactly as the provider writes it${more}. Send it unchanged.`;
    const { reason, diagnosis } = refuseTimestamp(text, "T", rule);
    expect([reason, diagnosis.step, diagnosis.summary]).toEqual(["timestamp_malformed", "time", summary]);
    expect(diagnosis).toMatchObject({ evidence: { where: "T", length: text.length }, likelyCause });
  });
});

const pair = {
  ed25519: generateKeyPairSync("ed25519").publicKey,
  rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey,
  p256: generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey,
  p384: generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey,
  p521: generateKeyPairSync("ec", { namedCurve: "P-521" }).publicKey,
  secret: createSecretKey(Buffer.alloc(32)),
} satisfies Record<string, KeyObject>;
const pemOf = (key: KeyObject): string => key.export({ format: "pem", type: "spki" }).toString();
const raw = pair.ed25519.export({ format: "der", type: "spki" }).subarray(-32);
const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
const placeholder = "is a key that verifies signatures anybody can make (a placeholder?)";

describe("a public key", () => {
  const both = (given: unknown) =>
    [readEd25519Key, readAnyKey].map((read) => {
      const found = read(given as PublicKey);
      return typeof found === "string" ? found : found.asymmetricKeyType;
    });
  const same = (text: string) => [text, text];

  test.each<readonly [unknown, readonly unknown[]]>([
    [null, same("must be { format, value }")],
    ["key", same("must be { format, value }")],
    [{ format: "jwk", value: 7 }, same("must be { format, value }")],
    [{ format: "jwk", value: " ".repeat(publicKeyCharsMax) }, same("cannot be read as jwk")],
    [
      { format: "jwk", value: " ".repeat(publicKeyCharsMax + 1) },
      same(`is longer than ${publicKeyCharsMax} characters`),
    ],
    [{ format: "ed25519-raw-hex", value: raw.toString("hex") }, same("ed25519")],
    [{ format: "ed25519-raw-hex", value: `0${raw.toString("hex")}` }, same("must be 64 hexadecimal digits")],
    [{ format: "ed25519-raw-hex", value: `${raw.toString("hex")}0` }, same("must be 64 hexadecimal digits")],
    [{ format: "ed25519-raw-hex", value: "00".repeat(32) }, same(placeholder)],
    [{ format: "ed25519-raw-hex", value: `01${"00".repeat(30)}80` }, same(placeholder)],
    [{ format: "ed25519-raw-base64", value: raw.toString("base64") }, same("ed25519")],
    [
      { format: "ed25519-raw-base64", value: raw.toString("base64").slice(0, -1) },
      same("must be the base64 of 32 bytes"),
    ],
    [
      { format: "ed25519-raw-base64", value: raw.subarray(1).toString("base64") },
      same("must be the base64 of 32 bytes"),
    ],
    [{ format: "spki-pem", value: pemOf(pair.rsa) }, ["is not an Ed25519 key", "rsa"]],
    [{ format: "spki-pem", value: pemOf(pair.p384) }, ["is not an Ed25519 key", "ec"]],
    [
      { format: "spki-pem", value: pemOf(weak) },
      ["is not an Ed25519 key", "has 1024 bits, and 2048 is the least for RSA"],
    ],
    [
      { format: "spki-pem", value: pemOf(generateKeyPairSync("x25519").publicKey) },
      ["is not an Ed25519 key", "is neither an RSA, an ECDSA nor an Ed25519 key"],
    ],
    [{ format: "jwk", value: JSON.stringify(pair.ed25519.export({ format: "jwk" })) }, same("ed25519")],
    [{ format: "jwk", value: JSON.stringify(pair.p256.export({ format: "jwk" })) }, [expect.any(String), "ec"]],
    [{ format: "jwk", value: '{"kty":"oct","k":"AAAA"}' }, same("cannot be read as jwk")],
    [{ format: "jwk", value: "null" }, same("cannot be read as jwk")],
    [{ format: "jwk", value: "7" }, same("cannot be read as jwk")],
    [
      { format: "pgp", value: "x" },
      same(expect.stringMatching(/^has a format that is not known here: use ed25519/) as unknown as string),
    ],
  ])("%j", (given, expected) => expect(both(given)).toEqual(expected));

  test("of a JSON Web Key is the public half alone", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const found = readAnyKey({ format: "jwk", value: JSON.stringify(privateKey.export({ format: "jwk" })) });
    expect(typeof found === "string" ? found : pemOf(found)).toBe(pemOf(publicKey));
    expect(createPublicKey(pemOf(publicKey)).type).toBe("public");
  });
});

describe("a token", () => {
  const part = (text: string) => Buffer.from(text).toString("base64url");
  const token = (header: string, payload = part("p"), signature = part("s")) =>
    `${part(header)}.${payload}.${signature}`;

  test.each([
    ["a.b", "it has not three segments with dots between them"],
    ["a.b.c.d", "it has not three segments with dots between them"],
    [token("7"), "its first segment is no JSON object in base64url"],
    [token("{}", "p!"), "its second segment is no base64url"],
    [token("{}", "p", "!"), "its second segment is no base64url"],
    [token("{}", part("p"), ""), "its third segment is no base64url"],
    [token('{"crit":[]}'), "its header asks for an extension"],
    ["x".repeat(256 * 1_024 + 1), "it is longer than 262144 characters"],
    ["x".repeat(256 * 1_024), "it has not three segments with dots between them"],
  ])("%# is refused: %s", (text, fault) => expect(parseJws(text)).toBe(fault));

  test("without a payload is one, and only an object is read as one", () => {
    expect(parseJws(token("{}", ""))).toMatchObject({ payload: Buffer.alloc(0), signature: Buffer.from("s") });
    for (const bytes of ["[]", "null", "7", '"a"', "{"]) expect(parseObject(Buffer.from(bytes))).toBeNull();
    expect(parseObject(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBeNull();
    expect([parseObject(null), parseObject(Buffer.from('{"a":1}'))]).toEqual([null, { a: 1 }]);
  });

  test.each([
    ["HS256", "secret"],
    ["HS384", "secret"],
    ["HS512", "secret"],
    ["EdDSA", "ed25519"],
    ["RS256", "rsa"],
    ["RS384", "rsa"],
    ["RS512", "rsa"],
    ["ES256", "p256"],
    ["ES384", "p384"],
    ["ES512", "p521"],
  ] as const)("of %s is checked with a key of its own kind only: %s", (algorithm, own) => {
    const fitting = Object.entries(pair).filter(([, key]) => fitsAlgorithm(key, algorithm));
    expect(fitting.map(([name]) => name)).toEqual([own]);
  });
});
