import { expect, test, vi } from "vitest";
import { createGroupCommit } from "../../src/engine/group-commit.ts";
import type { Committed } from "../../src/store/database.ts";

test("a lane opens beside a busy one for enough items, or when the busy one takes long", async () => {
  vi.useFakeTimers();
  let elapsedMs = 0;
  const batches: { items: readonly number[]; end: (result: Committed<readonly number[]>) => void }[] = [];
  const queue = createGroupCommit<number, number>({
    lanes: 3,
    laneItemsMin: 3,
    itemsMax: 100,
    bytesMax: 1_000,
    queueItemsMax: 1_000,
    queueBytesMax: 10_000,
    deadlineMs: 2_500,
    clock: { now: () => new Date(elapsedMs), monotonicMs: () => elapsedMs },
    sizeOf: () => 1,
    keysOf: (item) => [String(item)],
    soon: (step) => step(),
    run: (items) => new Promise((end) => batches.push({ items, end })),
  });
  const shown = () => batches.map(({ items }) => items);
  const answers = [1, 2, 3].map((item) => queue.submit(item));
  expect(shown()).toEqual([[1]]);
  answers.push(queue.submit(4));
  expect(shown()).toEqual([[1], [2, 3, 4]]);
  answers.push(queue.submit(5));
  elapsedMs += 60;
  await vi.advanceTimersByTimeAsync(60);
  expect(shown()).toEqual([[1], [2, 3, 4], [5]]);
  for (const { items, end } of batches) end({ ok: true, value: items });
  expect(await Promise.all(answers)).toEqual([1, 2, 3, 4, 5].map((value) => ({ ok: true, value })));
  vi.useRealTimers();
});

test("what comes in one turn of the event loop shares a batch", async () => {
  const batches: (readonly number[])[] = [];
  const queue = createGroupCommit<number, number>({
    lanes: 2,
    itemsMax: 100,
    bytesMax: 1_000,
    queueItemsMax: 1_000,
    queueBytesMax: 10_000,
    deadlineMs: 2_500,
    clock: { now: () => new Date(), monotonicMs: () => performance.now() },
    sizeOf: () => 1,
    keysOf: (item) => [String(item)],
    run: (items) => {
      batches.push(items);
      return Promise.resolve({ ok: true, value: items });
    },
  });
  await Promise.all([1, 2, 3, 4].map((item) => queue.submit(item)));
  expect(batches).toEqual([[1, 2, 3, 4]]);
  await queue.drain();
});
