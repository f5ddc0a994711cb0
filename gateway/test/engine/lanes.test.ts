import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { GroupCommit, GroupCommitOptions } from "../../src/engine/group-commit.ts";
import { createGroupCommit } from "../../src/engine/group-commit.ts";
import { createLanes } from "../../src/engine/lanes.ts";
import type { Committed } from "../../src/store/database.ts";

let elapsedMs = 0;
let batches: { items: readonly number[]; end: (result: Committed<readonly number[]>) => void }[] = [];

function open(own: Partial<GroupCommitOptions<number, number>>): GroupCommit<number, number> {
  return createGroupCommit<number, number>({
    lanes: 2,
    itemsMax: 100,
    bytesMax: 1_000,
    queueItemsMax: 1_000,
    queueBytesMax: 10_000,
    deadlineMs: 2_500,
    clock: { now: () => new Date(elapsedMs), monotonicMs: () => elapsedMs },
    sizeOf: () => 1,
    keysOf: (item) => [String(item)],
    run: (items) => new Promise((end) => batches.push({ items, end })),
    ...own,
  });
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);
const shown = () => batches.map(({ items }) => items);

/** Ends each batch, also those that begin because of it. */
async function commitAll(answers: readonly Promise<unknown>[]): Promise<unknown[]> {
  const answered: unknown[] = [];
  for (const answer of answers) void answer.then((result) => answered.push(result));
  for (let next = 0; answered.length < answers.length; await new Promise(setImmediate))
    for (; next < batches.length; next++) batches[next]!.end({ ok: true, value: batches[next]!.items });
  return Promise.all(answers);
}

beforeEach(() => {
  elapsedMs = 0;
  batches = [];
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
});

afterEach(() => void vi.useRealTimers());

test("a lane opens beside a busy one for enough items, or when the busy one takes long", async () => {
  const queue = open({ lanes: 3, laneItemsMin: 3, soon: (step) => step() });
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
});

test("what comes in one turn of the event loop shares a batch", async () => {
  const queue = open({});
  const answers = upTo(4).map((item) => queue.submit(item));
  expect(shown()).toEqual([]);
  await commitAll(answers);
  expect(shown()).toEqual([[1, 2, 3, 4]]);
});

test("so many that they are a batch by themselves do not wait for the end of the turn", async () => {
  const queue = open({ promptItems: 4, laneItemsMin: 2 });
  const answers = upTo(11).map((item) => queue.submit(item));
  expect(shown()).toEqual([
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ]);
  expect(await commitAll(answers)).toEqual(upTo(11).map((value) => ({ ok: true, value })));
  expect(shown().slice(2)).toEqual([[9, 10, 11]]);
});

test("the more are unanswered, the more make a batch by themselves: a quarter of them", () => {
  const lanes = createLanes({ lanes: 1, promptItems: 4 });
  const isPrompt = (items: number, unanswered: number): boolean => lanes.isPromptFor(items, unanswered);
  expect([isPrompt(3, 3), isPrompt(4, 4), isPrompt(4, 16), isPrompt(4, 17), isPrompt(5, 17)]).toEqual([
    false,
    true,
    true,
    false,
    true,
  ]);
  const leave = lanes.enter(0, false);
  expect(isPrompt(4, 4)).toBe(false);
  leave();
  expect(isPrompt(4, 4)).toBe(true);
});

test("while a pause lasts after a failure, none begins in mid-turn", async () => {
  const queue = open({ promptItems: 2 });
  const answers = upTo(2).map((item) => queue.submit(item));
  batches[0]!.end({ ok: false, unknown: false, code: "57P03", message: "starting up" });
  await new Promise(setImmediate);
  answers.push(...[3, 4].map((item) => queue.submit(item)));
  expect(shown()).toEqual([[1, 2]]);
  elapsedMs += 600;
  answers.push(queue.submit(5));
  expect(shown()).toEqual([
    [1, 2],
    [1, 2, 3, 4, 5],
  ]);
  await commitAll(answers);
});
