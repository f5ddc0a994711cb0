import { createHash } from "node:crypto";
import { at, body, describe, digest, issued, mac, secret, seconds, sharedToken } from "./by-facts.ts";
import type { Described } from "./by-facts.ts";

const own = { secrets: [secret] };
const long = secret + secret;
const form = { "content-type": "application/x-www-form-urlencoded" };

function tokens(): Described[] {
  const hex = digest("sha256", "hex", body);
  const base64 = digest("sha256", "base64", body);
  const urlSafe = digest("sha256", "base64url", body);
  const qstash = (hash: string) =>
    sharedToken({ iss: "Upstash", sub: at, iat: issued, nbf: issued, exp: issued + 300, jti: "j", body: hash });
  const roles = {
    secrets: [
      { value: `${secret}0`, version: "current" },
      { value: secret, version: "next" },
    ],
    secretRoles: { current: "current" },
  };
  const bird = { iss: "MessageBird", nbf: issued, iat: issued, exp: issued + 60, jti: "j", payload_hash: hex };
  const live = sharedToken({ iss: "API1", sha256: base64, nbf: issued, exp: issued + 300, sub: "x" });
  const item = '{"event":{"type":"create_pulse","triggerUuid":"u","triggerTime":"2024-05-06T07:08:00Z"}}';
  return [
    describe("netlify", "hash alone", own, { "X-Webhook-Signature": sharedToken({ iss: "netlify", sha256: hex }) }),
    describe("netlify", "with times", own, {
      "X-Webhook-Signature": sharedToken({ iss: "netlify", sha256: hex, iat: issued }),
    }),
    describe("livekit", "API key as keyId", { ...own, keyId: "API1" }, { Authorization: live }, body, {
      eventId: "e1",
    }),
    describe("livekit", "API key as issuer", { ...own, issuers: ["API1"] }, { Authorization: live }),
    describe("vonage", "bearer", own, {
      Authorization: `Bearer ${sharedToken({ iat: issued, payload_hash: hex, jti: "1" })}`,
    }),
    describe(
      "upstash-qstash",
      "next key",
      roles,
      { "Upstash-Signature": qstash(urlSafe), "Upstash-Message-Id": "m" },
      body,
      { eventId: "m", secretVersion: "next" },
    ),
    describe("upstash-qstash", "padded hash", own, { "Upstash-Signature": qstash(`${urlSafe}=`) }),
    describe(
      "messagebird",
      "URL with a query",
      own,
      { "MessageBird-Signature-JWT": sharedToken({ ...bird, url_hash: digest("sha256", "hex", `${at}?a=1`) }) },
      body,
      {},
      { url: `${at}?a=1` },
    ),
    describe("monday", "app", own, { Authorization: sharedToken({ iat: issued, exp: issued + 300, aud: at }) }, item, {
      eventId: "u",
      eventType: "create_pulse",
    }),
    describe(
      "monday",
      "an app that is installed",
      own,
      { Authorization: sharedToken({ iat: issued, exp: issued + 300, aud: at }) },
      '{"type":"install","data":{"app_id":1,"account_id":1,"timestamp":"2022-06-28T06:48:06.643+00:00"}}',
      { eventId: null, eventType: "install", occurredAt: new Date("2022-06-28T06:48:06.643Z") },
    ),
    describe(
      "fusionauth",
      "HS256",
      { ...own, algorithm: "HS256" },
      { "X-FusionAuth-Signature-JWT": sharedToken({ request_body_sha256: base64 }) },
    ),
  ];
}

