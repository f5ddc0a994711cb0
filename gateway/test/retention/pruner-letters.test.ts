import { expect, it } from "vitest";
import type { Destination } from "../../src/domain/catalog.ts";
import { createFairQueue } from "../../src/domain/fair-queue.ts";
import { prune } from "../../src/engine/caretakers/prune.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { stopReplay, withdrawUntouched } from "../../src/recovery/cancel-replay.ts";
import { dismiss, restore } from "../../src/recovery/handle-dead.ts";
import { replay } from "../../src/recovery/replay.ts";
import { retryDelivery } from "../../src/recovery/retry-dead.ts";
import { listWithdrawing } from "../../src/store/replays/find-replays.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import type { Pruner } from "../support/pruner.ts";
import { DAY_MS, die, KEPT, openPruner, openQuietDesk, process, threeOf } from "../support/pruner.ts";
import { openService, startReplayGateway } from "../support/replay-desk.ts";
import { replayer } from "../support/replayer.ts";

/** A letter of an event of 40 days ago that had waited until now. */
async function openLetter() {
  const nowMs = Date.now();
  const oldMs = nowMs - 40 * DAY_MS;
  const desk = await openQuietDesk([oldMs]);
  const pruner = await openPruner(desk);
  const [id] = await desk.record({ to: ["billing"], at: new Date(oldMs), heldReason: "destination_paused" });
  await die(desk, id!);
  return { nowMs, oldMs, desk, pruner, id: id! };
}

it("keeps a dead letter with its event as long as events are kept, counted from its end, however long it had waited", async () => {
  const { nowMs, oldMs, pruner } = await openLetter();
  expect((await prune(pruner.deps, KEPT, nowMs)).needed).toEqual(threeOf(oldMs));
  expect((await prune(pruner.deps, KEPT, nowMs + (KEPT.eventDays - 1) * DAY_MS)).needed).toEqual(threeOf(oldMs));
  const { dropped } = await prune(pruner.deps, KEPT, Date.now() + KEPT.eventDays * DAY_MS);
  expect(dropped).toEqual(expect.arrayContaining(threeOf(oldMs)));
});

const BY = { tenant: "default", by: "ann", shownFilter: {}, expected: 1 };

it("keeps a dismissed letter with its event for as long as the dismissal can be undone, however long it is dead", async () => {
  const { nowMs, oldMs, desk, pruner, id } = await openLetter();
  await desk.query("update holdfast.finished_delivery set finished_at = $1", [new Date(nowMs - 29 * DAY_MS)]);
  const deps = { ...pruner.deps, databaseNow: () => new Date(), ranks: createFairQueue(), findDestination: () => null };
  expect(await dismiss(deps, { ...BY, filter: { ids: [id] } }, "orders of the old shop")).toMatchObject({ count: 1 });

  expect((await prune(pruner.deps, KEPT, nowMs + 6 * DAY_MS)).needed).toEqual(threeOf(oldMs));
  expect(await restore(deps, "default", "ann", { ids: [id] })).toMatchObject({ kind: "restored", count: 1 });
  await dismiss(deps, { ...BY, filter: { ids: [id] } }, "orders of the old shop");
  const { dropped } = await prune(pruner.deps, KEPT, Date.now() + 7 * DAY_MS + 1);
  expect(dropped).toEqual(expect.arrayContaining(threeOf(oldMs)));
});

/** A replay over a letter of 40 days ago that died lately, which has queued its retry; nobody tries it. */
async function replayedOld(desk: Desk, oldMs: number) {
  const service = await openService();
  const destinations = { billing: { url: service.url } };
  const [id] = await desk.record({ to: ["billing"], at: new Date(oldMs), heldReason: "destination_paused" });
  await die(desk, id!);
  // Only now: its own pruner takes an old day that nobody needs.
  const gateway = await startReplayGateway(desk, { destinations, roles: ["admin"] });
  const wish = { since: new Date(oldMs - DAY_MS).toISOString(), trustRecorded: true };
  const planned = (await gateway.call("POST", "/replays", wish)).body;
  expect((await gateway.call("POST", "/replays/run", { token: planned["token"] })).status).toBe(200);
  const deps = await replayer(desk.db);
  // It may have begun in this very moment, and go by its rate.
  await until(async () => {
    await replay(deps);
    return (await desk.query("select from holdfast.delivery")).length > 0;
  });
  expect(await desk.query("select retry_of from holdfast.delivery")).toEqual([{ retry_of: id }]);
  const [run] = await desk.query<{ id: string }>("select id from holdfast.replay");
  return { letter: id!, run: run!.id, gateway };
}

