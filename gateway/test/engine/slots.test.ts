import { expect, it } from "vitest";
import { createSlots } from "../../src/engine/slots.ts";

function openSlots() {
  let nowMs = 0;
  const slots = createSlots(() => nowMs);
  const take = (destinationId: string, count: number) => Array.from({ length: count }, () => slots.take(destinationId));
  return { slots, take, pass: (ms: number) => (nowMs += ms) };
}

it("quick attempts hold a slot each, and old ones half of the slots at most", () => {
  const { slots, take, pass } = openSlots();
  const hanging = take("slow", 64);
  expect(slots.free(64, 256)).toBe(0);
  pass(1_000);
  expect(slots.free(64, 256)).toBe(32);
  take("quick", 32);
  expect(slots.free(64, 256)).toBe(0);
  for (const slot of hanging) slots.leave(slot);
  expect([slots.inUse(), slots.free(64, 256)]).toEqual([32, 32]);
});

it("with old ones there are never more under way than the bound", () => {
  const { slots, take, pass } = openSlots();
  for (let i = 0; i < 40; i++) {
    take(`slow ${i}`, slots.free(64, 256));
    pass(1_000);
  }
  expect(slots.inUse()).toBe(256);
  expect(slots.free(64, 256)).toBe(0);
});

it("an attempt that has ended gives its slot to the next while it is settled, up to the bound", () => {
  const { slots, take } = openSlots();
  for (let round = 0; round < 4; round++) for (const slot of take("quick", slots.free(64, 256))) slots.settle(slot);
  expect([slots.inUse(), slots.free(64, 256)]).toEqual([256, 0]);
  const [first] = take("quick", 1);
  slots.settle(first!);
  slots.leave(first!);
  expect(slots.free(64, 257)).toBe(1);
});

it("what is being settled makes no destination slow", () => {
  const { slots, take, pass } = openSlots();
  for (const slot of take("quick", 32)) slots.settle(slot);
  pass(60_000);
  expect(slots.findSlow(64, () => true)).toBeNull();
});

it("a worker with one slot stays a worker with one slot", () => {
  const { slots, take, pass } = openSlots();
  take("slow", 1);
  pass(60_000);
  expect(slots.free(1, 4)).toBe(0);
});

it("a destination is slow when its old attempts fill a quarter of the slots, and another than it is asked of is not named", () => {
  const { slots, take, pass } = openSlots();
  take("slow", 16);
  take("slower", 20);
  expect(slots.findSlow(64, () => true)).toBeNull();
  pass(1_000);
  expect(slots.findSlow(64, () => true)).toBe("slower");
  expect(slots.findSlow(64, (id) => id !== "slower")).toBe("slow");
  expect(slots.findSlow(68, (id) => id !== "slower")).toBeNull();
});
