import { describe, expect, it } from "vitest";
import type { DeliveryState } from "../../src/domain/delivery.ts";
import { FINISHED_STATES, LEGAL_MOVES, UNFINISHED_STATES } from "../../src/domain/delivery.ts";

const exits = (state: DeliveryState | null) => LEGAL_MOVES.filter((move) => move.from === state).map((move) => move.to);

function reachableFrom(start: DeliveryState | null): Set<DeliveryState> {
  const seen = new Set<DeliveryState>();
  const open = exits(start);
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (seen.has(state)) continue;
    seen.add(state);
    open.push(...exits(state));
  }
  return seen;
}

describe("the states of a delivery", () => {
  it("are all reached from a recorded event", () => {
    expect([...reachableFrom(null)].toSorted()).toEqual([...UNFINISHED_STATES, ...FINISHED_STATES].toSorted());
  });

  it("finished ones have no exit: a replay or a retry of a dead letter is a new delivery", () => {
    for (const state of FINISHED_STATES) expect([state, exits(state)]).toEqual([state, []]);
  });

  it("unfinished ones can all still be processed and can all still die", () => {
    for (const state of UNFINISHED_STATES) {
      for (const end of FINISHED_STATES) expect([state, reachableFrom(state).has(end)]).toEqual([state, true]);
    }
  });

  it("only a leased delivery can finish", () => {
    const finishing = LEGAL_MOVES.filter((move) => FINISHED_STATES.some((state) => state === move.to));
    expect(new Set(finishing.map((move) => move.from))).toEqual(new Set(["leased"]));
  });

  it("no move is listed twice", () => {
    const moves = LEGAL_MOVES.map((move) => `${move.from} ${move.to} ${move.by}`);
    expect(new Set(moves).size).toBe(moves.length);
  });
});
