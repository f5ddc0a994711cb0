import { expect, it } from "vitest";
import { createAttempts } from "../../src/engine/attempts.ts";
import type { Settlement } from "../../src/pipeline/settle.ts";
import type { WorkDeps } from "../../src/pipeline/work.ts";
import { silentLog } from "../../src/platform/log.ts";

/** One slot, for deliveries whose destination nobody knows: an attempt that has begun asks for it, and never hears. */
function openSlot() {
  let nowMs = 0;
  const begun = { attempts: 0 };
  const settled: Settlement[] = [];
  const deps = {
    clock: { now: () => new Date(nowMs), monotonicMs: () => nowMs },
    databaseNow: () => new Date(nowMs),
    random: Buffer.alloc,
    catalog: () => ({ findDestination: () => null }),
    refreshCatalog: () => {
      begun.attempts++;
      return new Promise(() => {});
    },
    settle: async (settlement: Settlement) => {
      settled.push(settlement);
      return "settled";
    },
    observe: () => {},
  } as unknown as WorkDeps;
  const options = { concurrency: 1, log: silentLog, onRoom: () => {}, isShared: () => false };
  const attempts = createAttempts(deps, options);
  return {
    attempts,
    begun,
    lease: (id: string): void => {
      const delivery = { id, bucket: 5, destinationId: "app", priority: 2, lane: "" } as Parameters<
        typeof attempts.take
      >[0];
      attempts.add({ delivery, event: "gone" }, attempts.take(delivery, 0));
    },
    /** What was given back; nothing else is ever settled here. */
    returned: () => {
      for (const { attempt, decision } of settled) expect([attempt, decision]).toEqual([null, { to: "ready" }]);
      return settled.map(({ delivery }) => delivery.id);
    },
    pass: (ms: number): void => {
      nowMs += ms;
    },
  };
}

it("begins nothing from the drain on: what is leased ahead is given back, and so is what a claim under way brings", async () => {
  const { attempts, begun, lease, returned } = openSlot();
  for (const id of ["tried", "ahead", "ahead too"]) lease(id);
  expect([begun.attempts, returned()]).toEqual([1, []]);
  attempts.drain();
  lease("claimed late");
  expect(returned().toSorted()).toEqual(["ahead", "ahead too", "claimed late"]);
  expect(begun.attempts).toBe(1);
});

it("gives back what has waited a second for a slot, and nothing that has waited less", async () => {
  const { attempts, begun, lease, returned, pass } = openSlot();
  for (const id of ["tried", "first"]) lease(id);
  pass(1);
  lease("second");
  pass(998);
  attempts.returnLate();
  expect(returned()).toEqual([]);
  pass(1);
  attempts.returnLate();
  expect(returned()).toEqual(["first"]);
  pass(1);
  attempts.returnLate();
  expect([begun.attempts, returned()]).toEqual([1, ["first", "second"]]);
});
