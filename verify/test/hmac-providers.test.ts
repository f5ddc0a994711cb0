import { createHmac } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { verify } from "../src/index.ts";
import type { Receiver, Verified, VerifyInput } from "../src/index.ts";
import { genuine, headerOf, now, sampleOf, signed, unsigned, withBody, withHeader, withoutHeader } from "./samples.ts";

function accepted(input: VerifyInput): Verified {
  const verdict = verify(input);
  if (!verdict.ok) throw new Error(JSON.stringify(verdict));
  return verdict;
}

function withSigned(provider: string, body: string): Verified {
  return accepted(signed(withBody(unsigned(sampleOf(provider)), body)));
}

function keyOf(verdict: Verified): string {
  return Buffer.from(verdict.eventKey).toString();
}

describe("each provider's event says what it is", () => {
  test.each([
    ["workos", "user.created", "2024-05-06T07:08:00.000Z"],
    ["zendesk", "zen:event-type:ticket.created", undefined],
    ["calendly", "invitee.created", "2024-05-06T07:08:00.000Z"],
    ["sanity", "update", undefined],
    ["elevenlabs", "post_call_transcription", undefined],
    ["retell", "call_ended", "2024-05-06T07:08:00.000Z"],
    ["zoom", "meeting.started", "2024-05-06T07:08:00.000Z"],
    ["revolut", "ORDER_COMPLETED", "2024-05-06T07:08:00.000Z"],
    ["box", "FILE.UPLOADED", "2024-05-06T07:08:00.000Z"],
    ["razorpay", "payment.captured", "2024-05-06T07:08:00.000Z"],
    ["gocardless", "payments.confirmed", undefined],
    ["meta-whatsapp", "whatsapp_business_account.messages", "2024-05-06T07:08:00.000Z"],
    ["dropbox", "list_folder.accounts", undefined],
    ["asana", "added.task", "2024-05-06T07:08:00.000Z"],
    ["sentry", "issue.created", undefined],
    ["lemonsqueezy", "order_created", undefined],
    ["modern-treasury", "payment_order.created", undefined],
    ["pusher", "channel_occupied", "2024-05-06T07:08:00.000Z"],
    ["xero", "INVOICE.UPDATE", undefined],
    ["line", "message", "2024-05-06T07:08:00.000Z"],
    ["woocommerce", "order.created", undefined],
    ["telegram", "message", "2024-05-06T07:08:00.000Z"],
    ["okta", "user.lifecycle.create", undefined],
    ["auth0", "s", "2024-05-06T07:08:00.000Z"],
    ["clerk", "user.created", "2024-05-06T07:08:00.000Z"],
    ["openai", "response.completed", "2024-05-06T07:08:00.000Z"],
    ["replicate", "succeeded", undefined],
    ["lithic", "card.created", "2024-05-06T07:08:00.000Z"],
    ["liveblocks", "roomCreated", "2024-05-06T07:08:00.000Z"],
  ])("%s", (provider, eventType, occurredAt) => {
    const verdict = accepted(genuine(sampleOf(provider)));
    expect([verdict.eventType, verdict.occurredAt?.toISOString()]).toEqual([eventType, occurredAt]);
  });

  test("the verdict's fields are its own, so that copies and JSON have them", () => {
    const verdict = accepted(genuine(sampleOf("mux")));
    expect({ ...verdict }).toMatchObject({ ok: true, eventId: "m1", eventType: "video.asset.ready" });
    expect(JSON.parse(JSON.stringify(verdict))).toMatchObject({ eventId: "m1", payloadVersion: null });
  });
});

