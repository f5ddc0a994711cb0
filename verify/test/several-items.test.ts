import { expect, test } from "vitest";
import { verify } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";
import { codedSampleOf, sent } from "./coded-samples.ts";
import { withBody } from "./samples.ts";

/** A provider's own request with two items: its sample's, and that one with `from` made `to`. */
function twoItems(provider: string, changes: readonly (readonly [from: string, to: string])[]): VerifyInput {
  const sample = codedSampleOf(provider);
  const item = sample.body.slice(sample.body.indexOf("[") + 1, sample.body.lastIndexOf("]"));
  const second = changes.reduce((text, [from, to]) => text.replace(from, to), item);
  expect(second).not.toBe(item);
  const input = sent({ ...sample, body: sample.body.replace(item, `${item},${second}`) });
  expect(verify(input)).toMatchObject({ ok: true });
  return input;
}

/** The request with the n-th (from 0) of what fits put otherwise. */
function altered(input: VerifyInput, at: number, pattern: RegExp, to: string): VerifyInput {
  const text = Buffer.from(input.request.body).toString();
  const found = [...text.matchAll(pattern)];
  expect(found).toHaveLength(2);
  const { index, 0: from } = found[at]!;
  return withBody(input, text.slice(0, index) + to + text.slice(index + from.length));
}

const adyen = twoItems("adyen", [["7914073381342284", "8815073381342285"]]);
const SIGNATURE = /"hmacSignature":"[^"]+"/g;

test.each([0, 1])("Adyen: with two items, an altered one is refused whichever it is: %i", (at) => {
  expect(verify(altered(adyen, at, /"value":1130/g, '"value":1131'))).toMatchObject({
    ok: false,
    reason: "signature_mismatch",
  });
});

test.each([0, 1])("Adyen: with two items, each needs a signature, and its own: %i", (at) => {
  expect(verify(altered(adyen, at, SIGNATURE, '"other":""'))).toMatchObject({ ok: false, reason: "body_malformed" });
  const others = [...Buffer.from(adyen.request.body).toString().matchAll(SIGNATURE)][1 - at]![0];
  expect(verify(altered(adyen, at, SIGNATURE, others))).toMatchObject({ ok: false, reason: "signature_mismatch" });
});

const graph = twoItems("microsoft-graph", [["mg1", "mg2"]]);
const STATE = /"clientState":"[^"]+"/g;

test.each([0, 1])("Microsoft Graph: with two items, each must hold the client state: %i", (at) => {
  const wrong = altered(graph, at, STATE, '"clientState":"of-somebody-else-entirely"');
  expect(verify(wrong)).toMatchObject({ ok: false, reason: "token_mismatch" });
  expect(verify(altered(graph, at, STATE, '"other":""'))).toMatchObject({ ok: false, reason: "body_malformed" });
});
