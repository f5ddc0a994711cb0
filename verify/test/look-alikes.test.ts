import { describe, expect, test } from "vitest";
import { verify } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";
import { sampleOf, signed, unsigned, withBody, withHeader } from "./samples.ts";

/** A sample with other headers and another body, signed so many seconds after the clock of the samples. */
function arrivalOf(
  provider: string,
  change: { readonly headers?: Record<string, string>; readonly body?: string; readonly laterMs?: number },
): VerifyInput {
  const sample = sampleOf(provider);
  let input = withBody(unsigned(sample), change.body ?? sample.body);
  for (const [name, value] of Object.entries(change.headers ?? {})) input = withHeader(input, name, value);
  return signed({ ...input, now: new Date(input.now.getTime() + (change.laterMs ?? 0)) }, sample.signer);
}

/** All that the ledger would know it by. */
function keysOf(input: VerifyInput): string[] {
  const verdict = verify(input);
  if (!verdict.ok) throw new Error(JSON.stringify(verdict));
  const { eventKey, contentKey } = verdict;
  return [eventKey, ...(contentKey === null ? [] : [contentKey])].map((key) => Buffer.from(key).toString());
}

function expectTwoEvents(first: VerifyInput, second: VerifyInput): void {
  const known = keysOf(first);
  expect(keysOf(second).filter((key) => known.includes(key))).toEqual([]);
}

function expectOneEvent(first: VerifyInput, second: VerifyInput): void {
  const known = keysOf(first);
  expect(keysOf(second).some((key) => known.includes(key))).toBe(true);
}

describe("WooCommerce, whose delivery id is that of one webhook's second", () => {
  const headers = { "X-WC-Webhook-Delivery-ID": "5f0e", "X-WC-Webhook-Topic": "order.updated" };
  const first = arrivalOf("woocommerce", { headers, body: '{"id":1}' });

  test("orders that change in the same second are events of their own", () => {
    expectTwoEvents(first, arrivalOf("woocommerce", { headers, body: '{"id":2}' }));
  });

  test("the same order in the same words in another second, or under another topic, is an event of its own", () => {
    for (const change of [{ "X-WC-Webhook-Delivery-ID": "60aa" }, { "X-WC-Webhook-Topic": "order.created" }])
      expectTwoEvents(first, arrivalOf("woocommerce", { headers: { ...headers, ...change }, body: '{"id":1}' }));
  });

  test("one request that comes twice is one event", () => {
    expectOneEvent(first, arrivalOf("woocommerce", { headers, body: '{"id":1}' }));
  });
});