it("opens the letters of a cancelled replay again, however old the day is that they lie in", async () => {
  const nowMs = Date.now();
  const oldMs = nowMs - 40 * DAY_MS;
  const desk = await openQuietDesk([oldMs]);
  const pruner = await openPruner(desk);
  const { letter, run } = await replayedOld(desk, oldMs);

  expect((await prune(pruner.deps, KEPT, nowMs)).needed).toEqual(threeOf(oldMs));
  await stopReplay(pruner.deps, "default", run, "ann");
  await withdrawUntouched(pruner.deps, run);
  expect(await desk.query("select id, retried_as from holdfast.finished_delivery")).toEqual([
    { id: letter, retried_as: null },
  ]);
  expect(await desk.query("select from holdfast.delivery")).toEqual([]);
  expect((await prune(pruner.deps, KEPT, nowMs)).needed).toEqual(threeOf(oldMs));
});

it("takes no retry back whose letter is gone: it stays queued, and keeps no other replay from its work", async () => {
  const oldMs = Date.now() - 40 * DAY_MS;
  const desk = await openQuietDesk([oldMs]);
  const { run, gateway } = await replayedOld(desk, oldMs);
  await desk.query("delete from holdfast.finished_delivery");
  const deps = await replayer(desk.db);
  await stopReplay(deps, "default", run, "ann");
  await withdrawUntouched(deps, run);
  expect(await desk.query("select state from holdfast.delivery")).toEqual([{ state: "ready" }]);
  expect((await desk.db.run(listWithdrawing, [10])).rows).toEqual([]);
  const wish = { since: new Date(oldMs - DAY_MS).toISOString(), trustRecorded: true };
  const { token } = (await gateway.call("POST", "/replays", wish)).body;
  expect((await gateway.call("POST", "/replays/run", { token })).status).toBe(200);
});

/** Retries a dead letter of `billing`. @returns the new delivery's id */
async function retry(desk: Desk, pruner: Pruner, id: string): Promise<string> {
  const destination = (await desk.query<{ id: string }>("select id from holdfast.destination"))[0]!;
  const retried = await retryDelivery(
    { ...pruner.deps, databaseNow: () => pruner.deps.clock.now(), ranks: createFairQueue() },
    "default",
    id,
    () => ({ ...destination, state: "active", gate: null }) as unknown as Destination,
  );
  if (retried.kind !== "queued") throw new Error(JSON.stringify(retried));
  return retried.deliveryId;
}

it("keeps the event of a retry that died, and the letter that was retried with it", async () => {
  const nowMs = Date.now();
  const oldMs = nowMs - 29 * DAY_MS;
  const desk = await openQuietDesk([oldMs]);
  const pruner = await openPruner(desk);
  const [id] = await desk.record({ to: ["billing"], at: new Date(oldMs) });
  await die(desk, id!);
  await desk.query("update holdfast.finished_delivery set finished_at = $1", [new Date(oldMs)]);
  await die(desk, await retry(desk, pruner, id!));

  expect((await prune(pruner.deps, KEPT, nowMs + 3 * DAY_MS)).needed).toEqual(threeOf(oldMs));
});

it("keeps what became of an event as long as the event: nothing stands as never delivered that was", async () => {
  const nowMs = Date.now();
  const [oldMs, laterMs] = [nowMs - 70 * DAY_MS, nowMs - 45 * DAY_MS];
  const desk = await openQuietDesk([oldMs, laterMs]);
  const pruner = await openPruner(desk);
  const at = new Date(oldMs);
  const [held] = await desk.record({ to: ["billing"], at, heldReason: "destination_paused" });
  const [done, dead] = [await desk.record({ to: ["billing"], at }), await desk.record({ to: ["billing"], at })].flat();
  await process(desk, done!);
  await die(desk, dead!);
  // Retried 25 days later, and processed then.
  const clock = { ...systemClock, now: () => new Date(laterMs) };
  const successor = await retry(desk, { ...pruner, deps: { ...pruner.deps, clock } }, dead!);
  await process(desk, successor);
  await desk.query("update holdfast.finished_delivery set finished_at = $1", [new Date(laterMs)]);

  const [, , retriedOn] = threeOf(laterMs);
  const kept = await prune(pruner.deps, KEPT, nowMs);
  expect(kept.needed).toEqual([...threeOf(oldMs), retriedOn]);
  expect(kept.dropped).toEqual(expect.arrayContaining(threeOf(laterMs).slice(0, 2)));
  const ids = (await desk.query<{ id: string }>("select id from holdfast.finished_delivery")).map(({ id }) => id);
  expect(ids.toSorted()).toEqual([done, dead, successor].toSorted());

  await process(desk, held!);
  const gone = await prune(pruner.deps, KEPT, nowMs);
  expect([gone.needed, gone.dropped]).toEqual([[], expect.arrayContaining([...threeOf(oldMs), retriedOn])]);
});
