import { expect, it } from "vitest";
import { noticesDue } from "../../src/domain/failure-stretch.ts";

const HOUR = 3_600_000;
const firstAt = new Date("2026-11-01T00:00:00Z");
const after = (hours: number): Date => new Date(firstAt.getTime() + hours * HOUR);
const due = (hours: number, lastHours = hours) => noticesDue({ firstAt, lastAt: after(lastHours) }, after(hours));

it("notices are due after one day and three, and the end after five", () => {
  expect(due(23)).toEqual([]);
  expect(due(24)).toEqual(["failing_1_day"]);
  expect(due(72)).toEqual(["failing_1_day", "failing_3_days"]);
  expect(due(119)).not.toContain("disabled");
  expect(due(120)).toEqual(["failing_1_day", "failing_3_days", "disabled"]);
});

it("failures that all fell into one short time never disable a destination, however long ago they were", () => {
  expect(due(240, 11.9)).not.toContain("disabled");
  expect(due(240, 12)).toContain("disabled");
});
