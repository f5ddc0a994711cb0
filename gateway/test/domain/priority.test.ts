import { expect, it } from "vitest";
import { PRIORITIES, toPriority, toPriorityNumber } from "../../src/domain/priority.ts";

it("the more urgent class has the lower number, and each reads back", () => {
  expect(PRIORITIES.map(toPriorityNumber)).toEqual([0, 1, 2, 3]);
  expect(PRIORITIES.map((priority) => toPriority(toPriorityNumber(priority)))).toEqual([...PRIORITIES]);
});

it("a number that is no class, as a later version might store it, counts as normal", () => {
  expect(toPriority(9)).toBe("normal");
});
