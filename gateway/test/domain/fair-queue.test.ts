import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FairQueue } from "../../src/domain/fair-queue.ts";
import {
  RANK_STEP,
  VIRTUAL_TIME_START,
  createFairQueue,
  journalRanks,
  watchHead,
} from "../../src/domain/fair-queue.ts";

interface Waiting {
  readonly lane: string;
  readonly rank: number;
  /** Position in the lane. */
  readonly number: number;
}

/** A queue with its waiting deliveries, claimed as the database does it: the lowest rank first. */
function simulate(queue: FairQueue = createFairQueue()) {
  const waiting: Waiting[] = [];
  const numbers = new Map<string, number>();
  return {
    queue,
    waiting,
    add: (lane: string, weight = 1): Waiting => {
      const number = (numbers.get(lane) ?? 0) + 1;
      numbers.set(lane, number);
      const item = { lane, rank: queue.next(0, lane, weight), number };
      waiting.push(item);
      return item;
    },
    claim: (): Waiting | undefined => {
      const first = waiting.toSorted((a, b) => a.rank - b.rank)[0];
      if (first === undefined) return undefined;
      waiting.splice(waiting.indexOf(first), 1);
      queue.claimed(0, first.rank);
      return first;
    },
  };
}

type Step = { readonly add: string } | { readonly add: null };
const steps = fc.array(
  fc.oneof(fc.record({ add: fc.constantFrom("a", "b", "c", "d") }), fc.constant<Step>({ add: null })),
  { maxLength: 200 },
);

