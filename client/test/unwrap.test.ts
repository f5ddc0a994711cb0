import { createHmac, randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { signDelivery } from "../src/sign-delivery.ts";
import { unwrap, type UnwrapInput } from "../src/unwrap.ts";

const secret = `whsec_${randomBytes(32).toString("base64")}`;
const other = `whsec_${randomBytes(32).toString("base64")}`;
const body = Buffer.from('{"id":"evt_1","text":"h\u00e9llo"}');
const now = new Date("2026-03-01T12:00:00Z");
const seconds = Math.floor(now.getTime() / 1000);

type Headers = Record<string, string | string[]>;
const signed = (given: Partial<Parameters<typeof signDelivery>[0]> = {}): Headers => ({
  ...signDelivery({ secret, id: "dlv_1", timestamp: now, body, ...given }),
});
/** The outcome in one word, with a good request changed in one way. */
function outcome(changes: Partial<UnwrapInput> & { set?: Headers } = {}): string {
  const { set, ...input } = changes;
  const result = unwrap({ secrets: secret, headers: { ...signed(), ...set }, body, now, ...input });
  return result.ok ? "ok" : result.reason;
}
/** A signature over any text at all, so that only the grammar stands in the way. */
const signText = (id: string, time: string): string => {
  const key = Buffer.from(secret.slice(6), "base64");
  return `v1,${createHmac("sha256", key).update(`${id}.${time}.`).update(body).digest("base64")}`;
};

describe("a genuine delivery", () => {
  test("is unwrapped with everything that Holdfast says about it", () => {
    const hints = {
      "Holdfast-Event": "evt_01k2",
      "holdfast-source": "stripe-live",
      "holdfast-event-type": "payment_intent.succeeded",
      "holdfast-attempt": "3",
      "holdfast-trigger": "retry",
      "idempotency-key": "forged",
    };
    const result = unwrap({ secrets: secret, headers: { ...signed(), ...hints }, body, now });
    expect(result).toMatchObject({
      ok: true,
      id: "dlv_1",
      idempotencyKey: "dlv_1",
      sentAt: now,
      eventId: "evt_01k2",
      source: "stripe-live",
      eventType: "payment_intent.succeeded",
      attempt: 3,
      trigger: "retry",
      body,
    });
    expect(result.ok && result.json()).toEqual({ id: "evt_1", text: "h\u00e9llo" });
  });

  test("may lack the hints, and hints that make no sense are none", () => {
    const none = { eventId: null, source: null, eventType: null, attempt: null, trigger: null };
    expect(unwrap({ secrets: secret, headers: signed(), body, now })).toMatchObject(none);
    const odd = {
      "holdfast-event": "src_1",
      "holdfast-source": "a\nb",
      "holdfast-event-type": ["a", "b"],
      "holdfast-attempt": "01",
      "holdfast-trigger": "manual",
    };
    expect(unwrap({ secrets: secret, headers: { ...signed(), ...odd }, body, now })).toMatchObject({
      ok: true,
      ...none,
    });
  });

  test("may come with its headers in any form", () => {
    const record = signed() as Record<string, string>;
    const upper = Object.fromEntries(Object.entries(record).map(([name, value]) => [name.toUpperCase(), value]));
    for (const headers of [record, upper, new Headers(record), new Map(Object.entries(record)), Object.entries(record)])
      expect(outcome({ headers })).toBe("ok");
  });

  test("verifies with any of several secrets, and with any of several signatures", () => {
    expect(outcome({ secrets: [other, secret] })).toBe("ok");
    const both = [signed({ secret: other }), signed()].map((headers) => headers["webhook-signature"]).join(" ");
    expect(outcome({ set: { "webhook-signature": both } })).toBe("ok");
    expect(outcome({ set: { "webhook-signature": `v1a,AAAA ${both}` } })).toBe("ok");
    expect(outcome({ secrets: other, set: { "webhook-signature": both } })).toBe("ok");
    expect(outcome({ secrets: [other] })).toBe("signature_mismatch");
  });

  test("is what the standardwebhooks package signs and accepts", () => {
    const oracle = new Webhook(secret);
    const time = new Date();
    const text = body.toString();
    const theirs = {
      "webhook-id": "msg_1",
      "webhook-timestamp": String(Math.floor(time.getTime() / 1000)),
      "webhook-signature": oracle.sign("msg_1", time, text),
    };
    expect(unwrap({ secrets: secret, headers: theirs, body }).ok).toBe(true);
    const ours = signDelivery({ secret, id: "dlv_1", body });
    expect(oracle.verify(text, { ...ours })).toEqual(JSON.parse(text));
  });

  test("may have any bytes as its body", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(outcome({ body: bytes, headers: signed({ body: bytes }) })).toBe("ok");
      }),
    );
    const result = unwrap({
      secrets: secret,
      headers: signed({ body: Buffer.from([0xff]) }),
      body: Buffer.from([0xff]),
      now,
    });
    expect(() => result.ok && result.json()).toThrow();
  });
});

