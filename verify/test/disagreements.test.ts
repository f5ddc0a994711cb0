import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { verify } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";
import { oracles } from "./oracles.ts";
import {
  genuine,
  headerOf,
  now,
  pairs,
  sampleOf,
  signed,
  unsigned,
  withBody,
  withHeader,
  withHeaders,
  secretOf,
} from "./samples.ts";

// Each test is one place where a provider's library and this one answer differently, on purpose. Should a library change its
// mind, the test says so.

beforeEach(() => {
  vi.useFakeTimers({ now, toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function theirs(input: VerifyInput): Promise<boolean> {
  const oracle = oracles.find(({ provider }) => provider === input.provider);
  if (oracle === undefined) throw new Error("no library");
  return oracle.accepts(input);
}

const seconds = "1714979289";

describe("they accept what we refuse", () => {
  const standard = genuine(sampleOf("standard-webhooks"));
  const svix = genuine(sampleOf("svix"));

  test.each([`${seconds}abc`, ` ${seconds}`, `+${seconds}`, `0${seconds}`, `${seconds}e5`, `${seconds}.9`])(
    "the unsigned tail or head of a timestamp header: %j",
    async (text) => {
      for (const input of [withHeader(standard, "webhook-timestamp", text), withHeader(svix, "svix-timestamp", text)]) {
        expect(await theirs(input)).toBe(true);
        expect(verify(input)).toMatchObject({ ok: false, reason: "timestamp_malformed" });
      }
    },
  );

  test("a body whose byte 0xFF became 0xFE, because both decode to the same replacement character", async () => {
    const sent = Buffer.from([0x22, 0xff, 0x22]);
    const input = signed(withBody(unsigned(sampleOf("standard-webhooks")), Buffer.from('"\uFFFD"')));
    for (const body of [sent, Buffer.from([0x22, 0xfe, 0x22])]) {
      expect(await theirs(withBody(input, body))).toBe(true);
      expect(verify(withBody(input, body))).toMatchObject({ ok: false, reason: "signature_mismatch" });
    }
  });

  test("the empty key of the secret whsec_ (svix), with which anybody can sign", async () => {
    const forged = { ...svix, receiver: { secrets: ["whsec_"] } };
    const content = `${headerOf(svix, "svix-id")}.${seconds}.${Buffer.from(svix.request.body).toString()}`;
    const signature = createHmac("sha256", "").update(content).digest("base64");
    const input = withHeader(forged, "svix-signature", `v1,${signature}`);
    expect(await theirs(input)).toBe(true);
    expect(verify(input)).toMatchObject({ ok: false, reason: "receiver_incomplete" });
  });

  test("an id with a dot, whose signature also fits another split of id and time", async () => {
    const input = signed(withHeader(unsigned(sampleOf("standard-webhooks")), "webhook-id", "msg_1.2"));
    expect(await theirs(input)).toBe(true);
    expect(verify(input)).toMatchObject({ ok: false, reason: "malformed_header" });
  });

  test("a byte order mark that was put in front of the signed body (stripe)", async () => {
    const input = genuine(sampleOf("stripe"));
    const marked = withBody(input, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), input.request.body]));
    expect(await theirs(marked)).toBe(true);
    expect(verify(marked)).toMatchObject({
      ok: false,
      reason: "signature_mismatch",
      diagnosis: { likelyCause: "body_byte_order_mark" },
    });
  });

  test("a time ten years ahead (stripe)", async () => {
    const later = new Date("2034-05-06T07:08:09Z");
    const input = { ...signed(unsigned(sampleOf("stripe"), { now: later })), now };
    expect(await theirs(input)).toBe(true);
    expect(verify(input)).toMatchObject({ ok: false, reason: "timestamp_too_new" });
  });

  test("two t= values, of which the last counts (stripe)", async () => {
    const input = genuine(sampleOf("stripe"));
    const two = withHeader(input, "Stripe-Signature", `t=1,${headerOf(input, "Stripe-Signature")}`);
    expect(await theirs(two)).toBe(true);
    expect(verify(two)).toMatchObject({ ok: false, reason: "malformed_header" });
  });

  test("a secret of one space (octokit)", async () => {
    const input = genuine(sampleOf("github"));
    const digest = createHmac("sha256", " ").update(input.request.body).digest("hex");
    const blank = withHeader({ ...input, receiver: { secrets: [" "] } }, "X-Hub-Signature-256", `sha256=${digest}`);
    expect(await theirs(blank)).toBe(true);
    expect(verify(blank)).toMatchObject({ ok: false, reason: "receiver_incomplete" });
  });

  test("a time an hour ahead, and the time behind a sign (slack)", async () => {
    const ahead = { ...signed(unsigned(sampleOf("slack"), { now: new Date(now.getTime() + 3_600_000) })), now };
    expect(await theirs(ahead)).toBe(true);
    expect(verify(ahead)).toMatchObject({ ok: false, reason: "timestamp_too_new" });
  });

  test("a time in the future (paddle)", async () => {
    const ahead = { ...signed(unsigned(sampleOf("paddle"), { now: new Date(now.getTime() + 3_600_000) })), now };
    expect(await theirs(ahead)).toBe(true);
    expect(verify(ahead)).toMatchObject({ ok: false, reason: "timestamp_too_new" });
  });

  test("a signed time that is no whole number of milliseconds (linear)", async () => {
    const body = sampleOf("linear").body.replace("1714979288500", "1714979288500.5");
    const input = signed(withBody(unsigned(sampleOf("linear")), body));
    expect(await theirs(input)).toBe(true);
    expect(verify(input)).toMatchObject({ ok: false, reason: "timestamp_malformed" });
  });

  test("a signed time that stands twice in the body (linear)", async () => {
    const body = sampleOf("linear").body.replace("{", '{"webhookTimestamp":1,');
    const input = signed(withBody(unsigned(sampleOf("linear")), body));
    expect(await theirs(input)).toBe(true);
    expect(verify(input)).toMatchObject({ ok: false, reason: "timestamp_malformed" });
  });

  test("a signature in upper-case digits (discord)", async () => {
    const input = genuine(sampleOf("discord"));
    const upper = withHeader(input, "X-Signature-Ed25519", headerOf(input, "X-Signature-Ed25519").toUpperCase());
    expect(await theirs(upper)).toBe(true);
    expect(verify(upper)).toMatchObject({ ok: false, diagnosis: { likelyCause: "signature_letter_case" } });
  });

  test("a form whose percent signs have lower-case digits (twilio), a second spelling of the same signed text", async () => {
    const input = genuine(sampleOf("twilio"));
    const lower = withBody(input, sampleOf("twilio").body.replace("%2B", "%2b"));
    expect(await theirs(lower)).toBe(true);
    expect(verify(lower)).toMatchObject({ ok: false, reason: "body_malformed" });
  });
});

describe("they refuse what we accept", () => {
  test.each(["standard-webhooks", "svix", "stripe", "slack"])(
    "a genuine signature over bytes that are not UTF-8 (%s)",
    async (provider) => {
      const input = signed(withBody(unsigned(sampleOf(provider)), Buffer.from([0x7b, 0xff, 0x00, 0xfe, 0x7d])));
      expect(await theirs(input)).toBe(false);
      expect(verify(input)).toMatchObject({ ok: true });
    },
  );

  test("two h1 signatures with the genuine one first (paddle looks at the last one only)", async () => {
    const input = genuine(sampleOf("paddle"));
    const both = withHeader(input, "Paddle-Signature", `${headerOf(input, "Paddle-Signature")};h1=${"0".repeat(64)}`);
    expect(await theirs(both)).toBe(false);
    expect(verify(both)).toMatchObject({ ok: true });
  });

  test("a request without the headers that say whose it is (shopify): they are not signed, and the body is genuine", async () => {
    const input = genuine(sampleOf("shopify"));
    const bare = withHeaders(
      input,
      pairs(input).filter(([name]) => name === "X-Shopify-Hmac-Sha256"),
    );
    expect(await theirs(bare)).toBe(false);
    expect(verify(bare)).toMatchObject({ ok: true, eventId: null });
  });

  test("a genuine empty body (stripe)", async () => {
    const input = signed(withBody(unsigned(sampleOf("stripe")), ""));
    expect(secretOf(input)).not.toBe("");
    expect(await theirs(input)).toBe(false);
    expect(verify(input)).toMatchObject({ ok: true, eventId: null });
  });
});
