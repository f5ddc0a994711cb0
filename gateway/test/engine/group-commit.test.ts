import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { GroupCommit, GroupCommitOptions, Submitted } from "../../src/engine/group-commit.ts";
import { createGroupCommit } from "../../src/engine/group-commit.ts";
import type { Committed } from "../../src/store/database.ts";

interface Item {
  readonly id: number;
  readonly keys: readonly string[];
  readonly size: number;
}

/** A transaction that the test ends: the database's part in these tests. */
interface Batch {
  readonly items: readonly Item[];
  end(result: Committed<readonly number[]>): void;
}

type Options = GroupCommitOptions<Item, number>;

const DEADLINE_MS = 2_500;
let elapsedMs = 0;
let batches: Batch[] = [];

const item = (id: number, keys: readonly string[] = [`k${id}`], size = 1): Item => ({ id, keys, size });
const commit = (batch: Batch): void => batch.end({ ok: true, value: batch.items.map((one) => one.id) });
const fail = (batch: Batch, code: string | null, unknown = false): void =>
  batch.end({ ok: false, unknown, code, message: "as told" });

function open(more: Partial<Options> = {}): GroupCommit<Item, number> {
  return createGroupCommit<Item, number>({
    lanes: 1,
    itemsMax: 100,
    bytesMax: 1_000,
    queueItemsMax: 1_000,
    queueBytesMax: 10_000,
    deadlineMs: DEADLINE_MS,
    clock: { now: () => new Date(elapsedMs), monotonicMs: () => elapsedMs },
    sizeOf: (one) => one.size,
    keysOf: (one) => one.keys,
    soon: (step) => step(),
    run: (items) => new Promise((end) => batches.push({ items, end })),
    ...more,
  });
}

