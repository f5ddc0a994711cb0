import { createHash, generateKeyPairSync } from "node:crypto";
import { signRequest } from "../src/index.ts";
import type { Receiver, VerifyInput } from "../src/index.ts";
import { certificates } from "./certificates.ts";
import { now } from "./samples.ts";

/** One request of a provider whose scheme is code: what signs it, what verifies it, what does not. */
export interface CodedSample {
  readonly provider: string;
  readonly receiver: Receiver;
  readonly signer: Receiver;
  /** Same scheme, another key. Null where the scheme has no key of the receiver's own. */
  readonly stranger: Receiver | null;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly eventId: string | null;
  readonly eventType: string | null;
  /** `bound`: every bit of the body counts. `parts`: some of it. `open`: none. `secret`: nothing is signed. */
  readonly body_is: "bound" | "parts" | "open" | "secret";
}

function pair(type: "ec" | "rsa" | "ed25519", curve = "prime256v1") {
  const made =
    type === "ec"
      ? generateKeyPairSync("ec", { namedCurve: curve })
      : type === "rsa"
        ? generateKeyPairSync("rsa", { modulusLength: 2048 })
        : generateKeyPairSync("ed25519");
  return {
    privatePem: made.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    publicPem: made.publicKey.export({ format: "pem", type: "spki" }).toString(),
    der: made.publicKey.export({ format: "der", type: "spki" }).toString("base64"),
    jwk: JSON.stringify(made.publicKey.export({ format: "jwk" })),
    raw: made.publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64"),
  };
}

export const keys = {
  p256: pair("ec"),
  p256Other: pair("ec"),
  p521: pair("ec", "secp521r1"),
  p521Other: pair("ec", "secp521r1"),
  rsa: pair("rsa"),
  rsaOther: pair("rsa"),
  ed: pair("ed25519"),
  edOther: pair("ed25519"),
};

const text = "8f742231b10e8888abcd99e6d1f4a2b7";
const other = "1c39f0e2d4b55a7c6688990011aabbcc";
const long = `${text}${text}`;
const otherLong = `${other}${other}`;
const json: readonly [string, string] = ["content-type", "application/json"];

function shared(more: Receiver = {}, value: string = text, strange: string = other) {
  const receiver: Receiver = { ...more, secrets: [value] };
  return { receiver, signer: receiver, stranger: { ...more, secrets: [strange] } };
}

function asymmetric(key: keyof typeof keys, strange: keyof typeof keys, format: string, more: Receiver = {}) {
  const value = (name: keyof typeof keys) =>
    format === "jwk"
      ? keys[name].jwk
      : format === "spki-pem"
        ? keys[name].publicPem
        : format === "spki-der-base64"
          ? keys[name].der
          : keys[name].raw;
  const kid = more.keyId === undefined ? {} : { kid: more.keyId };
  return {
    receiver: { ...more, publicKeys: [{ ...kid, format, value: value(key) }] },
    signer: { ...more, secrets: [keys[key].privatePem] },
    stranger: { ...more, publicKeys: [{ ...kid, format, value: value(strange) }] },
  };
}

const url = "https://example.com/in/abcdefgh";
const base = { url, headers: [json], stranger: null } as const;
const snsUrl = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-abc.pem";
const paypalUrl = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594";
const signerPem: Receiver = { secrets: [certificates.signerKey] };
const chain = { leaf: certificates.leaf, intermediate: certificates.intermediate, root: certificates.root };
const apple: Receiver = { bundleId: "com.example.app", environment: "Sandbox", trustedRoots: [certificates.root] };
const pubsub: Receiver = { audience: url, email: "push@example.iam.gserviceaccount.com", keyId: "g1" };
const adyenItem = {
  pspReference: "7914073381342284",
  originalReference: "",
  merchantAccountCode: "TestMerchant",
  merchantReference: "TestPayment-1407325143704",
  amount: { value: 1130, currency: "EUR" },
  eventCode: "AUTHORISATION",
  success: "true",
  eventDate: "2024-05-06T07:08:00+02:00",
};
const xml = `<notification><kind>subscription_canceled</kind><timestamp type="datetime">2024-05-06T07:08:00Z</timestamp><subject><subscription><id>s1</id></subscription></subject></notification>`;

