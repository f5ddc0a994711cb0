import { expect, it } from "vitest";
import { newUuid } from "../../src/domain/id.ts";
import { tellTimeline } from "../../src/domain/timeline.ts";

const RECEIVED = Date.parse("2026-11-21T18:00:00Z");
const DESTINATION = newUuid(RECEIVED, 0, new Uint8Array(8));

it("keeps a delivery's steps in the order in which they follow, whatever the clocks of its processes say", () => {
  const first = delivery(1, RECEIVED, "dead", RECEIVED - 40);
  const replayed = delivery(2, RECEIVED + 900, "processed", RECEIVED + 905);
  // A worker whose clock is behind the door's tried it first, one whose clock is ahead of the database after the replay.
  const attempts = [
    attempt(first.id, 1, RECEIVED - 70),
    attempt(first.id, 2, RECEIVED - 60),
    attempt(replayed.id, 1, RECEIVED + 950),
  ];
  const replays = [{ replay_id: replayed.id, delivery_id: replayed.id, pulled: false, started_at: null }];
  const timeline = tellTimeline(new Date(RECEIVED), [replayed, first], attempts, { rejections: [], replays });
  expect(timeline.map(({ step, deliveryId, attempt: number }) => [step, deliveryId, number])).toEqual([
    ["received", undefined, undefined],
    ["validated", undefined, undefined],
    ["queued", first.id, undefined],
    ["processing", first.id, 1],
    ["processing", first.id, 2],
    ["failed permanently", first.id, undefined],
    ["replayed", replayed.id, undefined],
    ["queued", replayed.id, undefined],
    ["processing", replayed.id, 1],
    ["processed", replayed.id, undefined],
  ]);
  expect(timeline.at(-1)?.at).toEqual(new Date(RECEIVED + 905));
});

function delivery(random: number, queuedMs: number, state: string, finishedMs: number) {
  const id = newUuid(queuedMs, 0, new Uint8Array(8).fill(random));
  return { id, destination_id: DESTINATION, state, reason: null, finished_at: new Date(finishedMs) };
}

function attempt(deliveryId: string, number: number, startedMs: number) {
  return {
    delivery_id: deliveryId,
    number,
    outcome: "processed",
    status: 200,
    detail: null,
    started_at: new Date(startedMs),
    duration_ms: 5,
    next_state: "processed",
    next_due_at: null,
  };
}
