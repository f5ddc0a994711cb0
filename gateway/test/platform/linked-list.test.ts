import { expect, it } from "vitest";
import type { Linked } from "../../src/platform/linked-list.ts";
import { createLinkedList } from "../../src/platform/linked-list.ts";
import { measureLeft } from "../support/old-generation.ts";

interface Named extends Linked<Named> {
  readonly name: string;
}

const made = (name: string): Named => ({ name, before: null, after: null });

function listOf(names: string) {
  const list = createLinkedList<Named>();
  const all = [...names].map(made);
  for (const one of all) list.add(one);
  return { list, all, names: () => [...list].map(({ name }) => name).join("") };
}

it.each([
  ["abc", 0, "bc"],
  ["abc", 1, "ac"],
  ["abc", 2, "ab"],
  ["a", 0, ""],
])("%s without its %i is %s, and what was taken out refers to nothing", (before, at, after) => {
  const { list, all, names } = listOf(before);
  expect(list.delete(all[at]!)).toBe(true);
  expect([names(), list.size, list.first?.name ?? ""]).toEqual([after, after.length, after[0] ?? ""]);
  expect(all[at]).toEqual(made(before[at]!));
  expect([list.delete(all[at]!), list.size]).toEqual([false, after.length]);
  list.add(all[at]!);
  expect(names()).toBe(after + before[at]!);
});

it("may lose the one at hand while somebody goes through it", () => {
  const { list, names } = listOf("abcd");
  const seen = [];
  for (const one of list) {
    seen.push(one.name);
    list.delete(one);
  }
  expect([seen.join(""), names(), list.size, list.first]).toEqual(["abcd", "", 0, null]);
});

const PAYLOAD_BYTES = 3_200;

/** One that comes, and goes when 64 others have come. */
function passing(add: (one: Named) => void, remove: (one: Named) => void): () => void {
  const open: Named[] = [];
  return () => {
    const payload = Array.from({ length: PAYLOAD_BYTES / 8 }, () => Math.random());
    const one = Object.assign(made("one"), { payload });
    add(one);
    open.push(one);
    if (open.length > 64) remove(open.shift()!);
  };
}

it("leaves next to nothing in the old generation of what comes and goes, though it is old itself; a set leaves much", async () => {
  const list = createLinkedList<Named>();
  const set = new Set<Named>();
  const inList = passing(list.add, list.delete);
  const inSet = passing(
    (one) => set.add(one),
    (one) => set.delete(one),
  );
  expect(await measureLeft(20_000, inList)).toBeLessThan(PAYLOAD_BYTES / 20);
  // What the list is for: where an engine's sets leave nothing either, it may go.
  expect(await measureLeft(20_000, inSet)).toBeGreaterThan(PAYLOAD_BYTES / 10);
});
