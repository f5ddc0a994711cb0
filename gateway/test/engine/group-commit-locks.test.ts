import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createGroupCommit } from "../../src/engine/group-commit.ts";
import type { Committed } from "../../src/store/database.ts";

interface Batch {
  readonly items: readonly string[];
  end(result: Committed<readonly string[]>): void;
}

let elapsedMs = 0;
let batches: Batch[] = [];

beforeEach(() => {
  elapsedMs = 1_000;
  batches = [];
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
});

afterEach(() => void vi.useRealTimers());

/** Two lanes; each item's first letter is its key. */
function open(deadlineMs: number) {
  return createGroupCommit<string, string>({
    lanes: 2,
    laneItemsMin: 100,
    itemsMax: 100,
    bytesMax: 1_000,
    queueItemsMax: 1_000,
    queueBytesMax: 10_000,
    deadlineMs,
    clock: { now: () => new Date(elapsedMs), monotonicMs: () => elapsedMs },
    sizeOf: () => 1,
    keysOf: (item) => [item[0]!],
    soon: (step) => step(),
    run: (items) => new Promise((end) => batches.push({ items, end })),
  });
}

async function pass(ms: number): Promise<void> {
  elapsedMs += ms;
  await vi.advanceTimersByTimeAsync(ms);
}

async function commit(at: number): Promise<void> {
  batches[at]!.end({ ok: true, value: batches[at]!.items });
  await nextTurn();
}

async function fail(at: number, code: string): Promise<void> {
  batches[at]!.end({ ok: false, unknown: false, code, message: "as told" });
  await nextTurn();
}

const tried = (from = 0): string[] => batches.slice(from).map(({ items }) => items.join(" "));

it.each(["55P03", "40P01"])(
  "a row that somebody locks (%s) holds up its own item alone, which is tried by itself until it is free",
  async (code) => {
    const queue = open(60_000);
    const first = queue.submit("first");
    const locked = queue.submit("locked");
    const other = queue.submit("other");
    await commit(0);
    await fail(1, code);
    await fail(2, code);
    await commit(3);
    expect(tried()).toEqual(["first", "locked other", "locked", "other"]);
    expect(await Promise.all([first, other])).toEqual([
      { ok: true, value: "first" },
      { ok: true, value: "other" },
    ]);
    // It rests first, should the database not wait for the lock at all.
    await pass(50);
    expect(tried(4)).toEqual([]);
    await pass(500);
    expect(tried(4)).toEqual(["locked"]);
    // The other lane goes on meanwhile, also with what has its key.
    const later = queue.submit("later");
    await pass(50);
    expect(tried(5)).toEqual(["later"]);
    await commit(5);
    expect(await later).toEqual({ ok: true, value: "later" });
    expect(queue.load()).toEqual({ items: 1, bytes: 1, oldestMs: 0, isFailing: false });
    await fail(4, code);
    await pass(500);
    expect(tried(6)).toEqual(["locked"]);
    await commit(6);
    expect(await locked).toEqual({ ok: true, value: "locked" });
  },
);

it("of many whose rows are locked one at a time is tried, and by their deadline they are told that it was the database", async () => {
  const queue = open(5_000);
  const answers = ["first", "one", "two"].map((item) => queue.submit(item));
  await commit(0);
  await fail(1, "55P03");
  await fail(2, "55P03");
  await fail(3, "55P03");
  await pass(500);
  expect(tried(4)).toEqual(["one"]);
  const fresh = queue.submit("fresh");
  await pass(50);
  await commit(5);
  await fail(4, "55P03");
  expect(tried(4)).toEqual(["one", "fresh", "two"]);
  expect(await fresh).toEqual({ ok: true, value: "fresh" });
  await pass(5_000);
  const late = { ok: false, cause: "database" };
  expect(await Promise.all(answers)).toEqual([{ ok: true, value: "first" }, late, late]);
  await fail(6, "55P03");
  expect(tried(7)).toEqual([]);
});

it("what is answered while those before it wait for locks is not tried any more", async () => {
  const queue = open(1_000);
  const answers = ["first", "one", "two"].map((item) => queue.submit(item));
  await commit(0);
  await fail(1, "55P03");
  await pass(1_000);
  const late = { ok: false, cause: "database" };
  expect(await Promise.all(answers)).toEqual([{ ok: true, value: "first" }, late, late]);
  await fail(2, "55P03");
  expect(tried()).toEqual(["first", "one two", "one"]);
});
