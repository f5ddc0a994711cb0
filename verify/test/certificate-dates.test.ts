import { expect, test } from "vitest";
import { verify } from "../src/index.ts";
import { codedSampleOf, sent } from "./coded-samples.ts";
import { datedChain } from "./dated-chain.ts";

const { root, rootExpired, intermediate, intermediateExpired, signer } = datedChain;
const sns = sent(codedSampleOf("aws-sns"));
const { SigningCertURL: url = "" } = JSON.parse(Buffer.from(sns.request.body).toString()) as Record<string, string>;

/** The verdict on SNS's sample, with these certificates behind the URL that it names and this root. */
function judge(above: string, trustedRoot: string) {
  const receiver = { ...sns.receiver, certificates: { [url]: signer + above }, trustedRoots: [trustedRoot] };
  return verify({ ...sns, receiver });
}

test("a signature counts that leads over an intermediate to a root, all in date", () => {
  expect(judge(intermediate, root)).toMatchObject({ ok: true });
  expect(judge("", root)).toMatchObject({ reason: "certificate_untrusted" });
});

test.each([
  ["a root", intermediate, rootExpired, "its root is out of date"],
  ["an intermediate", intermediateExpired, root, "a certificate above it is out of date"],
])("%s that is out of date is no trust, whatever is below it", (_what, above, trustedRoot, fault) => {
  expect(judge(above, trustedRoot)).toMatchObject({
    ok: false,
    reason: "certificate_untrusted",
    diagnosis: { summary: expect.stringContaining(fault) },
  });
});