function insideTheBody(): Described[] {
  const item = {
    pspReference: "P",
    merchantAccountCode: "M",
    merchantReference: "R",
    amount: { value: 1130, currency: "EUR" },
    eventCode: "AUTHORISATION",
    eventDate: "2024-05-06T07:08:00+02:00",
  };
  const hmacSignature = mac("base64", Buffer.from(long, "hex"), "P::M:R:1130:EUR:AUTHORISATION:true");
  const adyen = (more: object) =>
    JSON.stringify(
      {
        live: "false",
        notificationItems: [{ NotificationRequestItem: { ...item, ...more, additionalData: { hmacSignature } } }],
      },
      null,
      2,
    );
  const says = { eventId: null, eventType: "AUTHORISATION", occurredAt: new Date("2024-05-06T05:08:00Z") };
  const payload = `${Buffer.from("<notification><kind>check</kind></notification>").toString("base64")}\n`;
  const pair = mac("hex", createHash("sha1").update(secret).digest(), payload, "sha1");
  const braintree = new URLSearchParams({
    bt_signature: `other|${"0".repeat(40)}&pk|${pair}`,
    bt_payload: payload,
  }).toString();
  const gun = (timestamp: unknown) =>
    JSON.stringify({
      signature: { timestamp, token: "tok", signature: mac("hex", secret, `${seconds}tok`) },
      "event-data": { id: "m", event: "delivered", timestamp: 1714979280.5 },
    });
  return [
    describe(
      "adyen",
      "all texts",
      { secrets: [long.toUpperCase()] },
      {},
      adyen({ originalReference: "", success: "true" }),
      says,
    ),
    describe(
      "adyen",
      "a boolean, and nothing for nothing",
      { secrets: [{ value: long }] },
      {},
      adyen({ success: true }),
      says,
    ),
    describe("mailgun", "time as text", own, {}, gun(seconds), { eventId: "m", eventType: "delivered" }),
    describe("mailgun", "time as a number", own, {}, gun(Number(seconds)), { eventId: "m" }),
    describe("braintree", "public key as keyId", { ...own, keyId: "pk" }, form, braintree, { eventType: "check" }),
    describe(
      "braintree",
      "public key as version",
      { secrets: [{ value: secret, version: "pk" }], keyId: "new" },
      form,
      braintree,
      { secretVersion: "pk" },
    ),
    describe("braintree", "private key alone", own, form, braintree),
    describe(
      "figma",
      "passcode",
      own,
      {},
      `{"event_type":"FILE_UPDATE","passcode":"${secret}","timestamp":"2024-05-06T07:08:00Z"}`,
      { eventType: "FILE_UPDATE" },
    ),
    describe(
      "microsoft-graph",
      "client state",
      own,
      {},
      `{"value":[{"id":"1","clientState":"${secret}","changeType":"updated"}]}`,
      { eventId: "1", eventType: "updated" },
    ),
  ];
}

function inTheOpen(): Described[] {
  const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString("base64")}` });
  const mail = "type=subscribe&fired_at=2024-05-06+07%3A08%3A00&data%5Bid%5D=a";
  return [
    describe(
      "postmark",
      "a colon in the password",
      { username: "u", password: "p:w" },
      basic("u:p:w"),
      '{"MessageID":"m","RecordType":"Delivery"}',
      { eventType: "Delivery" },
    ),
    describe(
      "chargebee",
      "name and password",
      { username: "u", password: "p" },
      basic("u:p"),
      '{"id":"ev_1","event_type":"t","occurred_at":1714979280}',
      { eventId: "ev_1" },
    ),
    describe(
      "okta",
      "header",
      own,
      { Authorization: secret },
      '{"eventId":"e","data":{"events":[{"uuid":"u","eventType":"t"}]}}',
      { eventType: "t" },
    ),
    describe(
      "auth0",
      "header with a scheme",
      { secrets: ["Bearer abc"] },
      { Authorization: "Bearer abc" },
      '[{"log_id":"l","data":{"type":"s"}}]',
      { eventId: "l" },
    ),
    describe(
      "gitlab",
      "short token",
      { secrets: ["t"] },
      { "X-Gitlab-Token": "t", "Idempotency-Key": "i" },
      '{"object_kind":"push"}',
      { eventId: "i" },
    ),
    describe(
      "telegram",
      "an id beyond 2^53",
      own,
      { "X-Telegram-Bot-Api-Secret-Token": secret },
      '{"update_id":9007199254740993,"message":{}}',
      { eventId: "9007199254740993" },
    ),
    describe(
      "mailchimp",
      "secret in the query",
      own,
      form,
      mail,
      { eventType: "subscribe" },
      { url: `${at}?secret=${secret}` },
    ),
    describe("mailchimp", "secret in the path", own, form, mail, {}, { url: `${at}/${secret}` }),
    describe(
      "azure-event-grid",
      "secret in the query",
      own,
      {},
      '[{"id":"1","eventType":"T"}]',
      { eventId: "1", eventType: "T" },
      { url: `${at}?code=${secret}` },
    ),
    describe("mollie", "classic", { ...own, version: "classic" }, form, "id=tr_1", {}, { url: `${at}?k=${secret}` }),
  ];
}

/** Providers that send a token, sign inside the body, or send a secret as it is. */
export const describedSecrets: readonly Described[] = [...tokens(), ...insideTheBody(), ...inTheOpen()];
