import { createHash, createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { answerHandshake, findProvider, verify } from "../src/index.ts";
import type { Receiver } from "../src/index.ts";
import { codedSampleOf, codedSamples, sent } from "./coded-samples.ts";
import { now } from "./samples.ts";

interface Check {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly receiver?: Receiver;
}

function ask(provider: string, { method = "POST", url = "/in/x", headers = {}, body = "", receiver = {} }: Check) {
  const answer = answerHandshake({
    provider,
    receiver,
    request: { method, url, headers, body: Buffer.from(body) },
    now,
  });
  return answer === null ? null : { ...answer, body: Buffer.from(answer.body).toString() };
}

const secret = "8f742231b10e8888abcd99e6d1f4a2b7";

describe("URL checks are answered as their providers want it", () => {
  test("Microsoft Graph: the token, decoded, as text", () => {
    const url = "/in/x?validationToken=Validation%3a+Testing+client+application+reachability+for+Request-Id%3a+1";
    expect(ask("microsoft-graph", { url })).toMatchObject({
      status: 200,
      headers: { "content-type": "text/plain; charset=utf-8" },
      body: "Validation: Testing client application reachability for Request-Id: 1",
    });
    expect(ask("microsoft-graph", { url: "/in/x?validationToken=%3Cscript%3E" })).toBeNull();
    expect(ask("microsoft-graph", { url: "/in/x?validationToken=a&validationToken=b" })).toBeNull();
  });

  test("Azure Event Grid: the code, and CloudEvents' origin", () => {
    const body =
      '[{"id":"1","eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"512d38b6","validationUrl":"https://x"}}]';
    expect(ask("azure-event-grid", { body })).toMatchObject({ status: 200, body: '{"validationResponse":"512d38b6"}' });
    for (const provider of ["azure-event-grid", "cloudevents"]) {
      const headers = { "WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120" };
      expect(ask(provider, { method: "OPTIONS", headers })?.headers).toMatchObject({
        "webhook-allowed-origin": "eventgrid.azure.net",
        "webhook-allowed-rate": "*",
      });
      expect(ask(provider, { method: "OPTIONS" })).toBeNull();
      expect(ask(provider, { method: "OPTIONS", headers: { "WebHook-Request-Origin": "a\r\nb" } })).toBeNull();
    }
  });

  test("HEAD and GET alone: Mandrill, Trello, Mailchimp", () => {
    for (const [provider, method] of [
      ["mandrill", "HEAD"],
      ["trello", "HEAD"],
      ["mailchimp", "GET"],
    ] as const) {
      expect(ask(provider, { method })).toEqual({ status: 200, headers: {}, body: "" });
      expect(findProvider(provider)?.methods).toEqual(["POST", method]);
    }
  });

  test("Mandrill: an empty batch under the key that everybody knows, and no other batch under it", () => {
    const url = "https://example.com/in/x";
    const signed = (events: string) => ({
      url,
      body: `mandrill_events=${encodeURIComponent(events)}`,
      headers: {
        "X-Mandrill-Signature": createHmac("sha1", "test-webhook")
          .update(`${url}mandrill_events${events}`)
          .digest("base64"),
      },
      receiver: { secrets: [secret], notificationUrl: url },
    });
    expect(ask("mandrill", signed("[]"))).toMatchObject({ status: 200 });
    expect(ask("mandrill", signed('[{"_id":"1"}]'))).toBeNull();
  });

  test("monday: the challenge in JSON", () => {
    expect(
      ask("monday", { body: '{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}' }),
    ).toMatchObject({
      headers: { "content-type": "application/json" },
      body: '{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}',
    });
  });

  test("eBay: the hash of code, token and URL; its events are refused", () => {
    const receiver = { verifyToken: "v".repeat(32), notificationUrl: "https://example.com/in/x" };
    const challengeResponse = createHash("sha256")
      .update(`a1b2${receiver.verifyToken}${receiver.notificationUrl}`)
      .digest("hex");
    expect(ask("ebay", { method: "GET", url: "/in/x?challenge_code=a1b2", receiver })?.body).toBe(
      JSON.stringify({ challengeResponse }),
    );
    const request = { method: "POST", url: "/in/x", headers: {}, body: Buffer.from("{}") };
    expect(verify({ provider: "ebay", receiver, request, now })).toMatchObject({
      ok: false,
      reason: "receiver_incomplete",
    });
  });

  test("X: the token's HMAC", () => {
    const token = createHmac("sha256", secret).update("abc").digest("base64");
    const receiver = { secrets: [secret] };
    expect(ask("x-twitter", { method: "GET", url: "/in/x?crc_token=abc&nonce=1", receiver })?.body).toBe(
      JSON.stringify({ response_token: `sha256=${token}` }),
    );
    expect(ask("x-twitter", { method: "GET", url: "/in/x?crc_token=abc" })).toBeNull();
  });

  test("RingCentral: the same header again", () => {
    const event = { headers: { "Validation-Token": secret }, body: '{"uuid":"u1","event":"/restapi/v1.0/x"}' };
    expect(ask("ringcentral", event)).toBeNull();
    expect(ask("ringcentral", { headers: { "Validation-Token": "abc-1" } })).toMatchObject({
      status: 200,
      headers: { "validation-token": "abc-1" },
    });
  });

  test("what a provider signs is answered only when it verifies: SNS, Wise, Buildkite, Figma", () => {
    const sample = codedSampleOf("aws-sns");
    const SubscribeURL = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t";
    const body = JSON.stringify({
      ...(JSON.parse(sample.body) as object),
      Type: "SubscriptionConfirmation",
      Token: "t",
      SubscribeURL,
    });
    const check = sent({ ...sample, body });
    expect(answerHandshake(check)).toMatchObject({ status: 200, confirmUrl: SubscribeURL });
    expect(answerHandshake({ ...check, receiver: {} })).toBeNull();
    const moved = sent({ ...sample, body: body.replace("sns.eu-west-1.amazonaws.com/?", "evil.example/?") });
    expect(answerHandshake(moved)).toBeNull();
    const ping = {
      ...codedSampleOf("figma"),
      body: '{"event_type":"PING","webhook_id":"1","timestamp":"2024-05-06T07:08:00Z"}',
    };
    expect(answerHandshake(sent(ping))).toMatchObject({ status: 200 });
    expect(answerHandshake({ ...sent(ping), receiver: { secrets: ["another-passcode-than-that"] } })).toBeNull();
    const wise = codedSampleOf("wise");
    const tried = { ...wise, headers: [...wise.headers, ["X-Test-Notification", "true"]] as const };
    expect(answerHandshake(sent(tried))).toMatchObject({ status: 200 });
    expect(answerHandshake({ ...sent(tried), receiver: wise.stranger ?? {} })).toBeNull();
  });

  test("no ordinary event is taken for a check", () => {
    for (const sample of codedSamples)
      expect([sample.provider, answerHandshake(sent(sample))]).toEqual([sample.provider, null]);
  });
});

describe("a check that is signed for anybody who asks is no way to forge an event", () => {
  const receiver: Receiver = { secrets: [secret], keyId: "pub_key" };
  const judge = (provider: string, headers: Record<string, string>, body: string) =>
    verify({ provider, receiver, request: { method: "POST", url: "/in/x", headers, body: Buffer.from(body) }, now });

  test("X signs no token that could be an event, and takes no token for one", () => {
    const event = '{"for_user_id":"1"}';
    const url = (token: string) => `/in/x?crc_token=${encodeURIComponent(token)}`;
    expect(ask("x-twitter", { method: "GET", url: url(event), receiver })).toBeNull();
    const token = "MTIzNDU2Nzg5MA==";
    const answer = ask("x-twitter", { method: "GET", url: url(token), receiver });
    const { response_token } = JSON.parse(answer?.body ?? "") as { response_token: string };
    expect(judge("x-twitter", { "x-twitter-webhooks-signature": response_token }, token)).toMatchObject({
      ok: false,
      reason: "body_malformed",
    });
  });

  test("Braintree's challenge is taken for no payload", () => {
    const challenge = "20f9f8ed05f77439fe955c977e4c8a53";
    const answer = ask("braintree", { method: "GET", url: `/in/x?bt_challenge=${challenge}`, receiver });
    expect(answer?.body).toMatch(/^pub_key\|[0-9a-f]{40}$/);
    const form = new URLSearchParams({ bt_signature: answer?.body ?? "", bt_payload: challenge }).toString();
    expect(judge("braintree", {}, form)).toMatchObject({ ok: false, reason: "body_malformed" });
  });
});
