import { createPublicKey, verify as verifyBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { hmac } from "../src/engines/hmac-match.ts";
import { verify } from "../src/index.ts";
import { readEd25519Key } from "../src/public-key.ts";
import { ed25519 } from "./samples.ts";

describe("HMAC gives the values of RFC 4231 (SHA-256) and RFC 2202 (SHA-1)", () => {
  const vectors = [
    ["sha256", Buffer.alloc(20, 0x0b), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
    [
      "sha256",
      "Jefe",
      "what do ya want for nothing?",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ],
    [
      "sha256",
      Buffer.alloc(20, 0xaa),
      Buffer.alloc(50, 0xdd),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ],
    [
      "sha256",
      Buffer.from("0102030405060708090a0b0c0d0e0f10111213141516171819", "hex"),
      Buffer.alloc(50, 0xcd),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ],
    [
      "sha256",
      Buffer.alloc(131, 0xaa),
      "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ],
    [
      "sha256",
      Buffer.alloc(131, 0xaa),
      "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ],
    ["sha1", Buffer.alloc(20, 0x0b), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"],
    ["sha1", "Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"],
  ] as const;

  test.each(vectors)("%s, vector %#", (hash, key, content, expected) => {
    expect(hmac(hash, key, [content]).toString("hex")).toBe(expected);
    const bytes = Buffer.from(content);
    expect(hmac(hash, key, [bytes.subarray(0, 3), bytes.subarray(3)]).toString("hex")).toBe(expected);
  });
});

describe("Ed25519 gives the values of RFC 8032", () => {
  const vectors = [
    [
      ed25519.publicKey,
      "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
      ed25519.otherPublicKey,
      "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
  ] as const;

  test.each(vectors)("key %s", (value, content, signature) => {
    const key = readEd25519Key({ format: "ed25519-raw-hex", value });
    if (typeof key === "string") throw new Error(key);
    expect(verifyBytes(null, Buffer.from(content, "hex"), key, Buffer.from(signature, "hex"))).toBe(true);
    expect(verifyBytes(null, Buffer.from(`${content}00`, "hex"), key, Buffer.from(signature, "hex"))).toBe(false);
  });

  test("a key is the same key in each of its formats", () => {
    const raw = readEd25519Key({ format: "ed25519-raw-hex", value: ed25519.publicKey });
    if (typeof raw === "string") throw new Error(raw);
    const pem = raw.export({ format: "pem", type: "spki" }).toString();
    const der = raw.export({ format: "der", type: "spki" }).toString("base64");
    const jwk = JSON.stringify(createPublicKey(pem).export({ format: "jwk" }));
    for (const given of [
      { format: "spki-pem", value: pem },
      { format: "spki-der-base64", value: der },
      { format: "jwk", value: jwk },
    ]) {
      const key = readEd25519Key(given);
      expect(typeof key === "string" ? key : raw.equals(key)).toBe(true);
    }
  });
});

describe("published examples verify", () => {
  test("GitHub's documentation: Hello, World! under the secret It's a Secret to Everybody", () => {
    const signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    const request = {
      method: "POST",
      url: "/",
      headers: { "x-hub-signature-256": signature },
      body: Buffer.from("Hello, World!"),
    };
    const receiver = { secrets: ["It's a Secret to Everybody"] };
    expect(verify({ provider: "github", receiver, request, now: new Date() })).toMatchObject({ ok: true });
  });

  test("Slack's documentation: a slash command of 2018", () => {
    const headers = {
      "X-Slack-Request-Timestamp": "1531420618",
      "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    };
    const body = Buffer.from(
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
    );
    const receiver = { secrets: ["8f742231b10e8888abcd99yyyzzz85a5"] };
    const request = { method: "POST", url: "/", headers, body };
    expect(verify({ provider: "slack", receiver, request, now: new Date(1531420618000) })).toMatchObject({
      ok: true,
      eventId: "398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
      eventType: "slash_command./webhook-collect",
    });
  });

  test("Twilio's documentation: a call under the token 12345", () => {
    const body = Buffer.from(
      "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212",
    );
    const headers = { "X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8=" };
    const receiver = { secrets: ["12345"] };
    const verdictAt = (url: string) =>
      verify({ provider: "twilio", receiver, request: { method: "POST", url, headers, body }, now: new Date() });
    expect(verdictAt("https://mycompany.com/myapp.php?foo=1&bar=2")).toMatchObject({ ok: true });
    expect(verdictAt("https://mycompany.com:443/myapp.php?foo=1&bar=2")).toMatchObject({ ok: true });
    expect(verdictAt("https://mycompany.com/myapp.php?foo=1&bar=3")).toMatchObject({ ok: false });
  });

  test("the Standard Webhooks specification's own example", () => {
    const headers = {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };
    const request = { method: "POST", url: "/", headers, body: Buffer.from('{"test": 2432232314}') };
    const receiver = { secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] };
    const now = new Date(1614265330000);
    expect(verify({ provider: "standard-webhooks", receiver, request, now })).toMatchObject({ ok: true });
  });
});
