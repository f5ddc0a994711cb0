import { expect, it } from "vitest";
import { createSlots } from "../../src/engine/slots.ts";

const MIB = 1_048_576;
const BYTES = 192 * MIB;

function openSlots() {
  let nowMs = 0;
  const slots = createSlots(() => nowMs);
  const take = (destinationId: string, count: number, bytes = 0) =>
    Array.from({ length: count }, () => slots.take(destinationId, bytes));
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
  expect(slots.findSlow({ slots: 64, bytes: BYTES }, () => true)).toBeNull();
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
  const findSlow = (size: number, isMeant: (id: string) => boolean) =>
    slots.findSlow({ slots: size, bytes: BYTES }, isMeant);
  expect(findSlow(64, () => true)).toBeNull();
  pass(1_000);
  expect(findSlow(64, () => true)).toEqual({ destinationId: "slower", share: 16 });
  expect(findSlow(64, (id) => id !== "slower")).toEqual({ destinationId: "slow", share: 16 });
  expect(findSlow(68, (id) => id !== "slower")).toBeNull();
});

it("it is slow as well when their bodies fill a quarter of the room, and its share is as many as fit into that", () => {
  const { slots, take, pass } = openSlots();
  const limits = { slots: 64, bytes: BYTES };
  take("large", 2, 25 * MIB);
  take("single", 1, 60 * MIB);
  take("many", 12, 4 * MIB);
  expect(slots.findSlow(limits, () => true)).toBeNull();
  pass(1_000);
  const asked: [string, number][] = [];
  const note = (id: string, share: number) => asked.push([id, share]) === 0;
  expect(slots.findSlow(limits, note)).toBeNull();
  expect(asked).toEqual([
    ["large", 1],
    ["many", 12],
  ]);
  expect(slots.findSlow(limits, () => true)).toEqual({ destinationId: "large", share: 1 });
  expect(slots.findSlow({ ...limits, bytes: 2 * BYTES }, () => true)).toBeNull();
});

it("of what old attempts take no more than the bound counts, and all of what others take", () => {
  const { slots, take, pass } = openSlots();
  const [first] = take("slow", 7, 25 * MIB);
  pass(999);
  expect(slots.bytes(96 * MIB)).toBe(175 * MIB);
  pass(1);
  expect([slots.bytes(), slots.bytes(96 * MIB), slots.bytes(200 * MIB)]).toEqual([175, 96, 175].map((n) => n * MIB));
  take("quick", 2, 10 * MIB);
  slots.take("quick", 5 * MIB, true);
  expect(slots.bytes(96 * MIB)).toBe(121 * MIB);
  // It is being settled, and waits for nobody's answer.
  slots.settle(first!);
  expect(slots.bytes(96 * MIB)).toBe(146 * MIB);
});
