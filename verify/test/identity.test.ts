import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { verify } from "../src/index.ts";
import type { Verified, VerifyInput } from "../src/index.ts";
import { genuine, sampleOf, signed, unsigned, withBody, withHeader, withoutHeader } from "./samples.ts";

function accepted(input: VerifyInput): Verified {
  const verdict = verify(input);
  if (!verdict.ok) throw new Error(JSON.stringify(verdict));
  return verdict;
}

/** The verdict on a sample with this body, genuinely signed. */
function withSigned(provider: string, body: string | Uint8Array): Verified {
  const sample = sampleOf(provider);
  return accepted(signed(withBody(unsigned(sample), body), sample.signer));
}

function keyOf(verdict: Verified): string {
  return Buffer.from(verdict.eventKey).toString();
}

function contentOf(verdict: Verified): string | null {
  return verdict.contentKey === null ? null : Buffer.from(verdict.contentKey).toString();
}

function sha256(...parts: (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

describe("each provider's event says what it is", () => {
  test.each([
    ["stripe", "evt_1", "invoice.paid", "2024-05-06T07:08:00.000Z", "2024-04-10"],
    ["github", "72d3162e-cc78-11e3-81ab-4c9367dc0958", "issues.opened", undefined, null],
    ["shopify", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043", "orders/create", "2024-05-06T07:08:01.123Z", "2024-04"],
    ["slack", "Ev0PV52K25", "app_mention", "2024-05-06T07:08:08.000Z", null],
    ["standard-webhooks", "msg_p5jXN8AQM9LWM0D4loKWxJek", "contact.created", "2024-05-06T07:08:00.000Z", null],
    ["svix", "msg_p5jXN8AQM9LWM0D4loKWxJek", "contact.created", "2024-05-06T07:08:00.000Z", null],
    ["gitlab", "f5e57ebe-07b6-4b49-9a8f-1d5b9c4d8f10", "push", undefined, null],
    ["gitlab-signing", "f5e57ebe-07b6-4b49-9a8f-1d5b9c4d8f10", "push", undefined, null],
    ["twilio", "6a2a6a1e-3a3f-4f3c-9d58-0b4c6e8a1f22", "message.delivered", undefined, null],
    ["square", "6a8f5f28-54a1-4eb0", "payment.updated", "2024-05-06T07:08:00.000Z", "2024-04-17"],
    ["paddle", "evt_01hv", "transaction.paid", "2024-05-06T07:08:08.500Z", null],
    ["linear", "234d1a4e-b617-4388-90fe-adc3633d6b72", "Issue.create", "2024-05-06T07:08:05.000Z", null],
    ["discord", "846462639134605312", "interaction.2", undefined, "1"],
  ])("%s", (provider, eventId, eventType, occurredAt, payloadVersion) => {
    const verdict = accepted(genuine(sampleOf(provider)));
    expect(verdict).toMatchObject({ eventId, eventType, payloadVersion });
    expect(verdict.occurredAt?.toISOString()).toBe(occurredAt);
    expect(keyOf(verdict)).toBe(`id:${eventId}`);
  });

  test("GitHub's form carries the same event, and its raw form is what is signed", () => {
    const body = `payload=${encodeURIComponent(sampleOf("github").body)}`;
    expect(withSigned("github", body)).toMatchObject({ eventType: "issues.opened" });
  });

  test("Slack's interactions and commands have their trigger for an id", () => {
    const payload = JSON.stringify({ type: "block_actions", trigger_id: "13345224609.738474920.8088930838d88f008e0" });
    expect(withSigned("slack", `payload=${encodeURIComponent(payload)}`)).toMatchObject({
      eventId: "13345224609.738474920.8088930838d88f008e0",
      eventType: "block_actions",
    });
    expect(withSigned("slack", "command=%2Fdeploy&text=now&trigger_id=1.2.3")).toMatchObject({
      eventId: "1.2.3",
      eventType: "slash_command./deploy",
    });
  });

  test("a webhook event of Discord has no id, so its body is the key, whatever the time of the attempt", () => {
    const body =
      '{"version":1,"type":1,"event":{"type":"ENTITLEMENT_CREATE","timestamp":"2024-05-06T07:08:09.123456"}}';
    const sample = sampleOf("discord");
    const first = signed(withBody(unsigned(sample), body), sample.signer);
    const later = new Date(first.now.getTime() + 60_000);
    const second = signed({ ...withBody(unsigned(sample), body), now: later }, sample.signer);
    expect(accepted(first)).toMatchObject({ eventId: null, eventType: "ENTITLEMENT_CREATE" });
    expect(keyOf(accepted(first))).toBe(`sha256:${sha256(body)}`);
    expect(keyOf(accepted(second))).toBe(keyOf(accepted(first)));
  });

  test("every verdict carries the signed time, where there is one", () => {
    expect(accepted(genuine(sampleOf("stripe"))).signedAt?.toISOString()).toBe("2024-05-06T07:08:09.000Z");
    expect(accepted(genuine(sampleOf("linear"))).signedAt?.toISOString()).toBe("2024-05-06T07:08:08.500Z");
    expect(accepted(genuine(sampleOf("github"))).signedAt).toBeNull();
  });
});

describe("two ids never become one key", () => {
  const stripe = (id: string) => withSigned("stripe", `{"id":${id},"type":"a"}`);

  test("numbers beyond 2^53 stay apart, and apart from the same digits as text", () => {
    expect(stripe("9007199254740993")).toMatchObject({ eventId: "9007199254740993" });
    const keys = ["9007199254740993", "9007199254740992", '"9007199254740993"', "9007199254740993.0", "1e400", "1e401"];
    expect(new Set(keys.map((id) => keyOf(stripe(id)))).size).toBe(keys.length);
    expect(keyOf(stripe("9007199254740993"))).toBe("number:9007199254740993");
  });

  test("letter case, composition, spaces and escapes are told apart or together as JSON does", () => {
    const ids = ['"a"', '"A"', '"a "', '" a"', '"\u00e9"', '"e\u0301"', '"evt_1"', '"EVT_1"'];
    expect(new Set(ids.map((id) => keyOf(stripe(id)))).size).toBe(ids.length);
    expect(keyOf(stripe('"\\u0065vt_1"'))).toBe(keyOf(stripe('"evt_1"')));
  });

  test("no id looks like a hash", () => {
    const body = '{"type":"a"}';
    expect(keyOf(withSigned("stripe", body))).toBe(`sha256:${sha256(body)}`);
    expect(keyOf(stripe(`"${sha256(body)}"`))).toBe(`id:${sha256(body)}`);
    expect(keyOf(stripe(`"sha256:${sha256(body)}"`))).toBe(`id:sha256:${sha256(body)}`);
  });

  test.each([
    ["missing", '{"type":"a"}'],
    ["empty", '{"id":""}'],
    ["blank", '{"id":" \u00a0"}'],
    ["null", '{"id":null}'],
    ["an object", '{"id":{"a":1}}'],
    ["9 kB long", `{"id":"${"x".repeat(9000)}"}`],
    ["with a NUL", '{"id":"a\\u0000b"}'],
    ["with a line break", '{"id":"a\\nb"}'],
    ["with a lone surrogate", '{"id":"\\ud800"}'],
    ["there twice", '{"id":"evt_1","id":"evt_2"}'],
    ["only nested", '{"data":{"id":"evt_1"}}'],
    ["in broken JSON", '{"id":"evt_1"'],
    ["in no JSON", "id=evt_1"],
  ])("an id that is %s is replaced by the content's hash", (_what, body) => {
    const verdict = withSigned("stripe", body);
    expect(verdict.eventId).toBeNull();
    expect(keyOf(verdict)).toBe(`sha256:${sha256(body)}`);
  });

  test("two ids that are invalid UTF-8 stay apart (F75)", () => {
    const body = (byte: number) => Buffer.concat([Buffer.from('{"id":"'), Buffer.from([byte]), Buffer.from('"}')]);
    expect(keyOf(withSigned("stripe", body(0xff)))).not.toBe(keyOf(withSigned("stripe", body(0xfe))));
  });

  test("a key is never longer than 520 bytes", () => {
    expect(stripe(`"${"é".repeat(256)}"`).eventKey.length).toBe(515);
    expect(stripe(`"${"é".repeat(257)}"`).eventKey.length).toBe(71);
    expect(stripe("1".repeat(512)).eventKey.length).toBe(519);
    expect(stripe("1".repeat(513)).eventKey.length).toBe(71);
  });
});

describe("an unsigned id does not make an old request a new event", () => {
  test.each([
    ["github", "X-GitHub-Delivery"],
    ["linear", "Linear-Delivery"],
    ["twilio", "I-Twilio-Idempotency-Token"],
  ])("%s: the same content under a fresh %s, or under none, has the same content key", (provider, header) => {
    const input = genuine(sampleOf(provider));
    const first = accepted(input);
    const replayed = accepted(withHeader(input, header, "11111111-2222-4333-8444-555555555555"));
    const bare = accepted(withoutHeader(input, header));
    expect(contentOf(first)).toMatch(/^content:[0-9a-f]{64}$/);
    expect(contentOf(replayed)).toBe(contentOf(first));
    expect(contentOf(bare)).toBe(contentOf(first));
    expect(keyOf(replayed)).not.toBe(keyOf(first));
    expect(keyOf(bare)).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test("where the id is signed, and where nothing is, there is no content key", () => {
    for (const provider of ["stripe", "slack", "standard-webhooks", "svix", "square", "paddle", "discord", "gitlab"]) {
      expect(accepted(genuine(sampleOf(provider))).contentKey).toBeNull();
    }
  });

  test("Linear's retry under a later time and a fresh id is the same content; another event is not", () => {
    const { body } = sampleOf("linear");
    const first = contentOf(withSigned("linear", body));
    expect(contentOf(withSigned("linear", body.replace("1714979288500", "1714979289999")))).toBe(first);
    expect(contentOf(withSigned("linear", body.replace('"x"', '"y"')))).not.toBe(first);
  });

  test("Twilio's copy under another spelling of the URL is the same content", () => {
    const input = genuine(sampleOf("twilio"));
    const url = input.request.url.replace("example.com", "example.com:443");
    expect(contentOf(accepted({ ...input, request: { ...input.request, url } }))).toBe(contentOf(accepted(input)));
  });

  test("the unsigned content type does not move the id", () => {
    const input = genuine(sampleOf("slack"));
    const relabelled = withHeader(input, "content-type", "application/x-www-form-urlencoded");
    expect(keyOf(accepted(relabelled))).toBe(keyOf(accepted(input)));
  });

  test("an id header that is none gives way to the content", () => {
    const input = genuine(sampleOf("github"));
    for (const id of [" ", "a\u0000b", "x".repeat(600)]) {
      expect(accepted(withHeader(input, "X-GitHub-Delivery", id))).toMatchObject({ eventId: null });
    }
  });
});
