import { expect, test } from "vitest";
import { destinationRow } from "../support/catalog-rows.ts";
import type { VirtualTime } from "../../src/engine/virtual-time.ts";
import { openVirtualTime } from "../../src/engine/virtual-time.ts";
import { stage } from "../../src/pipeline/stage.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createRandom } from "../../src/platform/random.ts";
import { retryDelivery } from "../../src/recovery/retry-dead.ts";
import { releaseActive } from "../../src/store/deliveries/release-active.ts";
import type { Queryable } from "../../src/store/statement.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { die } from "../support/pruner.ts";

/** A destination that is declared, and nobody delivers to. */
async function openQueue() {
  const desk = await openDesk();
  await (await startDeliveries(desk, { destinations: { billing: { url: "http://127.0.0.1:9/" } } })).gateway.drain();
  return desk;
}

function move(ranks: VirtualTime, lane: string, steps: number): void {
  for (let i = 0; i < steps; i++) ranks.next(2, lane);
}

test("a lane of retries stays where it is while what has never been tried waits in it, and the fresh ones' is put back", async () => {
  const desk = await openQueue();
  const ranks = await openVirtualTime({ db: desk.db, log: silentLog });
  // From here on it looks when the test says so: two looks at once could undo each other.
  await ranks.stop();
  const start = ranks.next(2, "first");
  const last = { next: () => start + 2_999_000 };
  const deps = { db: desk.db, clock: systemClock, random: createRandom(), ranks: last };

  await desk.record({ to: ["billing"], lane: "let go", heldReason: "destination_paused" });
  await desk.db.run(releaseActive, [10]);
  const now = new Date(Date.now() + 1_000);
  const staged = await desk.db.transaction(
    (tx) => stage({ ranks: last, heldReasonOf: () => null }, tx, now, 10),
    10_000,
  );
  expect(staged).toMatchObject({ ok: true, value: 1 });
  const [letter] = await desk.record({ to: ["billing"], lane: "dead" });
  await die(desk, letter!);
  const retried = await retryDelivery({ ...deps, databaseNow: () => new Date() }, "default", letter!, () =>
    destinationRow("billing"),
  );
  expect(retried).toMatchObject({ kind: "queued", held: false });
  expect(await desk.query("SELECT lane, attempt, state, rank FROM holdfast.delivery ORDER BY lane")).toEqual(
    ["dead", "let go"].map((lane) => ({ lane, attempt: 0, state: "ready", rank: start + 2_999_000 })),
  );

  for (const lane of ["let go", "dead"]) move(ranks, `retry:${lane}`, 3_000);
  // Looked at after those, since they are less far ahead.
  for (const lane of ["let go", "dead", "gone"]) move(ranks, lane, 2_999);
  await until(async () => {
    await ranks.sync();
    return ranks.next(2, "gone") - start < 1_000_000;
  });
  const ahead = (lane: string): number => ranks.next(2, lane) - start;
  for (const lane of ["let go", "dead"]) {
    expect([lane, ahead(`retry:${lane}`) >= 3_000_000]).toEqual([lane, true]);
    expect([lane, ahead(lane) < 1_000_000]).toEqual([lane, true]);
  }
});

test.each(["another process", "the process itself"])(
  "a lane that %s moves on while it is looked at is not put back before what moved it",
  async (mover) => {
    const desk = await openQueue();
    const other = await openVirtualTime({ db: desk.db, log: silentLog });
    const start = other.next(2, "first");
    const last = { next: () => start + 2_999_000 };
    const [before] = await desk.record({ to: ["billing"], lane: "busy", ranks: last });
    move(other, "busy", 3_000);
    await other.sync();
    let rank = 0;
    let isMoved = false;
    const run: Queryable["run"] = async (statement, values) => {
      if (statement.name === "find_lane_end" && rank === 0) {
        const by = mover === "another process" ? other : ranks;
        rank = by.next(2, "busy");
        await desk.record({ to: ["billing"], lane: "busy", ranks: { next: () => rank } });
        if (by === other) await other.sync();
        // A pause takes out what the look would have found.
        await desk.query("DELETE FROM holdfast.delivery WHERE id = $1", [before]);
        isMoved = true;
      }
      return desk.db.run(statement, values);
    };
    const ranks = await openVirtualTime({ db: { run }, log: silentLog });
    await until(async () => {
      await ranks.sync();
      return isMoved;
    });
    // Not before all looks have ended.
    await ranks.stop();
    expect(rank).toBeGreaterThanOrEqual(start + 3_000_000);
    expect(ranks.next(2, "busy")).toBeGreaterThan(rank);
    const [told] = await desk.query<{ tag: number }>("SELECT tag FROM holdfast.lane_tag WHERE lane = 'busy'");
    expect(told!.tag).toBeGreaterThan(rank);
    await other.stop();
  },
);
