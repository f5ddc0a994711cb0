import { expect } from "vitest";
import { verify } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";

/** All that the ledger would know it by. */
export function keysOf(input: VerifyInput): string[] {
  const verdict = verify(input);
  if (!verdict.ok) throw new Error(JSON.stringify(verdict));
  const { eventKey, contentKey } = verdict;
  return [eventKey, ...(contentKey === null ? [] : [contentKey])].map((key) => Buffer.from(key).toString());
}

/** Neither is taken for the other. */
export function expectTwoEvents(first: VerifyInput, second: VerifyInput): void {
  const known = keysOf(first);
  expect(keysOf(second).filter((key) => known.includes(key))).toEqual([]);
}

/** The second is taken for the first. */
export function expectOneEvent(first: VerifyInput, second: VerifyInput): void {
  const known = keysOf(first);
  expect(keysOf(second).some((key) => known.includes(key))).toBe(true);
}