describe("fair lanes", () => {
  it("put the delivery of an idle lane at the head, however much others have waiting", () => {
    fc.assert(
      fc.property(steps, (history) => {
        const line = simulate();
        for (const step of history) {
          if (step.add === null) line.claim();
          else line.add(step.add);
        }
        const newcomer = line.add("idle");
        const before = line.waiting.filter(({ rank }) => rank < newcomer.rank);
        // Nothing that waits has a lower rank: all of those were claimed before the virtual time got there.
        expect(before).toEqual([]);
      }),
    );
  });

  it("share by weight while all have something waiting, to within one delivery of each", () => {
    const weights = fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e"), fc.integer({ min: 1, max: 100 }), {
      minKeys: 2,
    });
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 300 }), (lanes, claims) => {
        const line = simulate();
        for (const [lane, weight] of Object.entries(lanes)) for (let i = 0; i < 310; i++) line.add(lane, weight);
        const served = new Map<string, number>();
        for (let i = 0; i < claims; i++) {
          const { lane } = line.claim()!;
          served.set(lane, (served.get(lane) ?? 0) + 1);
        }
        for (const [a, weightA] of Object.entries(lanes)) {
          for (const [b, weightB] of Object.entries(lanes)) {
            const apart = Math.abs((served.get(a) ?? 0) / weightA - (served.get(b) ?? 0) / weightB);
            expect(apart).toBeLessThanOrEqual(1 / weightA + 1 / weightB + 1e-6);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it("starve nobody: no delivery is passed by more than one of each other lane for each of its own lane before it", () => {
    fc.assert(
      fc.property(steps, (history) => {
        const line = simulate();
        const passedBy = new Map<Waiting, Map<string, number>>();
        const ahead = new Map<Waiting, number>();
        for (const step of history) {
          if (step.add !== null) {
            ahead.set(line.add(step.add), line.waiting.filter(({ lane }) => lane === step.add).length);
            continue;
          }
          const claimed = line.claim();
          for (const left of line.waiting) {
            if (claimed === undefined || claimed.lane === left.lane) continue;
            const counts = passedBy.get(left) ?? new Map<string, number>();
            counts.set(claimed.lane, (counts.get(claimed.lane) ?? 0) + 1);
            passedBy.set(left, counts);
          }
        }
        for (const [item, counts] of passedBy)
          for (const count of counts.values()) expect(count).toBeLessThanOrEqual(ahead.get(item)! + 1);
      }),
    );
  });

  it("save up nothing while they are idle: what comes back shares from now on", () => {
    const line = simulate();
    line.add("back");
    for (let i = 0; i < 100; i++) line.add("busy");
    for (let i = 0; i < 60; i++) line.claim();
    for (let i = 0; i < 40; i++) line.add("back");
    const next = Array.from({ length: 40 }, () => line.claim()!.lane);
    expect(Math.abs(next.filter((lane) => lane === "back").length - 20)).toBeLessThanOrEqual(1);
  });

  it("keep the order inside a lane", () => {
    fc.assert(
      fc.property(steps, (history) => {
        const line = simulate();
        const last = new Map<string, number>();
        for (const step of [...history, ...history.map(() => ({ add: null }))]) {
          if (step.add !== null) line.add(step.add);
          const claimed = step.add === null ? line.claim() : undefined;
          if (claimed === undefined) continue;
          expect(claimed.number).toBeGreaterThan(last.get(claimed.lane) ?? 0);
          last.set(claimed.lane, claimed.number);
        }
      }),
    );
  });

  it("know each priority apart", () => {
    const queue = createFairQueue();
    queue.claimed(1, VIRTUAL_TIME_START + 5 * RANK_STEP);
    expect([queue.next(0, "a"), queue.next(1, "a")]).toEqual([VIRTUAL_TIME_START, VIRTUAL_TIME_START + 5 * RANK_STEP]);
  });
});

describe("a lane whose deliveries have left the queue unserved", () => {
  it("is named when it is very far ahead, and begins where it is put back to, unless it has moved on meanwhile", () => {
    const queue = createFairQueue();
    for (let i = 0; i < 2_000; i++) for (const lane of i < 900 ? ["far", "near"] : ["far"]) queue.next(0, lane);
    const tag = VIRTUAL_TIME_START + 2_000 * RANK_STEP;
    queue.lower(0, "far", tag - RANK_STEP, VIRTUAL_TIME_START);
    expect(queue.farthest(10)).toMatchObject([{ lane: "far", tag }]);
    queue.lower(0, "far", tag, VIRTUAL_TIME_START);
    expect(queue.next(0, "far")).toBe(VIRTUAL_TIME_START);
    // Put back further than the service stands, it still saves up nothing.
    queue.lower(0, "far", VIRTUAL_TIME_START + RANK_STEP, VIRTUAL_TIME_START - 49 * RANK_STEP);
    expect(queue.next(0, "far")).toBe(VIRTUAL_TIME_START);
  });
});

describe("the service", () => {
  it("never goes back, whatever is claimed or heard late, and is told for each priority", () => {
    const queue = createFairQueue();
    queue.claimed(1, VIRTUAL_TIME_START + 9_000);
    queue.claimed(1, VIRTUAL_TIME_START + 4_000);
    queue.merge([{ priority: 1, v: VIRTUAL_TIME_START + 5_000 }], []);
    expect([queue.virtualTime(1), queue.virtualTime(2)]).toEqual([VIRTUAL_TIME_START + 9_000, VIRTUAL_TIME_START]);
    queue.merge([{ priority: 1, v: VIRTUAL_TIME_START + 9_500 }], []);
    expect(queue.next(1, "a")).toBe(VIRTUAL_TIME_START + 9_500);
  });

  it("hears nothing of lanes that it has passed, that nobody knows, or that are gone", () => {
    const queue = createFairQueue();
    queue.claimed(0, VIRTUAL_TIME_START + 5_000);
    queue.merge([], [{ priority: 0, lane: "a", tag: VIRTUAL_TIME_START + 5_000 }]);
    queue.lower(0, "nobody", 1, 0);
    queue.returnMoves([{ priority: 0, lane: "nobody", tag: 1, base: 1, added: 1 }]);
    expect(queue.takeMoves(10)).toEqual([]);
    expect(queue.next(0, "a")).toBe(VIRTUAL_TIME_START + 5_000);
  });

  it("names the lanes that are very far ahead, the furthest first, and no more than was asked for", () => {
    const queue = createFairQueue();
    const lanes = { near: 999, just: 1_000, far: 1_500, farther: 1_200 };
    for (const [lane, count] of Object.entries(lanes)) for (let i = 0; i < count; i++) queue.next(0, lane);
    expect(queue.farthest(10).map(({ lane }) => lane)).toEqual(["far", "farther", "just"]);
    expect(queue.farthest(2).map(({ lane }) => lane)).toEqual(["far", "farther"]);
    // How far ahead is counted from where its own class stands.
    queue.claimed(1, VIRTUAL_TIME_START + 9_000 * RANK_STEP);
    for (let i = 0; i < 1_100; i++) queue.next(1, "urgent");
    expect(queue.farthest(10).map(({ lane }) => lane)).toEqual(["far", "farther", "urgent", "just"]);
  });

  it("forgets those that are not ahead first when there is no room for another", () => {
    for (const lanes of [
      ["behind", "ahead", "also behind"],
      ["ahead", "behind", "also behind"],
    ]) {
      const queue = createFairQueue(3);
      for (const lane of lanes) for (let i = 0; i < (lane === "ahead" ? 5 : 1); i++) queue.next(0, lane);
      queue.claimed(0, VIRTUAL_TIME_START + RANK_STEP);
      queue.next(0, "new");
      expect(queue.next(0, "ahead")).toBe(VIRTUAL_TIME_START + 5 * RANK_STEP);
    }
  });
});

describe("fair lanes of several processes", () => {
  const claimed = VIRTUAL_TIME_START;

  it("move a lane on by what each of them added, once they have met", () => {
    const [one, two] = [createFairQueue(), createFairQueue()];
    for (let i = 0; i < 20; i++) one.next(0, "a");
    for (let i = 0; i < 30; i++) two.next(0, "a");
    // As the table does it: the row's tag and the base, whichever is later, plus what was added.
    let tag = 0;
    for (const queue of [one, two]) {
      const [move] = queue.takeMoves(10);
      tag = Math.max(Math.max(tag, move!.base) + move!.added, move!.tag);
      queue.merge([], [{ priority: 0, lane: "a", tag }]);
    }
    expect(tag).toBe(claimed + 50 * RANK_STEP);
    expect(two.next(0, "a")).toBe(tag);
    one.merge([], [{ priority: 0, lane: "a", tag }]);
    expect(one.next(0, "a")).toBe(tag);
  });

  it("add what they have not told yet to what they hear, and tell from where a lane was put back to", () => {
    const queue = createFairQueue();
    for (let i = 0; i < 20; i++) queue.next(0, "a");
    queue.merge([], [{ priority: 0, lane: "a", tag: claimed + 30 * RANK_STEP }]);
    expect(queue.next(0, "a")).toBe(claimed + 50 * RANK_STEP);
    queue.lower(0, "a", claimed + 51 * RANK_STEP, claimed + 26 * RANK_STEP);
    expect(queue.takeMoves(10)).toMatchObject([{ base: claimed + 26 * RANK_STEP, tag: claimed + 26 * RANK_STEP }]);
  });

  it("tell a move again when nobody heard it, and once only when somebody did", () => {
    const queue = createFairQueue();
    for (let i = 0; i < 20; i++) queue.next(0, "a");
    const moves = queue.takeMoves(10);
    expect(moves).toEqual([
      { priority: 0, lane: "a", tag: claimed + 20 * RANK_STEP, base: claimed, added: 20 * RANK_STEP },
    ]);
    queue.returnMoves(moves);
    expect(queue.takeMoves(10)).toEqual(moves);
    for (let i = 0; i < 10; i++) queue.next(0, "a", 2);
    expect(queue.takeMoves(10)).toMatchObject([{ base: claimed + 20 * RANK_STEP, added: 5 * RANK_STEP }]);
    expect(queue.takeMoves(10)).toEqual([]);
  });

  it("tell nothing of lanes that are hardly ahead, and no more than was asked for", () => {
    const queue = createFairQueue();
    for (let i = 0; i < 100; i++) queue.next(0, `quiet-${i}`);
    for (let i = 0; i < 20; i++) for (const lane of ["a", "b", "b", "c"]) queue.next(0, lane);
    expect(queue.takeMoves(1).map(({ lane }) => lane)).toEqual(["b"]);
    expect(queue.takeMoves(10).map(({ lane }) => lane)).toEqual(["a", "c"]);
  });

  it("forget lanes that are not ahead, and stay within their bound when all are", () => {
    const queue = createFairQueue(10);
    for (let i = 0; i < 1_000; i++) queue.next(0, `lane-${i}`);
    expect(queue.next(0, "lane-999")).toBe(claimed + RANK_STEP);
    expect(queue.next(0, "lane-0")).toBe(claimed);
    queue.claimed(0, claimed + 100 * RANK_STEP);
    expect(queue.takeMoves(10)).toEqual([]);
    expect(queue.next(0, "lane-999")).toBe(claimed + 100 * RANK_STEP);
  });
});

it("ranks a lane as before once what it ranked is given back, and tells the others nothing of it", () => {
  const queue = createFairQueue();
  const first = queue.next(1, "busy");
  const ranks = journalRanks(queue);
  for (let i = 0; i < 40; i++) ranks.next(1, "busy", 2);
  for (let i = 0; i < 40; i++) ranks.next(1, "idle");
  ranks.giveBackAll();
  ranks.giveBackAll();
  expect(queue.takeMoves(10)).toEqual([]);
  expect([queue.next(1, "busy"), queue.next(1, "idle")]).toEqual([first + RANK_STEP, first]);
});

it("tells whether a lane had nothing waiting, or one, while others are served, and says so of no lane that is further ahead", () => {
  const queue = createFairQueue();
  const isQuiet = (lane: string): boolean => {
    const seen = { quiet: 0 };
    watchHead(queue, seen).next(0, lane, 1);
    return seen.quiet > 0;
  };
  expect(["flood", "flood", "flood", "quiet", "flood"].map(isQuiet)).toEqual([true, true, false, true, false]);
  queue.claimed(0, VIRTUAL_TIME_START + RANK_STEP);
  expect(["quiet", "quiet", "quiet", "flood"].map(isQuiet)).toEqual([true, true, false, false]);
  // The only lane of its class: where it is served, its next one comes a step after the last.
  queue.next(1, "urgent", 1);
  queue.claimed(1, VIRTUAL_TIME_START);
  const seen = { quiet: 0 };
  watchHead(queue, seen).next(1, "urgent", 1);
  expect(seen.quiet).toBe(1);
});