describe("a retry has the key of the first attempt, though its bytes differ", () => {
  test.each([
    ["coinbase-commerce", '{"id":2,"attempt_number":2,"event":{"id":"e1","type":"charge:confirmed"}}'],
    ["notion", '{"id":"n1","type":"page.created","timestamp":"2024-05-06T07:08:00.000Z","attempt_number":2}'],
    ["intercom", '{"id":"notif_1","topic":"user.created","created_at":1714979280,"delivery_attempts":2}'],
    ["docusign", '{"event":"envelope-completed","apiVersion":"v2.1","retryCount":1,"data":{"envelopeId":"e1"}}'],
    ["line", '{"events":[{"webhookEventId":"01H","deliveryContext":{"isRedelivery":true}}]}'],
  ])("%s", (provider, body) => {
    expect(keyOf(withSigned(provider, body))).toBe(keyOf(accepted(genuine(sampleOf(provider)))));
  });

  test("line: a request with several events is told by all of their ids", () => {
    const body = (ids: readonly string[], isRedelivery: boolean) =>
      JSON.stringify({ events: ids.map((webhookEventId) => ({ webhookEventId, deliveryContext: { isRedelivery } })) });
    const first = withSigned("line", body(["a", "b"], false));
    expect(first.eventId).toBeNull();
    expect(keyOf(withSigned("line", body(["a", "b"], true)))).toBe(keyOf(first));
    expect(keyOf(withSigned("line", body(["a", "c"], false)))).not.toBe(keyOf(first));
  });

  test("auth0: one list, lines or an object of the same entries are the same", () => {
    const entry = (id: string) => `{"log_id":"${id}","data":{"type":"s"}}`;
    expect(keyOf(withSigned("auth0", `${entry("a")}\n${entry("b")}\n`))).toBe(
      keyOf(withSigned("auth0", `[${entry("a")},${entry("b")}]`)),
    );
    expect(withSigned("auth0", entry("a"))).toMatchObject({ eventId: "a", eventType: "s" });
  });
});

describe("batches", () => {
  test("have the type on which their items agree, and no id of an item", () => {
    const item = (id: string, action: string) => `{"id":"${id}","resource_type":"payments","action":"${action}"}`;
    const same = `{"events":[${item("EV1", "paid_out")},${item("EV2", "paid_out")}]}`;
    expect(withSigned("gocardless", same)).toMatchObject({ eventId: null, eventType: "payments.paid_out" });
    const mixed = `{"events":[${item("EV1", "paid_out")},${item("EV2", "failed")}]}`;
    expect(withSigned("gocardless", mixed)).toMatchObject({ eventId: null, eventType: "payments" });
  });

  test("of Meta: status updates are told by their body, a message by its id", () => {
    const body = (value: object) =>
      JSON.stringify({ object: "whatsapp_business_account", entry: [{ changes: [{ field: "messages", value }] }] });
    expect(withSigned("meta-whatsapp", body({ statuses: [{ id: "wamid.1", status: "read" }] }))).toMatchObject({
      eventId: null,
      eventType: "whatsapp_business_account.messages",
    });
    const messenger = '{"object":"page","entry":[{"messaging":[{"timestamp":1714979280000,"message":{"mid":"m_1"}}]}]}';
    expect(withSigned("meta-whatsapp", messenger)).toMatchObject({ eventId: "m_1", eventType: "page" });
  });
});

describe("secrets", () => {
  const signing = (provider: string, key: string | Buffer, receiver: Receiver) => {
    const input = unsigned(sampleOf(provider), { receiver });
    const signature = createHmac("sha256", key).update(`${headerOf(input, "webhook-id")}.1714979289.`);
    const value = `v1,${signature.update(input.request.body).digest("base64")}`;
    return withHeader(withHeader(input, "webhook-timestamp", "1714979289"), "webhook-signature", value);
  };

  test("openai: base64 behind whsec_, the text itself without it", () => {
    const text = "an OpenAI secret without the prefix";
    expect(verify(signing("openai", text, { secrets: [text] }))).toMatchObject({ ok: true });
    const bytes = Buffer.alloc(32, 7);
    const prefixed = `whsec_${bytes.toString("base64")}`;
    expect(verify(signing("openai", bytes, { secrets: [prefixed] }))).toMatchObject({ ok: true });
    expect(verify(signing("openai", prefixed, { secrets: [prefixed] }))).toMatchObject({ ok: false });
  });

  test("polar: the whole text, prefix and all", () => {
    const text = "polar_whs_0123456789abcdef0123456789";
    expect(verify(signing("polar", text, { secrets: [text] }))).toMatchObject({ ok: true });
  });

  test("easypost: normalized before it is a key", () => {
    const secret = "s\u00e9cret-0123456789-0123456789";
    const input = unsigned(sampleOf("easypost"), { receiver: { secrets: [secret] } });
    const signature = createHmac("sha256", secret.normalize("NFKD")).update(input.request.body).digest("hex");
    expect(verify(withHeader(input, "X-Hmac-Signature", `hmac-sha256-hex=${signature}`))).toMatchObject({ ok: true });
  });
});

