import { expect, it } from "vitest";
import { heldLane, isHeldLane, laneOf, retriedLane, retryLane } from "../../src/domain/lane.ts";

const DESTINATION = "0199f0c8-7c3e-7abc-8def-0123456789ab";

it("is the tenant's own, or one for each value that is told apart in it", () => {
  expect(laneOf("acme", null)).toBe("acme");
  expect(laneOf("acme", "")).toBe("acme");
  expect(laneOf("acme", "cus_1")).toBe("acme/cus_1");
});

it("of retries says whose they are, and no other lane does", () => {
  expect(retryLane("acme/cus_1")).toBe("retry:acme/cus_1");
  expect(retriedLane("retry:acme/cus_1")).toBe("acme/cus_1");
  expect(retriedLane("acme/retry:")).toBeNull();
});

it("of what is held begins with its destination, and no other lane is taken for one", () => {
  expect(heldLane(DESTINATION, "acme")).toBe(`${DESTINATION} acme`);
  expect(isHeldLane(heldLane(DESTINATION, "acme"))).toBe(true);
  for (const lane of ["acme", `x${DESTINATION} acme`, `${DESTINATION}acme`, "a acme", `${"z".repeat(36)} acme`])
    expect(isHeldLane(lane), lane).toBe(false);
});
