import { expect, it } from "vitest";
import { createBodyRoom } from "../../src/engine/body-room.ts";
import { createSlots } from "../../src/engine/slots.ts";

const MIB = 1_048_576;
const LEAST = 65_536;

function openRoom() {
  let nowMs = 0;
  const slots = createSlots(() => nowMs);
  const room = createBodyRoom(() => nowMs, slots);
  /** Tries an attempt with so long a body. @returns null: there was no room for it */
  const begin = (bytes: number) => {
    const slot = slots.take("app");
    if (room.make(slot, bytes)) return slot;
    slots.leave(slot);
    return null;
  };
  /** Attempts that nobody answers to. */
  const hang = (count: number, bytes: number): void => {
    for (let i = 0; i < count; i++) {
      expect(begin(bytes)).not.toBeNull();
      nowMs += 1_000;
    }
  };
  return { slots, room, begin, hang };
}

it("where old attempts leave room for one more large body, small ones go on beside it in the 4 MiB that are theirs", () => {
  const { slots, room, begin, hang } = openRoom();
  hang(14, 16 * MIB);
  for (let i = 0; i < 3; i++) {
    const quick = begin(16 * MIB);
    expect([room.expected(), room.count()]).toEqual([LEAST, 256]);
    // A second one waits: claimed again at once it would find none again.
    expect([begin(16 * MIB), room.isFilled(16 * MIB), room.isFilled(LEAST)]).toEqual([null, true, false]);
    slots.leave(quick!);
    expect([room.expected(), room.count()]).toEqual([16 * MIB, 1]);
  }
});

it("where they leave room for two, who needs one waits until one of these ends", () => {
  const { slots, room, begin, hang } = openRoom();
  hang(13, 16 * MIB);
  const [first] = [begin(16 * MIB), begin(16 * MIB)];
  expect([begin(16 * MIB), room.isFilled(16 * MIB), room.expected(), room.count()]).toEqual([null, false, 16 * MIB, 0]);
  slots.leave(first!);
  expect([room.expected(), room.count()]).toEqual([16 * MIB, 1]);
});

it("a body that is somewhat longer than what was kept for it takes what there is", () => {
  const { slots, room, hang } = openRoom();
  hang(14, 16 * MIB);
  const slot = slots.take("app", room.expected(), true);
  expect([slot.bytes, room.make(slot, 17 * MIB), slot.bytes]).toEqual([16 * MIB, true, 17 * MIB]);
});

it("while the largest is not expected, none that finds no room is taken up again at once, however much smaller it is", () => {
  const { room, begin, hang } = openRoom();
  hang(15, 16 * MIB);
  for (let i = 0; i < 3; i++) expect(begin(4 * MIB)).not.toBeNull();
  expect([room.expected(), room.count()]).toEqual([LEAST, 64]);
  expect([begin(4 * MIB), room.isFilled(4 * MIB)]).toEqual([null, true]);
});
