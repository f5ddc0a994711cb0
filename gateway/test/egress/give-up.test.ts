import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { createGiveUp, follow } from "../../src/platform/egress/give-up.ts";

it("those who listen are told once, in the order in which they came; whoever was taken out, also by another as it was told, is not", () => {
  const { signal, abort } = createGiveUp();
  const told: string[] = [];
  const third = (): void => void told.push("third");
  const second = (): void => {
    told.push("second");
    signal.removeEventListener("abort", third);
  };
  const gone = (): void => void told.push("gone");
  signal.addEventListener("abort", gone);
  signal.addEventListener("abort", () => told.push("first"));
  signal.addEventListener("abort", second);
  signal.addEventListener("abort", third);
  signal.removeEventListener("abort", gone);
  expect(signal.aborted).toBe(false);
  abort();
  abort();
  expect([signal.aborted, told]).toEqual([true, ["first", "second"]]);
});

it("all who follow a signal share one listener on it; one that has ended, or comes too late, is told as it should be", () => {
  const controller = new AbortController();
  const told: number[] = [];
  const ends = [0, 1, 2, 3].map((n) => follow(controller.signal, () => told.push(n)));
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
  ends[1]!();
  controller.abort();
  expect(told).toEqual([0, 2, 3]);
  follow(controller.signal, () => told.push(4));
  expect(told).toEqual([0, 2, 3, 4]);
});