/** Moves the clock that the queue reads and its timers together. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10) {
    elapsedMs += Math.min(left, 10);
    await vi.advanceTimersByTimeAsync(Math.min(left, 10));
  }
}

const settled = (): Promise<void> => nextTurn();
const ids = (batch: Batch | undefined): number[] => (batch?.items ?? []).map((one) => one.id);
const done = (value: number): Submitted<number> => ({ ok: true, value });

beforeEach(() => {
  elapsedMs = 1_000;
  batches = [];
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
});

afterEach(() => {
  const left = vi.getTimerCount();
  vi.useRealTimers();
  expect(left, "a timer outlived the last answer").toBe(0);
});

describe("a batch", () => {
  it("starts at once for a lone item", async () => {
    const queue = open();
    const answer = queue.submit(item(1));
    expect(ids(batches[0])).toEqual([1]);
    commit(batches[0]!);
    expect(await answer).toEqual(done(1));
  });

  it("holds everything that came while the lane was busy, and gives each item its own answer", async () => {
    const queue = open();
    const answers = [1, 2, 3, 4].map((id) => queue.submit(item(id)));
    commit(batches[0]!);
    await settled();
    expect(batches.map(ids)).toEqual([[1], [2, 3, 4]]);
    commit(batches[1]!);
    expect(await Promise.all(answers)).toEqual([1, 2, 3, 4].map(done));
  });

  it("keeps to its bounds of items and bytes, and takes one item that is larger than the bound alone", async () => {
    const queue = open({ itemsMax: 2, bytesMax: 10 });
    const answers = [item(1), item(2), item(3), item(4), item(5, ["k5"], 10), item(6, ["k6"], 50)].map(queue.submit);
    for (let at = 0; at < batches.length; at++) {
      commit(batches[at]!);
      await settled();
    }
    expect(batches.map(ids)).toEqual([[1], [2, 3], [4], [5], [6]]);
    await Promise.all(answers);
  });

  it("never holds two items of one key, whatever keys they have, and nobody is lost or answered for another", async () => {
    const keys = fc.subarray(["a", "b", "c", "d", "e"], { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(keys, { minLength: 1, maxLength: 40 }), async (sets) => {
        batches = [];
        const queue = open({ lanes: 2, itemsMax: 5 });
        const answers = sets.map((set, id) => queue.submit(item(id, set)));
        for (let at = 0; at < batches.length; at++) {
          commit(batches[at]!);
          await settled();
        }
        expect(await Promise.all(answers)).toEqual(sets.map((_, id) => done(id)));
        for (const batch of batches) {
          const all = batch.items.flatMap((one) => one.keys);
          expect(new Set(all).size).toBe(all.length);
        }
        expect(batches.flatMap(ids).toSorted((a, b) => a - b)).toEqual(sets.map((_, id) => id));
      }),
      { numRuns: 50 },
    );
  });

  it("runs beside others, up to the number of lanes", () => {
    const queue = open({ lanes: 3 });
    const answers = [1, 2, 3, 4, 5].map((id) => queue.submit(item(id)));
    expect(batches.map(ids)).toEqual([[1], [2], [3]]);
    for (const batch of batches) commit(batch);
    return settled().then(() => {
      for (const batch of batches.slice(3)) commit(batch);
      return Promise.all(answers);
    });
  });
});

describe("an answer", () => {
  it("comes by the deadline although the database never replies", async () => {
    const queue = open();
    const answers = [queue.submit(item(1)), queue.submit(item(2))];
    await pass(DEADLINE_MS + 100);
    expect(await Promise.all(answers)).toEqual(answers.map(() => ({ ok: false, cause: "deadline" })));
    commit(batches[0]!);
    await settled();
  });

  it("names the database when it was the database that failed", async () => {
    const queue = open({ run: () => Promise.resolve({ ok: false, unknown: false, code: "08006", message: "away" }) });
    const answer = queue.submit(item(1));
    await pass(DEADLINE_MS + 100);
    expect(await answer).toEqual({ ok: false, cause: "database" });
  });

  it("is never given for an item whose time passed while it waited, and the item is not recorded after it", async () => {
    const queue = open();
    const answers = [queue.submit(item(1)), queue.submit(item(2))];
    await pass(DEADLINE_MS + 100);
    await Promise.all(answers);
    commit(batches[0]!);
    await settled();
    expect(batches.map(ids)).toEqual([[1]]);
  });

  it("that was given is not taken back: a batch that fails after its deadline is not run again", async () => {
    const queue = open();
    const early = queue.submit(item(1));
    await pass(DEADLINE_MS + 100);
    expect(await early).toEqual({ ok: false, cause: "deadline" });
    fail(batches[0]!, "08006", true);
    await pass(1_000);
    const late = queue.submit(item(2));
    await settled();
    expect(batches.map(ids)).toEqual([[1], [2]]);
    commit(batches[1]!);
    expect(await late).toEqual(done(2));
  });

  it("is queue_full at once when too many items wait, and there is room again after an answer", async () => {
    const queue = open({ queueItemsMax: 2 });
    const answers = [queue.submit(item(1)), queue.submit(item(2))];
    expect(await queue.submit(item(3))).toEqual({ ok: false, cause: "queue_full" });
    commit(batches[0]!);
    await settled();
    const late = queue.submit(item(4));
    for (let at = 1; at < batches.length; at++) {
      commit(batches[at]!);
      await settled();
    }
    expect(await Promise.all([...answers, late])).toEqual([done(1), done(2), done(4)]);
  });

  it("is queue_full when too many bytes wait", async () => {
    const queue = open({ queueBytesMax: 100 });
    const answer = queue.submit(item(1, ["k1"], 60));
    expect(await queue.submit(item(2, ["k2"], 41))).toEqual({ ok: false, cause: "queue_full" });
    commit(batches[0]!);
    await answer;
    const late = queue.submit(item(3, ["k3"], 100));
    await settled();
    commit(batches[1]!);
    expect(await late).toEqual(done(3));
  });
});

describe("a failure", () => {
  it("caused by one item's data is that item's alone: the others of its batch are recorded one by one", async () => {
    const poisoned = (items: readonly Item[]): Committed<readonly number[]> =>
      items.some((one) => one.id === 3)
        ? { ok: false, unknown: false, code: "22P05", message: "no such character" }
        : { ok: true, value: items.map((one) => one.id) };
    const seen: number[][] = [];
    const queue = open({
      run: (items) => {
        seen.push(items.map((one) => one.id));
        return Promise.resolve(poisoned(items));
      },
    });
    const answers = await Promise.all([1, 2, 3, 4].map((id) => queue.submit(item(id))));
    expect(answers).toEqual([done(1), done(2), { ok: false, cause: "database" }, done(4)]);
    expect(seen).toEqual([[1], [2, 3, 4], [2], [3], [4]]);
  });

  it("with unknown outcome is repeated with the very same items, and answered once", async () => {
    const queue = open();
    const sent = [item(1), item(2)];
    const answers = sent.map(queue.submit);
    commit(batches[0]!);
    await settled();
    fail(batches[1]!, "08006", true);
    await settled();
    expect(batches).toHaveLength(2);
    await pass(200);
    expect(batches).toHaveLength(3);
    expect(batches[2]!.items[0]).toBe(sent[1]);
    commit(batches[2]!);
    expect(await Promise.all(answers)).toEqual([done(1), done(2)]);
  });

  it("makes the next try wait, ever longer but never longer than half a second", async () => {
    const tries: number[] = [];
    const queue = open({
      deadlineMs: 10_000,
      run: () => {
        tries.push(elapsedMs);
        return Promise.resolve({ ok: false, unknown: false, code: "57P03", message: "starting up" });
      },
    });
    const answer = queue.submit(item(1));
    await pass(10_100);
    expect(await answer).toEqual({ ok: false, cause: "database" });
    const waits = tries.slice(1).map((at, i) => at - tries[i]!);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...waits)).toBeLessThanOrEqual(560);
    expect(tries.length).toBeLessThan(40);
  });

  it("does not hold up what comes after the database is back", async () => {
    let away = true;
    const queue = open({
      run: (items) =>
        Promise.resolve(
          away
            ? { ok: false, unknown: false, code: null, message: "away" }
            : { ok: true, value: items.map((one) => one.id) },
        ),
    });
    const early = queue.submit(item(1));
    await pass(600);
    away = false;
    const late = queue.submit(item(2));
    await pass(600);
    expect(await Promise.all([early, late])).toEqual([done(1), done(2)]);
  });
});

describe("a drain", () => {
  it("refuses what comes, answers what is inside, then ends", async () => {
    const queue = open();
    const answers = [queue.submit(item(1)), queue.submit(item(2))];
    let ended = false;
    const drained = queue.drain().then(() => {
      ended = true;
    });
    expect(await queue.submit(item(3))).toEqual({ ok: false, cause: "draining" });
    commit(batches[0]!);
    await settled();
    expect(ended).toBe(false);
    commit(batches[1]!);
    await drained;
    expect(await Promise.all(answers)).toEqual([done(1), done(2)]);
  });

  it("of an idle queue ends at once", async () => {
    await expect(open().drain()).resolves.toBeUndefined();
  });
});