export const codedSamples: readonly CodedSample[] = [
  {
    provider: "sendgrid",
    ...base,
    ...asymmetric("p256", "p256Other", "spki-der-base64"),
    body: '[{"event":"delivered","sg_event_id":"sg1","timestamp":1714979280}]\r\n',
    eventId: "sg1",
    eventType: "delivered",
    body_is: "bound",
  },
  {
    provider: "telnyx",
    ...base,
    ...asymmetric("ed", "edOther", "ed25519-raw-base64"),
    body: '{"data":{"id":"t1","event_type":"call.hangup","occurred_at":"2024-05-06T07:08:00Z"},"meta":{"attempt":1}}',
    eventId: "t1",
    eventType: "call.hangup",
    body_is: "bound",
  },
  {
    provider: "wise",
    ...base,
    ...asymmetric("rsa", "rsaOther", "spki-pem"),
    headers: [json, ["X-Delivery-Id", "d1"]],
    body: '{"event_type":"transfers#state-change","schema_version":"2.0.0","sent_at":"2024-05-06T07:08:00Z"}',
    eventId: "d1",
    eventType: "transfers#state-change",
    body_is: "bound",
  },
  {
    provider: "plaid",
    ...base,
    ...asymmetric("p256", "p256Other", "jwk", { keyId: "k1" }),
    body: '{\n  "webhook_type": "ITEM",\n  "webhook_code": "ERROR"\n}',
    eventId: null,
    eventType: "ITEM.ERROR",
    body_is: "bound",
  },
  {
    provider: "netlify",
    ...base,
    ...shared(),
    headers: [json, ["X-Netlify-Event", "deploy_created"]],
    body: '{"id":"n1","state":"ready"}',
    eventId: "n1",
    eventType: "deploy_created",
    body_is: "bound",
  },
  {
    provider: "livekit",
    ...base,
    ...shared({ keyId: "APIkey" }),
    body: '{"event":"room_started","id":"EV_1","createdAt":"1714979280"}',
    eventId: "EV_1",
    eventType: "room_started",
    body_is: "bound",
  },
  {
    provider: "vonage",
    ...base,
    ...shared(),
    body: '{"message_uuid":"u1","status":"delivered","timestamp":"2024-05-06T07:08:00Z"}',
    eventId: "u1",
    eventType: "delivered",
    body_is: "bound",
  },
  {
    provider: "fusionauth",
    ...base,
    ...shared(),
    body: '{"event":{"id":"f1","type":"user.create","createInstant":1714979280000}}',
    eventId: "f1",
    eventType: "user.create",
    body_is: "bound",
  },
  {
    provider: "fusionauth",
    ...base,
    ...asymmetric("ed", "edOther", "spki-pem", { algorithm: "EdDSA" }),
    body: '{"event":{"id":"f2","type":"user.create"}}',
    eventId: "f2",
    eventType: "user.create",
    body_is: "bound",
  },
  {
    provider: "google-pubsub",
    ...base,
    ...asymmetric("rsa", "rsaOther", "jwk", pubsub),
    body: '{"message":{"messageId":"136969346945","publishTime":"2024-05-06T07:08:00.1Z","attributes":{"eventType":"OBJECT_FINALIZE"}}}',
    eventId: "136969346945",
    eventType: "OBJECT_FINALIZE",
    body_is: "open",
  },
  {
    provider: "monday",
    ...base,
    ...shared(),
    body: '{"event":{"type":"create_pulse","triggerUuid":"m1","triggerTime":"2024-05-06T07:08:00Z"}}',
    eventId: "m1",
    eventType: "create_pulse",
    body_is: "open",
  },
  {
    provider: "upstash-qstash",
    ...base,
    ...shared(),
    headers: [json, ["Upstash-Message-Id", "msg_1"]],
    body: '{"type":"x"}',
    eventId: "msg_1",
    eventType: "x",
    body_is: "bound",
  },
  {
    provider: "messagebird",
    ...base,
    ...shared(),
    body: '{"id":"b1","type":"message.created"}',
    eventId: "b1",
    eventType: "message.created",
    body_is: "bound",
  },
  {
    provider: "wix",
    ...base,
    ...asymmetric("rsa", "rsaOther", "spki-pem"),
    body: JSON.stringify({
      eventType: "wix.orders",
      instanceId: "i",
      data: JSON.stringify({ id: "w1", eventTime: "2024-05-06T07:08:00Z" }),
    }),
    eventId: "w1",
    eventType: "wix.orders",
    body_is: "bound",
  },
  {
    provider: "mailgun",
    ...base,
    ...shared(),
    body: '{"event-data":{"id":"mg1","event":"delivered","timestamp":1714979280}}',
    eventId: "mg1",
    eventType: "delivered",
    body_is: "parts",
  },
  {
    provider: "mandrill",
    ...base,
    ...shared({ notificationUrl: url }),
    headers: [["content-type", "application/x-www-form-urlencoded"]],
    body: `mandrill_events=${encodeURIComponent('[{"_id":"md1","event":"open","ts":1714979280}]')}`,
    eventId: "md1",
    eventType: "open",
    body_is: "bound",
  },
  {
    provider: "hubspot",
    ...base,
    ...shared(),
    body: '[{"eventId":9007199254740993,"subscriptionId":1,"occurredAt":1714979280000,"subscriptionType":"contact.creation","attemptNumber":0}]',
    eventId: "9007199254740993",
    eventType: "contact.creation",
    body_is: "bound",
  },
  {
    provider: "hubspot",
    ...base,
    ...shared({ version: "v2" }),
    body: '[{"eventId":1}]',
    eventId: "1",
    eventType: null,
    body_is: "bound",
  },
  {
    provider: "adyen",
    ...base,
    ...shared({}, long, otherLong),
    body: JSON.stringify({ live: "false", notificationItems: [{ NotificationRequestItem: adyenItem }] }),
    eventId: null,
    eventType: "AUTHORISATION",
    body_is: "parts",
  },
  {
    provider: "adyen-platform",
    ...base,
    ...shared({}, long, otherLong),
    body: '{"type":"balancePlatform.x","data":{"id":"AP1"},"version":"1"}',
    eventId: "AP1",
    eventType: "balancePlatform.x",
    body_is: "bound",
  },
  {
    provider: "braintree",
    ...base,
    ...shared({ keyId: "pub_key" }),
    headers: [["content-type", "application/x-www-form-urlencoded"]],
    body: xml,
    eventId: null,
    eventType: "subscription_canceled",
    body_is: "parts",
  },
  {
    provider: "cloudinary",
    ...base,
    ...shared(),
    body: '{"notification_type":"upload","request_id":"c1"}',
    eventId: "c1",
    eventType: "upload",
    body_is: "bound",
  },
  {
    provider: "cloudinary",
    ...base,
    ...shared({ algorithm: "sha256" }),
    body: '{"notification_type":"upload","request_id":"c1"}',
    eventId: "c1",
    eventType: "upload",
    body_is: "bound",
  },
  {
    provider: "contentful",
    ...base,
    ...shared({}, long, otherLong),
    headers: [json, ["X-Contentful-Topic", "ContentManagement.Entry.publish"]],
    body: '{"sys":{"id":"e1","revision":3}}',
    eventId: "e1",
    eventType: "ContentManagement.Entry.publish",
    body_is: "bound",
  },
  {
    provider: "mercadopago",
    ...base,
    ...shared(),
    url: `${url}?data.id=ABC123&type=payment`,
    headers: [json, ["x-request-id", "r1"]],
    body: '{"id":12345,"action":"payment.created","api_version":"v1"}',
    eventId: "12345",
    eventType: "payment.created",
    body_is: "open",
  },
  {
    provider: "trello",
    ...base,
    ...shared({ callbackUrl: url }),
    body: '{"action":{"id":"a1","type":"updateCard","date":"2024-05-06T07:08:00.000Z"}}',
    eventId: "a1",
    eventType: "updateCard",
    body_is: "bound",
  },
  {
    provider: "plivo",
    ...base,
    ...shared(),
    url: `${url}?b=2&a=1`,
    headers: [["content-type", "application/x-www-form-urlencoded"]],
    body: "MessageUUID=p1&Status=sent",
    eventId: "p1",
    eventType: "message.sent",
    body_is: "bound",
  },
  {
    provider: "airtable",
    ...base,
    ...shared({}, Buffer.from(text).toString("base64"), Buffer.from(other).toString("base64")),
    body: '{"base":{"id":"app1"},"webhook":{"id":"ach1"},"timestamp":"2024-05-06T07:08:00.000Z"}',
    eventId: null,
    eventType: null,
    body_is: "bound",
  },
  {
    provider: "buildkite",
    ...base,
    ...shared(),
    headers: [json, ["X-Buildkite-Event", "build.finished"]],
    body: '{"event":"build.finished","build":{"id":"b1"}}',
    eventId: null,
    eventType: "build.finished",
    body_is: "bound",
  },
  {
    provider: "mollie",
    ...base,
    ...shared(),
    body: '{"resource":"event","id":"event_1","type":"payment-link.paid","createdAt":"2024-05-06T07:08:00Z"}',
    eventId: "event_1",
    eventType: "payment-link.paid",
    body_is: "bound",
  },
  {
    provider: "mollie",
    ...base,
    ...shared({ version: "classic" }),
    body: "id=tr_1",
    eventId: "tr_1",
    eventType: null,
    body_is: "secret",
  },
  {
    provider: "paypal",
    ...base,
    receiver: {
      webhookId: "WH-1",
      certificates: { [paypalUrl]: certificates.signer },
      trustedRoots: [certificates.root],
    },
    signer: { ...signerPem, webhookId: "WH-1", certificates: { [paypalUrl]: "" } },
    stranger: { webhookId: "WH-2", certificates: { [paypalUrl]: certificates.signer } },
    headers: [json, ["PAYPAL-TRANSMISSION-ID", "69cd13f0-d67a-11e5-baa3-778b53f4ae55"]],
    body: '{"id":"WH-19973","event_type":"PAYMENT.SALE.COMPLETED","event_version":"1.0"}',
    eventId: "WH-19973",
    eventType: "PAYMENT.SALE.COMPLETED",
    body_is: "bound",
  },
  {
    provider: "aws-sns",
    ...base,
    receiver: { certificates: { [snsUrl]: certificates.signer } },
    signer: { ...signerPem, certificates: { [snsUrl]: "" } },
    body: '{"Type":"Notification","MessageId":"sns1","TopicArn":"arn:aws:sns:eu-west-1:1:t","Subject":"s","Message":"hello \\u00e9\\n"}',
    eventId: "sns1",
    eventType: "Notification",
    body_is: "parts",
  },
  {
    provider: "apple-app-store",
    ...base,
    receiver: apple,
    signer: { ...apple, secrets: [certificates.leafKey], certificates: chain },
    stranger: { ...apple, trustedRoots: [certificates.strangeRoot] },
    body: JSON.stringify({
      notificationType: "DID_RENEW",
      subtype: "BILLING_RECOVERY",
      notificationUUID: "ap1",
      version: "2.0",
      signedDate: now.getTime(),
      data: { bundleId: "com.example.app", environment: "Sandbox" },
    }),
    eventId: "ap1",
    eventType: "DID_RENEW.BILLING_RECOVERY",
    body_is: "parts",
  },
  {
    provider: "truelayer",
    ...base,
    ...asymmetric("p521", "p521Other", "spki-pem", { keyId: "tl1" }),
    body: '{"event_id":"tl_e1","type":"payment_executed","event_version":1}',
    eventId: "tl_e1",
    eventType: "payment_executed",
    body_is: "bound",
  },
  {
    provider: "postmark",
    ...base,
    receiver: { username: "u", password: "pässword" },
    signer: { username: "u", password: "pässword" },
    stranger: { username: "u", password: "other" },
    body: '{"RecordType":"Delivery","MessageID":"pm1","DeliveredAt":"2024-05-06T07:08:00Z"}',
    eventId: "pm1",
    eventType: "Delivery",
    body_is: "secret",
  },
  {
    provider: "chargebee",
    ...base,
    receiver: { username: "u", secrets: ["p"] },
    signer: { username: "u", secrets: ["p"] },
    stranger: { username: "v", secrets: ["p"] },
    body: '{"id":"ev_1","event_type":"customer_created","occurred_at":1714979280,"api_version":"v2"}',
    eventId: "ev_1",
    eventType: "customer_created",
    body_is: "secret",
  },
  {
    provider: "mailchimp",
    ...base,
    ...shared(),
    headers: [["content-type", "application/x-www-form-urlencoded"]],
    body: "type=subscribe&fired_at=2024-05-06+07%3A08%3A00&data%5Bid%5D=8a25ff1d98",
    eventId: null,
    eventType: "subscribe",
    body_is: "secret",
  },
  {
    provider: "figma",
    ...base,
    ...shared(),
    body: '{"event_type":"FILE_UPDATE","webhook_id":"22","timestamp":"2024-05-06T07:08:00Z","file_key":"k"}',
    eventId: null,
    eventType: "FILE_UPDATE",
    body_is: "secret",
  },
  {
    provider: "microsoft-graph",
    ...base,
    ...shared(),
    body: '{"value":[{"id":"mg1","subscriptionId":"s","changeType":"updated","resource":"users/1"}]}',
    eventId: "mg1",
    eventType: "updated",
    body_is: "secret",
  },
  {
    provider: "azure-event-grid",
    ...base,
    ...shared(),
    body: '[{"id":"eg1","eventType":"Microsoft.Storage.BlobCreated","eventTime":"2024-05-06T07:08:00Z","dataVersion":"1"}]',
    eventId: "eg1",
    eventType: "Microsoft.Storage.BlobCreated",
    body_is: "secret",
  },
  {
    provider: "x-twitter",
    ...base,
    ...shared(),
    body: '{"for_user_id":"1"}',
    eventId: null,
    eventType: null,
    body_is: "bound",
  },
  {
    provider: "ringcentral",
    ...base,
    ...shared(),
    body: '{"uuid":"rc1","event":"/restapi/v1.0/x","timestamp":"2024-05-06T07:08:00Z"}',
    eventId: "rc1",
    eventType: "/restapi/v1.0/x",
    body_is: "secret",
  },
];

/** A sample as its provider would send it, with `receiver` set to what verifies it. */
export function sent(sample: CodedSample, at: Date = now): VerifyInput {
  const { provider, headers, body, receiver, signer } = sample;
  const request = { method: "POST", url: sample.url, headers, body: Buffer.from(body) };
  const made = signRequest({ provider, receiver: signer, request, now: at });
  return { provider, receiver, request: { method: "POST", ...made }, now: at };
}

/** The sample of a provider. */
export function codedSampleOf(provider: string): CodedSample {
  const sample = codedSamples.find((one) => one.provider === provider);
  if (sample === undefined) throw new Error(`no sample for ${provider}`);
  return sample;
}

/** The SHA-256 of text, in hexadecimal. */
export function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