describe("anything else is refused", () => {
  test("each single bit of the body, and each that replaces a byte by another invalid one", () => {
    for (let bit = 0; bit < body.length * 8; bit += 1) {
      const changed = Buffer.from(body);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(outcome({ body: changed })).toBe("signature_mismatch");
    }
    const headers = signed({ body: Buffer.from([0xff]) });
    expect(outcome({ headers, body: Buffer.from([0xfe]) })).toBe("signature_mismatch");
    expect(outcome({ body: Buffer.concat([Buffer.from("\ufeff"), body]) })).toBe("signature_mismatch");
  });

  test("each single bit of the id, time and signature", () => {
    for (const name of ["webhook-id", "webhook-timestamp", "webhook-signature"]) {
      const text = Buffer.from(String(signed()[name]));
      for (let bit = 0; bit < text.length * 8; bit += 1) {
        const changed = Buffer.from(text);
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(outcome({ set: { [name]: changed.toString("latin1") }, toleranceSec: 1e12 })).not.toBe("ok");
      }
    }
  });

  test.each([
    [300, "ok"],
    [-300, "ok"],
    [301, "timestamp_out_of_tolerance"],
    [-301, "timestamp_out_of_tolerance"],
  ])("a time %i s away is %s", (offSec, expected) => {
    expect(outcome({ now: new Date((seconds + offSec) * 1000) })).toBe(expected);
  });

  test("a tolerance that is no number accepts nothing", () => {
    expect(outcome({ toleranceSec: Number.NaN })).toBe("timestamp_out_of_tolerance");
  });

  test.each([
    `${seconds}abc`,
    ` ${seconds}`,
    `${seconds} `,
    `+${seconds}`,
    `0${seconds}`,
    `${seconds}e0`,
    `${seconds}.0`,
    `0x${seconds.toString(16)}`,
    `-${seconds}`,
    `${seconds}, ${seconds}`,
    "9".repeat(16),
    "",
    "NaN",
  ])("the time %j, although it is signed", (time) => {
    const set = { "webhook-timestamp": time, "webhook-signature": signText("dlv_1", time) };
    expect(outcome({ set, toleranceSec: 1e15 })).toBe("header_malformed");
  });

  test.each(["a.b", "", "a b", "a".repeat(257), "\u00e9", "a,b"])("the id %j, although it is signed", (id) => {
    const set = { "webhook-id": id, "webhook-signature": signText(id, String(seconds)) };
    expect(outcome({ set })).toBe("header_malformed");
  });

  const good = String(signed()["webhook-signature"]);
  const base64 = good.slice(3);
  test.each([
    base64,
    `v1=${base64}`,
    `V1,${base64}`,
    ` ${good}`,
    `${good} `,
    `${good}  ${good}`,
    `${good},${good}`,
    `${good}, ${good}`,
    `v1,${base64.replace("=", "")}`,
    `v1,${base64}=`,
    `v1,${Buffer.from(base64, "base64").toString("base64url")}`,
    `v1,${Buffer.from(base64, "base64").toString("hex")}`,
    `v1,${Buffer.from(base64, "base64").subarray(0, 16).toString("base64")}`,
    "v1,",
    "",
    `v1a,${base64}`,
    Array.from({ length: 11 }, () => good).join(" "),
    `v1,${"A".repeat(5_000)}`,
  ])("the signature %j", (signature) => {
    expect(outcome({ set: { "webhook-signature": signature } })).toBe("header_malformed");
  });

  test("a flood of signatures, without computing one", () => {
    const flood = Array.from({ length: 100_000 }, () => good).join(" ");
    expect(outcome({ set: { "webhook-signature": flood } })).toBe("header_malformed");
  });

  test("a missing or repeated header", () => {
    for (const name of ["webhook-id", "webhook-timestamp", "webhook-signature"]) {
      const { [name]: value, ...rest } = signed();
      expect(outcome({ headers: rest })).toBe("header_missing");
      expect(outcome({ headers: { ...rest, [name]: [String(value), String(value)] } })).toBe("header_repeated");
      expect(outcome({ headers: { ...signed(), [name.toUpperCase()]: String(value) } })).toBe("header_repeated");
    }
  });

  test.each([[], "", "whsec_", "whsec_ ", secret.slice(6), `whsec_${"A".repeat(16)}`, `${secret}\n`, [secret, ""]])(
    "the secret %j, even beside a good one",
    (secrets) => expect(outcome({ secrets })).toBe("secret_unusable"),
  );

  test.each([undefined, null, 7, { value: "whsec_" }])(
    "no secret at all, as from a variable that is not set: %j",
    (none) => {
      const input = { secrets: none as unknown as string, headers: signed(), body, now };
      expect(unwrap(input)).toMatchObject({ ok: false, reason: "secret_unusable" });
    },
  );

  test("a body that a parser has taken", () => {
    for (const parsed of [body.toString(), { id: "evt_1" }, undefined]) {
      const input = { secrets: secret, headers: signed(), body: parsed as unknown as Uint8Array, now };
      expect(unwrap(input)).toMatchObject({ ok: false, reason: "body_not_raw" });
    }
  });

  test("with words that show no secret and no body", () => {
    for (const input of [{ secrets: other }, { secrets: "hunter2" }, { now: new Date(0) }]) {
      const result = unwrap({ secrets: secret, headers: signed(), body, now, ...input });
      expect(result.ok).toBe(false);
      expect(JSON.stringify(result)).not.toMatch(/whsec_[A-Za-z0-9]|hunter2|evt_1/);
    }
  });
});

describe("signing for a test", () => {
  test("refuses what Holdfast would not sign with", () => {
    expect(() => signDelivery({ secret: "whsec_", id: "a", body })).toThrow("24 to 64 bytes");
    expect(() => signDelivery({ secret, id: "a.b", body })).toThrow("letters, digits");
  });
});
