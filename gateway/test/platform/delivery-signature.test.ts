import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { readDeliverySecret, signDelivery } from "../../src/platform/delivery-signature.ts";

const secretOf = (bytes: number): string => `whsec_${randomBytes(bytes).toString("base64")}`;
const nowSec = (): number => Math.floor(Date.now() / 1000);

describe("a delivery's signature", () => {
  test.each([24, 32, 64])(
    "with a secret of %i bytes is the one that the standardwebhooks package makes and accepts",
    (size) => {
      const secret = secretOf(size);
      const body = JSON.stringify({ text: "h\u00e9llo \u{1f600}", n: 9007199254740993n.toString() });
      const timestampSec = nowSec();
      const signed = signDelivery({ secrets: [secret], id: "dlv_018f-A", timestampSec, body: Buffer.from(body) });
      const oracle = new Webhook(secret);
      expect(signed?.["webhook-signature"]).toBe(oracle.sign("dlv_018f-A", new Date(timestampSec * 1000), body));
      expect(oracle.verify(body, { ...signed })).toEqual(JSON.parse(body));
    },
  );

  test("made with two secrets verifies with either", () => {
    const secrets = [secretOf(32), secretOf(32)];
    const signed = signDelivery({ secrets, id: "dlv_1", timestampSec: nowSec(), body: Buffer.from("{}") });
    expect(signed?.["webhook-signature"].split(" ")).toHaveLength(2);
    for (const secret of secrets) expect(new Webhook(secret).verify("{}", { ...signed })).toEqual({});
    expect(() => new Webhook(secretOf(32)).verify("{}", { ...signed })).toThrow("No matching signature");
  });

  test("covers bytes that are not UTF-8, and differs for each of them (F128)", () => {
    const sign = (body: number[]) =>
      signDelivery({ secrets: [secret], id: "dlv_1", timestampSec: 1, body: Buffer.from(body) });
    const secret = secretOf(32);
    expect(sign([0xff])).not.toEqual(sign([0xfe]));
    expect(sign([0xff])).not.toEqual(sign([0xef, 0xbf, 0xbd]));
  });

  test("is not made from what a receiver could misread or a forger could guess", () => {
    const good = { secrets: [secretOf(32)], id: "dlv_1", timestampSec: 1, body: Buffer.from("{}") };
    expect(signDelivery(good)).not.toBeNull();
    for (const id of ["", "a.b", "a b", "a\n", "\u00e9", "a".repeat(257)])
      expect(signDelivery({ ...good, id })).toBeNull();
    for (const timestampSec of [-1, 1.5, Number.NaN, 1e21]) expect(signDelivery({ ...good, timestampSec })).toBeNull();
    for (const secrets of [[], [secretOf(23)], [secretOf(65)], [secretOf(32), "whsec_"], ["whsec_!!!"]])
      expect(signDelivery({ ...good, secrets })).toBeNull();
  });

  test.each([
    "",
    "whsec_",
    "whsk_AAAA",
    randomBytes(32).toString("base64"),
    `whsec_${"-_".repeat(16)}`,
    ` ${secretOf(32)}`,
    `${secretOf(32)}\n`,
  ])("the text %j is no secret", (text) => expect(readDeliverySecret(text)).toBeNull());
});
