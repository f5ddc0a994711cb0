import { createHash } from "node:crypto";
import twilio from "twilio";
import { describe, expect, test } from "vitest";
import { verify } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";
import { sampleOf, unsigned, withBody, withHeader, secretOf } from "./samples.ts";
import { twilioParams } from "./oracles.ts";

/** A form that Twilio signed for one URL and that arrived at another. */
function arrived(signedUrl: string, seenUrl: string): VerifyInput {
  const input = unsigned(sampleOf("twilio"));
  const params = twilioParams(sampleOf("twilio").body);
  const signature = twilio.getExpectedTwilioSignature(secretOf(input), signedUrl, params);
  return at(withHeader(input, "X-Twilio-Signature", signature), seenUrl);
}

/** The input at another URL. */
function at(input: VerifyInput, url: string): VerifyInput {
  return { ...input, request: { ...input.request, url } };
}

describe("one URL has the spellings that Twilio's own library takes for it", () => {
  test.each([
    ["https://example.com/in", "https://example.com/in", true],
    ["https://example.com:443/in", "https://example.com/in", true],
    ["https://example.com/in", "https://example.com:443/in", true],
    ["http://example.com:80/in", "http://example.com/in", true],
    ["https://example.com/in", "https://example.com:8443/in", true],
    ["https://example.com:8443/in", "https://example.com:8443/in", true],
    ["https://user:pass@example.com/in", "https://user:pass@example.com/in", true],
    ["https://user:pass@example.com:443/in?a=b", "https://user:pass@example.com/in?a=b", true],
    ["https://[2001:db8::1]:443/in", "https://[2001:db8::1]/in", true],
    ["https://example.com/in?name=O'Brien", "https://example.com/in?name=O'Brien", true],
    ["https://example.com/in?name=O%27Brien", "https://example.com/in?name=O'Brien", true],
    ["https://example.com/in?name=O'Brien", "https://example.com/in?name=O%27Brien", true],
    ["https://example.com/in?a=b%20c", "https://example.com/in?a=b+c", true],
    ["https://example.com/in?a=1&a=3&b=2", "https://example.com/in?a=1&b=2&a=3", true],
    ["https://example.com/in", "http://example.com/in", false],
    ["https://example.com/in", "https://example.com/in/", false],
    ["https://example.com/in", "https://example.com/IN", false],
    ["https://example.com/in?a=1", "https://example.com/in", false],
    ["https://example.com/in?a=1", "https://example.com/in?a=2", false],
    ["https://example.com/in", "https://other.example/in", false],
  ])("signed for %s, seen as %s: %s", (signedUrl, seenUrl, accepted) => {
    const input = arrived(signedUrl, seenUrl);
    const signature = twilio.getExpectedTwilioSignature(
      secretOf(input),
      signedUrl,
      twilioParams(sampleOf("twilio").body),
    );
    const theirs = twilio.validateRequest(secretOf(input), signature, seenUrl, twilioParams(sampleOf("twilio").body));
    expect([verify(input).ok, theirs]).toEqual([accepted, accepted]);
  });

  test("a fragment never went over the wire, so it is no part of the URL", () => {
    const input = arrived("https://example.com/in", "/in");
    const receiver = { ...input.receiver, notificationUrl: "https://example.com/in#rc=3&rp=all" };
    expect(verify({ ...input, receiver }).ok).toBe(true);
  });

  test("a host in another letter case is another text", () => {
    expect(verify(arrived("https://example.com/in", "https://EXAMPLE.com/in")).ok).toBe(false);
  });

  test("two body hashes in one signed URL leave open which one counts, and are refused", () => {
    const body = '{"a":1}';
    const hash = createHash("sha256").update(body).digest("hex");
    const input = withBody(unsigned(sampleOf("twilio")), body);
    for (const [query, reason] of [
      [`bodySHA256=${hash}`, "ok"],
      [`a=1&bodySHA256=${hash}`, "ok"],
      [`bodySHA256=${hash}&bodySHA256=${hash}`, "body_hash_mismatch"],
      [`bodySHA256=${hash}&bodySHA256=${"0".repeat(64)}`, "body_hash_mismatch"],
      [`bodySHA256=${hash.toUpperCase()}`, "body_hash_mismatch"],
      ["bodySHA256=", "body_hash_mismatch"],
      ["bodysha256=", "body_hash_missing"],
    ] as const) {
      const url = `https://example.com/in?${query}`;
      const signature = twilio.getExpectedTwilioSignature(secretOf(input), url, {});
      const verdict = verify(at(withHeader(input, "X-Twilio-Signature", signature), url));
      expect([query, verdict.ok ? "ok" : verdict.reason]).toEqual([query, reason]);
    }
  });

  test("a GET has its parameters in the URL and no body", () => {
    const input = withBody(unsigned(sampleOf("twilio")), "");
    const url = "https://example.com/in?CallSid=CA1&CallStatus=ringing";
    const signed = withHeader(input, "X-Twilio-Signature", twilio.getExpectedTwilioSignature(secretOf(input), url, {}));
    const verdict = verify({ ...signed, request: { ...signed.request, method: "GET", url } });
    expect(verdict).toMatchObject({ ok: true, eventId: sampleOf("twilio").eventId });
  });

  test("values of one name count once, sorted, as Twilio's library counts them", () => {
    const body = "b=2&a=3&a=1&a=3&c=%C3%A9";
    const input = withBody(unsigned(sampleOf("twilio")), body);
    const signature = twilio.getExpectedTwilioSignature(secretOf(input), input.request.url, twilioParams(body));
    expect(verify(withHeader(input, "X-Twilio-Signature", signature)).ok).toBe(true);
  });
});
