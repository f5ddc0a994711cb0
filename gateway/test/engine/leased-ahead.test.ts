import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { createLine } from "../../src/engine/line.ts";
import { createPace } from "../../src/engine/pace.ts";
import { createRecentEvents } from "../../src/engine/recent-events.ts";
import { createSlots } from "../../src/engine/slots.ts";
import type { EventDraft } from "../../src/pipeline/record-event.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function openClock() {
  let nowMs = 0;
  return {
    now: () => new Date(nowMs),
    monotonicMs: () => nowMs,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

it("what waits for a slot begins by priority, then each lane in turn; what is late comes out", () => {
  const clock = openClock();
  const line = createLine<string>(clock.monotonicMs);
  const add = (priority: number, lane: string, name: string): void => line.add({ priority, lane }, name);
  add(3, "a", "low");
  for (const name of ["first", "second", "third"]) add(2, "a", name);
  clock.pass(10);
  add(2, "b", "other");
  add(0, "a", "critical");
  expect([line.take(), line.take(), line.take(), line.take()]).toEqual(["critical", "first", "other", "second"]);
  add(2, "a", "fourth");
  expect(line.takeSince(0)).toEqual(["third", "low"]);
  expect([line.take(), line.take()]).toEqual(["fourth", null]);
});

it("where a backlog has to wait, what is alone in its lane is taken, and nothing of a lower class", () => {
  const line = createLine<string>(() => 0);
  for (const [lane, name] of [["a", "1st"], ["a", "2nd"], ["b", "alone"]] as const) line.add({ priority: 2, lane }, name); // prettier-ignore
  line.add({ priority: 3, lane: "c" }, "low");
  const take = (): string | null => line.take(() => false);
  expect([take(), take(), line.take(), take(), take(), take()]).toEqual(["alone", null, "1st", "2nd", "low", null]);
});

it("a pace is that of whole windows: a burst is none, and a standstill ends it", () => {
  const clock = openClock();
  const pace = createPace(clock.monotonicMs);
  for (let i = 0; i < 50; i++) pace.count();
  expect(pace.perMs()).toBe(0);
  clock.pass(100);
  expect(pace.perMs()).toBe(0.5);
  clock.pass(1_000);
  expect(pace.perMs()).toBe(0);
});

it("what waits for a slot holds none, counts as leased, and begins when one is free", () => {
  const slots = createSlots(() => 0);
  const trying = Array.from({ length: 2 }, () => slots.take("app"));
  const waiting = Array.from({ length: 3 }, () => slots.take("app", 100, true));
  expect([slots.free(2, 8), slots.free(2, 8, 4), slots.free(2, 6, 4)]).toEqual([0, 1, 1]);
  expect(slots.mayBegin(2, 8)).toBe(false);
  slots.settle(trying[0]!);
  expect(slots.mayBegin(2, 8)).toBe(true);
  slots.begin(waiting[0]!);
  expect(slots.mayBegin(2, 8)).toBe(false);
  slots.weigh(waiting[1]!, 7);
  slots.leave(waiting[2]!);
  expect([slots.bytes(), slots.inUse()]).toEqual([107, 4]);
});

function draftOf(id: string, deliveries: number, bytes: number): EventDraft {
  const held = { heldReason: "destination_paused" };
  const queued = Array.from({ length: deliveries }, () => ({ heldReason: null }));
  const headers = Buffer.from('[["a","b"]]');
  return { id, body: Buffer.alloc(bytes), headers, deliveries: [held, ...queued] } as unknown as EventDraft;
}

it("an event just recorded is kept once for each delivery that is queued, for five seconds, within its bound", () => {
  const clock = openClock();
  const recent = createRecentEvents(clock, 4_000);
  recent.note(draftOf("two", 2, 10));
  recent.note(draftOf("held", 0, 10));
  recent.note(draftOf("large", 1, 4_000));
  expect(recent.take("two")).toMatchObject({ id: "two", headers: [["a", "b"]] });
  expect([recent.take("two")?.id, recent.take("two"), recent.take("held"), recent.take("large")]).toEqual(["two", null, null, null]); // prettier-ignore
  for (const id of ["a", "b", "c"]) recent.note(draftOf(id, 1, 1_000));
  expect([recent.take("a"), recent.take("c")?.id]).toEqual([null, "c"]);
  clock.pass(5_001);
  expect(recent.take("b")).toBeNull();
});

it("an event that nobody takes is forgotten when its time is over and others come", async () => {
  const clock = openClock();
  const recent = createRecentEvents(clock, 4_000);
  const note = (id: string): WeakRef<EventDraft> => {
    const draft = draftOf(id, 1, 10);
    recent.note(draft);
    return new WeakRef(draft);
  };
  const kept = async (...noted: readonly WeakRef<EventDraft>[]): Promise<boolean[]> => {
    // What a reference was asked for stays until the turn of the event loop is over.
    await new Promise(setImmediate);
    collect();
    return noted.map((draft) => draft.deref() !== undefined);
  };
  const [first, second] = [note("first"), note("second")];
  clock.pass(5_000);
  const third = note("third");
  expect(await kept(first, second, third)).toEqual([true, true, true]);
  clock.pass(1);
  const fourth = note("fourth");
  expect(await kept(first, second, third, fourth)).toEqual([false, false, true, true]);
  expect([recent.take("third")?.id, recent.take("fourth")?.id]).toEqual(["third", "fourth"]);
});
