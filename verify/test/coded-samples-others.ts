import { asymmetric, base, json, shared } from "./coded-sample.ts";
import type { CodedSample } from "./coded-sample.ts";
import type { Receiver } from "../src/index.ts";
import { certificates } from "./certificates.ts";
import { now } from "./samples.ts";

const snsUrl = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-abc.pem";
const paypalUrl = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594";
const signerPem: Receiver = { secrets: [certificates.signerKey] };
const chain = { leaf: certificates.leaf, intermediate: certificates.intermediate, root: certificates.root };
const apple: Receiver = { bundleId: "com.example.app", environment: "Sandbox", trustedRoots: [certificates.root] };

/** Certificates, chains, passwords and tokens in the open. */
export const otherSamples: readonly CodedSample[] = [
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
    bodyIs: "bound",
  },
  {
    provider: "aws-sns",
    ...base,
    receiver: { audience: "arn:aws:sns:eu-west-1:1:t", certificates: { [snsUrl]: certificates.signer } },
    signer: { ...signerPem, certificates: { [snsUrl]: "" } },
    body: '{"Type":"Notification","MessageId":"sns1","TopicArn":"arn:aws:sns:eu-west-1:1:t","Subject":"s","Message":"hello \\u00e9\\n"}',
    eventId: "sns1",
    eventType: "Notification",
    bodyIs: "parts",
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
    bodyIs: "parts",
  },
  {
    provider: "truelayer",
    ...base,
    ...asymmetric("p521", "p521Other", "spki-pem", { keyId: "tl1" }),
    body: '{"event_id":"tl_e1","type":"payment_executed","event_version":1}',
    eventId: "tl_e1",
    eventType: "payment_executed",
    bodyIs: "bound",
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
    bodyIs: "secret",
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
    bodyIs: "secret",
  },
  {
    provider: "mailchimp",
    ...base,
    ...shared(),
    headers: [["content-type", "application/x-www-form-urlencoded"]],
    body: "type=subscribe&fired_at=2024-05-06+07%3A08%3A00&data%5Bid%5D=8a25ff1d98",
    eventId: null,
    eventType: "subscribe",
    bodyIs: "secret",
  },
  {
    provider: "figma",
    ...base,
    ...shared(),
    body: '{"event_type":"FILE_UPDATE","webhook_id":"22","timestamp":"2024-05-06T07:08:00Z","file_key":"k"}',
    eventId: null,
    eventType: "FILE_UPDATE",
    bodyIs: "secret",
  },
  {
    provider: "microsoft-graph",
    ...base,
    ...shared(),
    body: '{"value":[{"id":"mg1","subscriptionId":"s","changeType":"updated","resource":"users/1"}]}',
    eventId: "mg1",
    eventType: "updated",
    bodyIs: "secret",
  },
  {
    provider: "azure-event-grid",
    ...base,
    ...shared(),
    body: '[{"id":"eg1","eventType":"Microsoft.Storage.BlobCreated","eventTime":"2024-05-06T07:08:00Z","dataVersion":"1"}]',
    eventId: "eg1",
    eventType: "Microsoft.Storage.BlobCreated",
    bodyIs: "secret",
  },
  {
    provider: "x-twitter",
    ...base,
    ...shared(),
    body: '{"for_user_id":"1"}',
    eventId: null,
    eventType: null,
    bodyIs: "bound",
  },
  {
    provider: "ringcentral",
    ...base,
    ...shared(),
    body: '{"uuid":"rc1","event":"/restapi/v1.0/x","timestamp":"2024-05-06T07:08:00Z"}',
    eventId: "rc1",
    eventType: "/restapi/v1.0/x",
    bodyIs: "secret",
  },
];
