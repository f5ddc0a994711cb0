import { expect, it } from "vitest";
import { describeHeld, describeReason } from "../src/screens/queue-words.ts";

const limits = { gate: null, concurrency: null, ratePerSec: null };

it("says of a destination that its file has dropped that it is to be declared again, not to be mended", () => {
  for (const state of ["paused", "disabled"]) {
    expect(describeHeld(`destination_${state}`, { ...limits, stateReason: "not_declared" })).toEqual({
      why: `it is ${state} (the configuration file does not declare it any more)`,
      remedy: "Declare it again and apply the file; what is held follows in order.",
    });
  }
});

it("leaves the words of whoever paused a destination as they are", () => {
  expect(describeHeld("destination_paused", { ...limits, stateReason: "deploy of the ledger" })).toEqual({
    why: "it is paused (deploy of the ledger)",
    remedy: "Resume the destination; what is held follows in order.",
  });
  expect([describeReason("deploy of the ledger"), describeReason(null)]).toEqual([null, null]);
});
