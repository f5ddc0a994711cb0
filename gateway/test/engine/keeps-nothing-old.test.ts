import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { createGroupCommit } from "../../src/engine/group-commit.ts";
import { createRecentEvents } from "../../src/engine/recent-events.ts";
import type { EventDraft } from "../../src/pipeline/record-event.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { measureLeft } from "../support/old-generation.ts";

const BODY_BYTES = 4_096;
const TIMES = 20_000;
/** How many are there at once. */
const TOGETHER = 64;

/** As an engine's string, which a collection moves and counts; a buffer's bytes stand elsewhere. */
const bodyOf = (n: number): string => Buffer.alloc(BODY_BYTES, `${n} `).toString("latin1");

it("a shared commit leaves next to nothing of its items in the old generation", async () => {
  const commit = createGroupCommit<{ key: string; body: string }, number>({
    lanes: 2,
    itemsMax: 256,
    bytesMax: 1_000_000,
    queueItemsMax: 1_000,
    queueBytesMax: 10_000_000,
    deadlineMs: 60_000,
    clock: systemClock,
    sizeOf: ({ body }) => body.length,
    keysOf: ({ key }) => [key],
    run: async (items) => {
      await nextTurn();
      return { ok: true, value: items.map(({ body }) => body.length) };
    },
  });
  const open: Promise<unknown>[] = [];
  let count = 0;
  const left = await measureLeft(TIMES, async () => {
    open.push(commit.submit({ key: `key ${count}`, body: bodyOf(count++) }));
    if (open.length >= TOGETHER) await open.shift();
  });
  expect(left).toBeLessThan(BODY_BYTES / 4);
  await commit.drain();
});

it("events that are kept for a worker leave next to nothing there once it has taken them", async () => {
  const recent = createRecentEvents(systemClock, 16 * 1_048_576);
  const open: string[] = [];
  let count = 0;
  const left = await measureLeft(TIMES, () => {
    const id = randomUUID();
    const shape = { id, body: bodyOf(count++), headers: Buffer.from("[]"), deliveries: [{ heldReason: null }] };
    recent.note(shape as unknown as EventDraft);
    open.push(id);
    if (open.length >= TOGETHER) recent.take(open.shift()!);
  });
  expect(left).toBeLessThan(BODY_BYTES / 4);
});
