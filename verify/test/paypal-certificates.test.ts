import { describe, expect, test } from "vitest";
import { signRequest, verify } from "../src/index.ts";
import { certificates } from "./certificates.ts";
import { codedSampleOf } from "./coded-samples.ts";
import { now } from "./samples.ts";

/** The verdict on PayPal's sample, genuinely signed, with the certificate behind this URL. */
function judge(url: string, pem: string = certificates.signer) {
  const { provider, headers, body, signer, receiver } = codedSampleOf("paypal");
  const request = { method: "POST", url: "https://example.com/in/abcdefgh", headers, body: Buffer.from(body) };
  const made = signRequest({ provider, receiver: { ...signer, certificates: { [url]: "" } }, request, now });
  const own = { ...receiver, certificates: { [url]: pem } };
  return verify({ provider, receiver: own, request: { method: "POST", ...made }, now });
}

describe("the certificate of PayPal's signature", () => {
  test.each(["api.paypal.com", "api-m.paypal.com", "api.sandbox.paypal.com", "api-m.sandbox.paypal.com"])(
    "counts on %s",
    (host) =>
      expect(judge(`https://${host}/v1/notifications/certs/CERT-360caa42-fca2a594`)).toMatchObject({ ok: true }),
  );

  test.each([
    "https://www.paypal.com/v1/notifications/certs/CERT-1",
    "https://paypal.com/v1/notifications/certs/CERT-1",
    "https://developer.paypal.com/v1/notifications/certs/CERT-1",
    "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
    "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
    "https://api.paypal.com/v1/notifications/certs/",
    "https://api.paypal.com/v1/notifications/certs/..",
    "https://api.paypal.com/v1/notifications/certs/../../pages/CERT-1",
    "https://api.paypal.com/v1/notifications/certs/..%2f..%2fpages",
    "https://api.paypal.com/v1/notifications/certs/CERT-1?callback=x",
    "https://api.paypal.com/v1/notifications/certs/CERT-1/",
    "https://api.paypal.com/pages/v1/notifications/certs/CERT-1",
    "http://api.paypal.com/v1/notifications/certs/CERT-1",
  ])("does not count at %s", (url) => {
    expect(judge(url)).toMatchObject({ ok: false, reason: "certificate_untrusted" });
  });

  test("does not count in a page, and does with white space before it", () => {
    const url = "https://api.paypal.com/v1/notifications/certs/CERT-1";
    expect(judge(url, `<html>\n${certificates.signer}</html>`)).toMatchObject({ reason: "certificate_untrusted" });
    expect(judge(url, `\n${certificates.signer}`)).toMatchObject({ ok: true });
  });
});
