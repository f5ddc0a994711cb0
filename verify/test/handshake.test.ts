import { describe, expect, test } from "vitest";
import { answerHandshake, providers, verify } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";
import { genuine, headerOf, sampleOf, samples, signed, unsigned, withBody, withHeader } from "./samples.ts";

function signedBody(provider: string, body: string): VerifyInput {
  const sample = sampleOf(provider);
  return signed(withBody(unsigned(sample), body), sample.signer);
}

function answerOf(input: VerifyInput): { status: number; body: string } | null {
  const answer = answerHandshake(input);
  return answer === null ? null : { status: answer.status, body: Buffer.from(answer.body).toString() };
}

describe("Slack", () => {
  const check = signedBody(
    "slack",
    '{"token":"t","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}',
  );

  test("a genuine url_verification is answered with its challenge as text", () => {
    expect(answerHandshake(check)?.headers).toEqual({ "content-type": "text/plain; charset=utf-8" });
    expect(answerOf(check)).toEqual({ status: 200, body: "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P" });
  });

  test("a forged, unsigned or stale one is not, and is refused as any arrival", () => {
    const forged = { ...check, receiver: sampleOf("slack").stranger };
    expect(answerHandshake(forged)).toBeNull();
    expect(verify(forged)).toMatchObject({ reason: "signature_mismatch" });
    expect(answerHandshake(withBody(unsigned(sampleOf("slack")), check.request.body))).toBeNull();
    expect(answerHandshake({ ...check, now: new Date(check.now.getTime() + 3_600_000) })).toBeNull();
  });

  test("a challenge that could be a page is not sent back", () => {
    for (const challenge of ["<script>alert(1)</script> x", "a\\nb", "", "x".repeat(600)]) {
      expect(answerHandshake(signedBody("slack", `{"challenge":"${challenge}","type":"url_verification"}`))).toBeNull();
    }
  });

  test("the unsigned ssl_check is answered with an empty 200, a command that mentions it is not", () => {
    expect(answerOf(withBody(unsigned(sampleOf("slack")), "ssl_check=1&token=t"))).toEqual({ status: 200, body: "" });
    for (const body of ["ssl_check=0", "ssl_check=1&command=%2Fdeploy", "text=ssl_check", "payload=1&ssl_check=1"]) {
      expect(answerHandshake(withBody(unsigned(sampleOf("slack")), body))).toBeNull();
    }
  });
});

describe("Discord", () => {
  test("a genuine ping of an interaction is answered with a pong", () => {
    const ping = signedBody("discord", '{"id":"1","application_id":"2","type":1,"version":1}');
    expect(answerHandshake(ping)?.headers).toEqual({ "content-type": "application/json" });
    expect(answerOf(ping)).toEqual({ status: 200, body: '{"type":1}' });
  });

  test("a genuine ping of webhook events is answered with an empty 204", () => {
    expect(answerOf(signedBody("discord", '{"version":1,"application_id":"2","type":0}'))).toEqual({
      status: 204,
      body: "",
    });
  });

  test("a webhook event, which has type 1 too, is an event and no ping", () => {
    const event = signedBody("discord", '{"version":1,"type":1,"event":{"type":"QUEST_USER_ENROLLMENT"}}');
    expect(answerHandshake(event)).toBeNull();
    expect(verify(event)).toMatchObject({ ok: true, eventType: "QUEST_USER_ENROLLMENT" });
  });

  test("its probes with bad signatures are not answered, so that they get their 401", () => {
    const ping = signedBody("discord", '{"type":1}');
    const signature = headerOf(ping, "X-Signature-Ed25519");
    const probe = withHeader(ping, "X-Signature-Ed25519", `${signature.slice(0, -2)}00`);
    expect(answerHandshake(probe)).toBeNull();
    expect(verify(probe)).toMatchObject({ ok: false, reason: "signature_mismatch" });
  });
});

describe("everybody else", () => {
  test("no ordinary event of any provider is taken for a check", () => {
    for (const sample of samples) expect(answerHandshake(genuine(sample))).toBeNull();
  });

  test("GitHub's ping is an ordinary event", () => {
    const ping = withHeader(
      signedBody("github", '{"zen":"Keep it logically awesome.","hook_id":1}'),
      "X-GitHub-Event",
      "ping",
    );
    expect(answerHandshake(ping)).toBeNull();
    expect(verify(ping)).toMatchObject({ ok: true, eventType: "ping" });
  });

  test("the table says which providers have checks", () => {
    const withCheck = providers.filter(({ handshake }) => handshake);
    for (const { slug, handshakeNote } of withCheck) expect([slug, handshakeNote]).not.toEqual([slug, "none"]);
    expect(withCheck.map(({ slug }) => slug)).toEqual(
      expect.arrayContaining(["slack", "discord", "zoom", "meta-whatsapp", "dropbox", "asana", "xero", "okta"]),
    );
  });
});
