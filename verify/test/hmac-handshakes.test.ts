import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { answerHandshake } from "../src/index.ts";
import type { Receiver, VerifyInput } from "../src/index.ts";
import { genuine, now, pairs, sampleOf, signed, unsigned, withBody, withHeader, withHeaders } from "./samples.ts";

function get(provider: string, url: string, headers: [string, string][] = [], receiver: Receiver = {}): VerifyInput {
  return { provider, receiver, now, request: { method: "GET", url, headers, body: Buffer.alloc(0) } };
}

function answerOf(
  input: VerifyInput,
): { status: number; body: string; headers: Readonly<Record<string, string>> } | null {
  const answer = answerHandshake(input);
  return answer === null ? null : { ...answer, body: Buffer.from(answer.body).toString() };
}

describe("checks of a URL", () => {
  const plainToken = "qgg8vlvZRS6UYooatFL8Aw";
  const asked = `{"event":"endpoint.url_validation","payload":{"plainToken":"${plainToken}"},"event_ts":1}`;
  const own = "8f742231b10e8888abcd99e6d1f4a2b7";
  const expected = { plainToken, encryptedToken: createHmac("sha256", own).update(plainToken).digest("hex") };

  test("zoom: the token and its HMAC, once the request verifies", () => {
    const check = signed(withBody(unsigned(sampleOf("zoom")), asked));
    expect(JSON.parse(answerOf(check)?.body ?? "")).toEqual(expected);
    expect(answerOf({ ...check, receiver: sampleOf("zoom").stranger })).toBeNull();
    expect(answerOf(withBody(unsigned(sampleOf("zoom")), asked))).toBeNull();
  });

  test("zoom: with the secret that signed the check, while two are live", () => {
    const check = signed(withBody(unsigned(sampleOf("zoom")), asked));
    const other = { value: "9f742231b10e8888abcd99e6d1f4a2b7", version: "next" };
    for (const secrets of [[own], [own, other], [other, own], [other, { value: own, version: "old" }]])
      expect(JSON.parse(answerOf({ ...check, receiver: { secrets } })?.body ?? "")).toEqual(expected);
  });

  test("meta: the challenge, for the right token alone", () => {
    const url = "/in/meta?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meatyhamhock";
    expect(answerOf(get("meta-whatsapp", url, [], { verifyToken: "meatyhamhock" }))).toMatchObject({
      status: 200,
      body: "1158201444",
    });
    for (const verifyToken of ["other", "", " ", undefined])
      expect(answerOf(get("meta-whatsapp", url, [], { verifyToken }))).toBeNull();
  });

  test("dropbox: the challenge, never to be sniffed", () => {
    expect(answerOf(get("dropbox", "/in/dropbox?challenge=abc-123"))).toEqual({
      status: 200,
      body: "abc-123",
      headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
    });
    expect(answerOf(get("dropbox", "/in/dropbox?challenge=%3Cscript%3E"))).toBeNull();
  });

  test("okta: the challenge of the header, in JSON", () => {
    const input = get("okta", "/in/okta", [["X-Okta-Verification-Challenge", "c-1"]]);
    expect(answerOf(input)?.body).toBe('{"verification":"c-1"}');
    expect(answerOf({ ...input, request: { ...input.request, headers: [] } })).toBeNull();
  });

  test("asana: its own header back; a signed request is an event", () => {
    const input = withHeader(unsigned(sampleOf("asana")), "X-Hook-Secret", "b537207f20cbfa02357cf448134da559");
    expect(answerOf(input)).toMatchObject({
      status: 200,
      headers: { "X-Hook-Secret": "b537207f20cbfa02357cf448134da559" },
    });
    expect(answerOf(signed(input))).toBeNull();
  });

  test("notion: an empty 200 for the first request, which brings the token", () => {
    const input = withBody(
      unsigned(sampleOf("notion")),
      '{"verification_token":"secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"}',
    );
    expect(answerOf(input)).toMatchObject({ status: 200, body: "" });
    expect(answerOf(signed(input))).toBeNull();
  });

  test("xero: 200 for what verifies, 401 for what does not, both empty; events are events", () => {
    const intent = '{"events":[],"lastEventSequence":0,"firstEventSequence":0,"entropy":"S0m3r4nd0mt3xt"}';
    const check = signed(withBody(unsigned(sampleOf("xero")), intent));
    expect(answerOf(check)).toEqual({ status: 200, headers: {}, body: "" });
    expect(answerOf({ ...check, receiver: sampleOf("xero").stranger })).toEqual({ status: 401, headers: {}, body: "" });
    expect(answerOf(genuine(sampleOf("xero")))).toBeNull();
  });

  test("line: an empty 200 for the console's check, a genuine request without events", () => {
    const check = signed(withBody(unsigned(sampleOf("line")), '{"destination":"U1","events":[]}'));
    expect(answerOf(check)).toMatchObject({ status: 200, body: "" });
    expect(answerOf({ ...check, receiver: sampleOf("line").stranger })).toBeNull();
    expect(answerOf(genuine(sampleOf("line")))).toBeNull();
  });

  test("woocommerce: an empty 200 for the ping that is a form", () => {
    const ping = withHeaders(withBody(unsigned(sampleOf("woocommerce")), "webhook_id=12"), []);
    expect(answerOf(ping)).toMatchObject({ status: 200, body: "" });
    expect(answerOf(withBody(ping, "webhook_id=12a"))).toBeNull();
    expect(pairs(ping)).toEqual([]);
  });

  test("intercom: an empty 200 for HEAD", () => {
    const input = get("intercom", "/in/intercom");
    expect(answerOf({ ...input, request: { ...input.request, method: "HEAD" } })).toMatchObject({
      status: 200,
      body: "",
    });
  });
});
