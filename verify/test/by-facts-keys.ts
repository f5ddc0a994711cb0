import { createPrivateKey, sign as signBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import {
  body,
  describe,
  detached,
  digest,
  issued,
  keyToken,
  privateOf,
  rawHex,
  seconds,
  writtenKeys,
} from "./by-facts.ts";
import type { Described } from "./by-facts.ts";
import { certificates } from "./certificates.ts";
import { keys } from "./coded-sample.ts";
import { now } from "./samples.ts";

const signer = createPrivateKey(certificates.signerKey);

function plaid(): Described[] {
  const claims = { iat: issued - 299, request_body_sha256: digest("sha256", "hex", body) };
  const token = keyToken("ES256", privateOf("p256"), claims, { kid: "k1" });
  return writtenKeys("p256", "k1").map(([name, receiver]) =>
    describe("plaid", name, receiver, { "Plaid-Verification": token }, body, {
      eventId: null,
      secretVersion: receiver.publicKeys?.[0]?.kid ?? "v1",
    }),
  );
}

function sendgrid(): Described[] {
  const text = '[{"sg_event_id":"a","event":"open","timestamp":1714979280}]\r\n';
  const signature = signBytes("sha256", Buffer.from(seconds + text), privateOf("p256")).toString("base64");
  const headers = {
    "X-Twilio-Email-Event-Webhook-Signature": signature,
    "X-Twilio-Email-Event-Webhook-Timestamp": seconds,
  };
  return writtenKeys("p256", "k").map(([name, receiver]) =>
    describe("sendgrid", name, receiver, headers, text, { eventId: "a", eventType: "open" }),
  );
}

function ed25519(): Described[] {
  const key = privateOf("ed");
  const discord = signBytes(null, Buffer.from(seconds + body), key).toString("hex");
  const telnyx = signBytes(null, Buffer.from(`${seconds}|${body}`), key).toString("base64");
  const raw: [string, Described["input"]["receiver"]][] = [
    ["as 64 hexadecimal digits", { publicKeys: [{ format: "ed25519-raw-hex", value: rawHex }] }],
    ["as base64 of 32 bytes", { publicKeys: [{ format: "ed25519-raw-base64", value: keys.ed.raw }] }],
  ];
  return [...raw, ...writtenKeys("ed", "k")].flatMap(([name, receiver]) => [
    describe("discord", name, receiver, { "X-Signature-Ed25519": discord, "X-Signature-Timestamp": seconds }),
    describe("telnyx", name, receiver, { "telnyx-signature-ed25519": telnyx, "telnyx-timestamp": seconds }),
  ]);
}

function wise(): Described[] {
  const signature = signBytes("sha256", Buffer.from(body), privateOf("rsa")).toString("base64");
  const headers = { "X-Signature-SHA256": signature, "X-Delivery-Id": "d1" };
  return writtenKeys("rsa", "k").map(([name, receiver]) =>
    describe("wise", name, receiver, headers, body, { eventId: "d1" }),
  );
}

function pubsub(): Described[] {
  const own = { audience: "https://example.com/push", email: "a@b.iam.gserviceaccount.com" };
  const claims = { iss: "https://accounts.google.com", aud: own.audience, email: own.email, email_verified: true };
  const times = { iat: issued, exp: issued + 3600, sub: "1", azp: "1" };
  const token = keyToken("RS256", privateOf("rsa"), { ...claims, ...times }, { kid: "g1" });
  const text = '{"message":{"messageId":"m1","publishTime":"2024-05-06T07:08:00Z","attributes":{"eventType":"X"}}}';
  const says = { eventId: "m1", eventType: "X", occurredAt: new Date("2024-05-06T07:08:00Z") };
  return writtenKeys("rsa", "g1").map(([name, receiver]) =>
    describe("google-pubsub", name, { ...own, ...receiver }, { Authorization: `Bearer ${token}` }, text, says),
  );
}

function fusionauth(): Described[] {
  const claims = { request_body_sha256: digest("sha256", "base64", body) };
  const kinds = [
    ["RS256", "rsa"],
    ["ES256", "p256"],
    ["EdDSA", "ed"],
  ] as const;
  return kinds.flatMap(([algorithm, name]) =>
    writtenKeys(name, "f").map(([how, receiver]) => {
      const token = keyToken(algorithm, privateOf(name), claims, { kid: "f" });
      return describe(
        "fusionauth",
        `${algorithm} ${how}`,
        { algorithm, ...receiver },
        { "X-FusionAuth-Signature-JWT": token },
      );
    }),
  );
}

function wix(): Described[] {
  const receiver = { publicKeys: [{ format: "spki-pem", value: keys.rsa.publicPem }], appId: "app" };
  const inner = { id: "w1", eventTime: "2024-05-06T07:08:00Z" };
  const forms: [string, unknown][] = [
    ["texts within text", JSON.stringify({ eventType: "T", instanceId: "i", data: JSON.stringify(inner) })],
    ["an object within text", JSON.stringify({ eventType: "T", data: inner })],
    ["objects", { eventType: "T", data: inner }],
  ];
  const says = { eventId: "w1", eventType: "T", occurredAt: new Date(inner.eventTime) };
  return forms.map(([name, data]) => {
    const token = keyToken("RS256", privateOf("rsa"), { data, iat: issued, exp: issued + 3600 });
    return describe("wix", name, receiver, { "content-type": "text/plain" }, token, says);
  });
}

function truelayer(): Described[] {
  const text = '{"event_id":"e","type":"payment_executed","event_version":1}';
  const given: Record<string, string> = {
    "Content-Type": "application/json",
    "X-Tl-Webhook-Timestamp": "2024-05-06T07:08:09Z",
  };
  const lists = [["X-Tl-Webhook-Timestamp"], ["Content-Type", "X-Tl-Webhook-Timestamp"]];
  return lists.flatMap((names) => {
    const header = {
      kid: "k",
      tl_version: "2",
      tl_headers: names.join(","),
      jku: "https://webhooks.truelayer.com/.well-known/jwks",
    };
    const lines = names.map((name) => `${name}: ${given[name] ?? ""}\n`).join("");
    const [head, , signature] = detached("ES512", privateOf("p521"), header, `POST /in/abc\n${lines}${text}`);
    const headers = { ...given, "Tl-Signature": `${head}..${signature}` };
    return writtenKeys("p521", "k").map(([name, receiver]) =>
      describe("truelayer", `${names.length} headers, ${name}`, receiver, headers, text, {
        eventId: "e",
        payloadVersion: "1",
      }),
    );
  });
}

function paypal(): Described[] {
  const times = ["2024-05-06T07:08:09Z", "2024-05-06T07:08:09.000Z"];
  const hosts = ["api.paypal.com", "api.sandbox.paypal.com"];
  return times.flatMap((time) =>
    hosts.map((host) => {
      const url = `https://${host}/v1/notifications/certs/CERT-1`;
      const signature = signBytes("sha256", Buffer.from(`T|${time}|WH1|${crc32(body)}`), signer).toString("base64");
      const headers = {
        "PAYPAL-TRANSMISSION-SIG": signature,
        "PAYPAL-TRANSMISSION-ID": "T",
        "PAYPAL-TRANSMISSION-TIME": time,
        "PAYPAL-CERT-URL": url,
        "PAYPAL-AUTH-ALGO": "SHA256withRSA",
      };
      const receiver = {
        webhookId: "WH1",
        certificates: { [url]: certificates.signer },
        trustedRoots: [certificates.root],
      };
      const more = { certHostPattern: "^(.+\\.)?paypal\\.com$" };
      return describe("paypal", `${host} ${time}`, { ...receiver, ...more }, headers, body, { eventId: "e1" });
    }),
  );
}

const notification = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
const confirmation = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

function sns(): Described[] {
  const url = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem";
  const base = { MessageId: "m", TopicArn: "arn:aws:sns:us-east-1:1:t", Message: "h\u00e9llo\n", SigningCertURL: url };
  const subscribe = { Token: "tok", SubscribeURL: "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription" };
  const kinds: [string, Record<string, string>, string[]][] = [
    ["Notification", { Subject: "s" }, notification],
    ["Notification", {}, notification],
    ["SubscriptionConfirmation", subscribe, confirmation],
    ["UnsubscribeConfirmation", subscribe, confirmation],
  ];
  const receiver = {
    audience: base.TopicArn,
    certificates: { [url]: certificates.signer },
    certHostPattern: "^sns\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?$",
  };
  return kinds.flatMap(([Type, more, names]) =>
    (["1", "2"] as const).map((SignatureVersion) => {
      const given: Record<string, string> = {
        ...base,
        ...more,
        Type,
        Timestamp: "2024-05-06T07:08:09.000Z",
        SignatureVersion,
      };
      const content = names
        .filter((name) => name in given)
        .map((name) => `${name}\n${given[name]}\n`)
        .join("");
      const Signature = signBytes(SignatureVersion === "1" ? "sha1" : "sha256", Buffer.from(content), signer).toString(
        "base64",
      );
      const headers = {
        "x-amz-sns-message-type": Type,
        "x-amz-sns-message-id": "m",
        "content-type": "text/plain; charset=UTF-8",
      };
      const text = JSON.stringify({ ...given, Signature }, null, 2);
      return describe("aws-sns", `${Type} ${SignatureVersion}`, receiver, headers, text, {
        eventId: "m",
        eventType: Type,
      });
    }),
  );
}

function apple(): Described[] {
  const x5c = [certificates.leaf, certificates.intermediate, certificates.root].map((pem) =>
    pem.replaceAll(/-----[^-]+-----|\n/g, ""),
  );
  const payload = (data: object) => {
    const claims = {
      notificationType: "DID_RENEW",
      notificationUUID: "u",
      version: "2.0",
      signedDate: now.getTime(),
      data,
    };
    const signedPayload = keyToken("ES256", createPrivateKey(certificates.leafKey), claims, { x5c });
    return JSON.stringify({ signedPayload });
  };
  const roots = { trustedRoots: [certificates.root], bundleId: "b" };
  const production = payload({ bundleId: "b", environment: "Production", appAppleId: 12 });
  const says = { eventId: "u", eventType: "DID_RENEW", payloadVersion: "2.0" };
  return [
    describe(
      "apple-app-store",
      "app id as a number",
      { ...roots, environment: "Production", appId: 12 },
      {},
      production,
      says,
    ),
    describe("apple-app-store", "app id as text", { ...roots, appId: "12" }, {}, production, says),
    describe(
      "apple-app-store",
      "sandbox",
      { ...roots, environment: "Sandbox" },
      {},
      payload({ bundleId: "b", environment: "Sandbox" }),
      says,
    ),
  ];
}

/** Providers that sign with key pairs and certificates. */
export const describedKeys: readonly Described[] = [
  ...plaid(),
  ...sendgrid(),
  ...ed25519(),
  ...wise(),
  ...pubsub(),
  ...fusionauth(),
  ...wix(),
  ...truelayer(),
  ...paypal(),
  ...sns(),
  ...apple(),
];
