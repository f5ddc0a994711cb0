import { expect, test } from "vitest";
import { createFairQueue } from "../../src/domain/fair-queue.ts";
import { measureQueue } from "../../src/engine/caretakers/gauger.ts";
import { createDatabaseClock } from "../../src/engine/database-clock.ts";
import { stage } from "../../src/pipeline/stage.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";

const HOUR_MS = 3_600_000;

async function openAges() {
  const desk = await openDesk();
  const destinations = { billing: { url: "http://127.0.0.1:1/" } };
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const databaseClock = createDatabaseClock(desk.db, systemClock);
  await databaseClock.sync();
  const ranks = createFairQueue();
  const agoMs = (ms: number) => new Date(databaseClock.now().getTime() - ms);
  return {
    desk,
    ranks,
    agoMs,
    record: (lane: string, at: Date) => desk.record({ to: ["billing"], lane, at, ranks }),
    ages: async () => (await measureQueue({ db: desk.db, databaseClock })).oldestReadyMs,
  };
}

test("the oldest ready age is that of the oldest delivery, wherever its lane has put it", async () => {
  const { ranks, agoMs, record, ages } = await openAges();
  for (let i = 0; i < 50; i++) ranks.next(2, "far");
  await record("far", agoMs(HOUR_MS));
  for (let i = 0; i < 10; i++) await record(`new-${i}`, agoMs(0));
  const { normal, critical } = await ages();
  expect(normal).toBeGreaterThanOrEqual(HOUR_MS);
  expect(normal).toBeLessThan(HOUR_MS + 600_000);
  expect(critical).toBe(0);
});

test("a retry is as old as it has been ready, not as its event", async () => {
  const { desk, ranks, agoMs, record, ages } = await openAges();
  const [id] = await record("old", agoMs(HOUR_MS));
  await desk.query(
    "UPDATE holdfast.delivery SET state = 'scheduled', attempt = 1, due_at = now() - interval '1 second' WHERE id = $1",
    [id],
  );
  const staged = await desk.db.transaction((tx) => stage({ ranks, heldReasonOf: () => null }, tx, agoMs(0), 10), 5_000);
  expect(staged).toMatchObject({ ok: true, value: 1 });
  expect((await ages())["normal"]).toBeLessThan(HOUR_MS / 2);
});

test("a retry whose destination takes nothing now is held when its time comes, at no cost", async () => {
  const { desk, ranks, agoMs, record } = await openAges();
  const [id] = await record("old", agoMs(0));
  await desk.query(
    "UPDATE holdfast.delivery SET state = 'scheduled', attempt = 3, due_at = now() - interval '1 second' WHERE id = $1",
    [id],
  );
  const deps = { ranks, heldReasonOf: () => "destination_gated" };
  await desk.db.transaction((tx) => stage(deps, tx, agoMs(0), 10), 5_000);
  const [row] = await desk.query("SELECT state, held_reason, due_at, attempt FROM holdfast.delivery WHERE id = $1", [
    id,
  ]);
  expect(row).toEqual({ state: "held", held_reason: "destination_gated", due_at: null, attempt: 3 });
});