describe("schemes with a habit of their own", () => {
  test("getstream signs what was compressed, and the event is read from it", () => {
    const plain = genuine(sampleOf("getstream"));
    const packed = withBody(plain, gzipSync(plain.request.body));
    expect(accepted(packed)).toMatchObject({ eventType: "message.new", eventId: headerOf(plain, "X-Webhook-Id") });
    expect(Buffer.from(accepted(packed).contentKey ?? [])).toEqual(Buffer.from(accepted(plain).contentKey ?? []));
    expect(verify(withBody(plain, gzipSync(Buffer.alloc(64 * 1024 * 1024)))).ok).toBe(false);
  });

  test("box: either header is enough, and nonsense in both is not", () => {
    const input = genuine(sampleOf("box"));
    const secondary = withHeader(input, "BOX-SIGNATURE-SECONDARY", headerOf(input, "BOX-SIGNATURE-PRIMARY"));
    expect(verify(withoutHeader(secondary, "BOX-SIGNATURE-PRIMARY")).ok).toBe(true);
    expect(verify(withHeader(secondary, "BOX-SIGNATURE-PRIMARY", "nonsense")).ok).toBe(true);
    const none = withHeader(withHeader(input, "BOX-SIGNATURE-PRIMARY", "x"), "BOX-SIGNATURE-SECONDARY", "y");
    expect(verify(none)).toMatchObject({ ok: false, reason: "malformed_header" });
  });

  test("two secrets sign into Box's and DocuSign's numbered headers", () => {
    for (const provider of ["box", "docusign"]) {
      const secrets = ["8f742231b10e8888abcd99e6d1f4a2b7", "1c39f0e2d4b55a7c6688990011aabbcc"];
      const input = signed(unsigned(sampleOf(provider), { receiver: { secrets } }));
      for (const value of secrets) expect(verify({ ...input, receiver: { secrets: [value] } }).ok).toBe(true);
    }
  });

  test("cal-com: the words that stand for no secret are no signature", () => {
    const input = withHeader(unsigned(sampleOf("cal-com")), "X-Cal-Signature-256", "no-secret-provided");
    expect(verify(input)).toMatchObject({ ok: false, reason: "malformed_header" });
  });

  test("elevenlabs: half an hour is inside, as its library has it, and a receiver may ask for less", () => {
    const input = genuine(sampleOf("elevenlabs"));
    const later = { ...input, now: new Date(now.getTime() + 1_800_000) };
    expect(verify(later).ok).toBe(true);
    expect(verify({ ...later, receiver: { ...input.receiver, toleranceSec: 60 } })).toMatchObject({
      reason: "timestamp_too_old",
    });
  });
});

describe("published examples verify", () => {
  const judge = (provider: string, secret: string, headers: Record<string, string>, body: string, at: number) =>
    verify({
      provider,
      receiver: { secrets: [secret] },
      request: { method: "POST", url: "/", headers, body: Buffer.from(body) },
      now: new Date(at),
    });

  test("the example that Box's libraries are tested with: either of its two keys", () => {
    const headers = {
      "box-delivery-timestamp": "2020-01-01T00:00:00-07:00",
      "box-signature-primary": "6TfeAW3A1PASkgboxxA5yqHNKOwFyMWuEXny/FPD5hI=",
      "box-signature-secondary": "v+1CD1Jdo3muIcbpv5lxxgPglOqMfsNHPV899xWYydo=",
    };
    const body =
      '{"type":"webhook_event","webhook":{"id":"1234567890"},"trigger":"FILE.UPLOADED","source":{"id":"1234567890","type":"file","name":"Test.txt"}}';
    for (const key of ["SamplePrimaryKey", "SampleSecondaryKey"]) {
      expect(judge("box", key, headers, body, Date.parse("2020-01-01T07:05:00Z"))).toMatchObject({ ok: true });
    }
  });

  test("Atlassian's documentation: Hello World! under the secret It's a Secret to Everybody", () => {
    const headers = {
      "x-hub-signature": "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
    };
    expect(judge("jira", "It's a Secret to Everybody", headers, "Hello World!", 0)).toMatchObject({ ok: true });
  });
});
