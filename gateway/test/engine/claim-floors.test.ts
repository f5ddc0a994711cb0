import { expect, it } from "vitest";
import { createClaimFloors } from "../../src/engine/claim-floors.ts";

const HEAD = null;

function openFloors(countDead: () => Promise<number>) {
  const state = { nowMs: 5_000, stand: [10, 20, 30, 40] };
  const claimed: string[] = [];
  const floors = createClaimFloors({
    clock: { now: () => new Date(state.nowMs), monotonicMs: () => state.nowMs },
    db: { run: async () => ({ rows: [{ dead: await countDead() }] }) as never },
    ranks: {
      virtualTime: (priority) => state.stand[priority]!,
      claimed: (priority, rank) => void claimed.push(`${priority} ${rank}`),
    },
  });
  return {
    floors,
    claimed,
    pass: (ms: number) => (state.nowMs += ms),
    serve: (...stand: number[]) => (state.stand = stand),
    /** A claim that is answered after so long with these ranks of the class `normal`; where it began. */
    claim: async (tookMs: number, ranks: readonly number[] = []) => {
      const from = floors.claimFloors();
      state.nowMs += tookMs;
      floors.onClaimed({ from, found: ranks.map((rank) => ({ priority: 2, rank })), tookMs });
      // The count of what is dead is asked for without being waited for.
      await new Promise(setImmediate);
      return from;
    },
  };
}

const many = async (): Promise<number> => 100_000;

it("begins at the head while claims are as fast as their size allows, however much is dead", async () => {
  const { claim, pass } = openFloors(many);
  pass(2_000);
  const ranks = Array.from({ length: 500 }, () => 1);
  for (let i = 0; i < 3; i++) expect(await claim(60, ranks)).toBe(HEAD);
  expect(await claim(10)).toBe(HEAD);
  expect(await claim(10)).toBe(HEAD);
});

it("begins at the head while claims are slow and little is dead, or nobody can tell, and asks once a second", async () => {
  for (const answer of [async () => 99_999, () => Promise.reject(new Error("away"))]) {
    let asked = 0;
    const { claim, pass } = openFloors(() => (asked++, answer()));
    pass(2_000);
    for (let i = 0; i < 10; i++) expect(await claim(100)).toBe(HEAD);
    expect(asked).toBe(1);
    await claim(100);
    expect(asked).toBe(2);
  }
});

it("begins where the service stood a second ago or more, once a claim was slow and much is dead", async () => {
  const { claim, pass, serve } = openFloors(many);
  serve(11, 21, 31, 41);
  pass(1_000);
  expect(await claim(100, [31])).toBe(HEAD);
  serve(12, 22, 32, 42);
  expect(await claim(1, [32])).toEqual([10, 20, 30, 40]);
  pass(998);
  expect(await claim(1)).toEqual([10, 20, 30, 40]);
  expect(await claim(1)).toEqual([11, 21, 31, 41]);
});

it("begins no higher than what the last claim from the head has found in a class", async () => {
  const { claim, pass, serve } = openFloors(many);
  serve(1_000, 1_000, 1_000, 1_000);
  pass(1_000);
  await claim(30, [7, 5, 9]);
  expect(await claim(1)).toEqual([10, 20, 5, 40]);
});

it("begins at the head again after twenty times as long as that took, a second at least and five at most", async () => {
  for (const [tookMs, restMs] of [
    [30, 970],
    [100, 1_900],
    [900, 4_100],
  ] as const) {
    const { claim, pass } = openFloors(many);
    pass(2_000);
    expect(await claim(tookMs)).toBe(HEAD);
    pass(restMs - 1);
    expect(await claim(0)).not.toBe(HEAD);
    pass(1);
    expect(await claim(tookMs)).toBe(HEAD);
  }
});

it("lets one claim at a time begin at the head meanwhile", async () => {
  const { floors, claim, pass } = openFloors(many);
  pass(2_000);
  await claim(400);
  pass(8_000);
  expect([floors.claimFloors(), floors.claimFloors()]).toEqual([HEAD, [10, 20, 30, 40]]);
});

it("tells the queue of each rank that was claimed, wherever the claim began", async () => {
  const { claim, claimed, pass } = openFloors(many);
  pass(2_000);
  await claim(30, [5, 6]);
  expect(await claim(1, [7])).not.toBe(HEAD);
  expect(claimed).toEqual(["2 5", "2 6", "2 7"]);
});

it("begins at the head for good when that is fast again: what was dead is cleared away", async () => {
  const { claim, pass } = openFloors(many);
  pass(2_000);
  await claim(30);
  expect(await claim(1)).not.toBe(HEAD);
  pass(1_000);
  expect(await claim(3)).toBe(HEAD);
  expect(await claim(3)).toBe(HEAD);
});
