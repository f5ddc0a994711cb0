import { expect, it } from "vitest";
import { createBatchSize } from "../../src/engine/batch-size.ts";
import { createRecorder, RECORDER_POOL } from "../../src/engine/recorder.ts";
import { createFairQueue } from "../../src/domain/fair-queue.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import { openTestPool } from "../support/database.ts";
import { draftEvent } from "../support/ledger.ts";
import { queueOfNumbers } from "../support/queue-of-numbers.ts";

const batchOf = (items: number, size = 1) => Array.from({ length: items }, () => ({ size }));

it("is half of the batch that was late, counted by what filled it, and grows by a quarter with each in time up to the whole", () => {
  const size = createBatchSize({ itemsMax: 100, bytesMax: 1_000 });
  expect(size.now()).toEqual({ itemsMax: 100, bytesMax: 1_000 });
  size.wasLate(batchOf(40));
  expect(size.now()).toEqual({ itemsMax: 20, bytesMax: 200 });
  size.wasInTime();
  expect(size.now()).toEqual({ itemsMax: 25, bytesMax: 250 });
  // Ten of them, but as large as it may be just now.
  size.wasLate(batchOf(10, 25));
  expect(size.now()).toEqual({ itemsMax: 12, bytesMax: 125 });
  for (let i = 0; i < 12; i++) size.wasInTime();
  expect(size.now()).toEqual({ itemsMax: 100, bytesMax: 1_000 });
  for (let i = 0; i < 20; i++) size.wasLate(batchOf(1));
  expect(size.now()).toEqual({ itemsMax: 1, bytesMax: 10 });
});

it("lets through by parts what is too much together, and only where time was short", async () => {
  const tried: number[] = [];
  let fits = 30;
  let late = true;
  const queue = queueOfNumbers({
    run: async (items) => {
      tried.push(items.length);
      if (items.length <= fits) return { ok: true, value: items };
      return { ok: false, unknown: false, code: null, message: "as told", ...(late && { late }) };
    },
  });
  const submit = (count: number) => Promise.all(Array.from({ length: count }, (_, item) => queue.submit(item)));
  expect((await submit(100)).every(({ ok }) => ok)).toBe(true);
  expect(tried).toEqual([100, 50, 25, 31, 15, 19, 24, 17]);
  // What was refused for another reason is repeated as it was.
  late = false;
  tried.length = 0;
  const size = 35;
  const answers = submit(size);
  await expect.poll(() => tried.length).toBeGreaterThan(3);
  fits = size;
  expect((await answers).every(({ ok }) => ok)).toBe(true);
  expect(new Set(tried.slice(0, 4)).size).toBe(1);
});

it("records events that the database cannot take together in the time that a batch has", async () => {
  const desk = await openDesk();
  const db = openTestPool(desk.database, 2, RECORDER_POOL);
  // So 60 of them take 1.8 s.
  await desk.query(`CREATE FUNCTION holdfast.slow() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.03); RETURN NEW; END $$`);
  await desk.query("CREATE TRIGGER slow BEFORE INSERT ON holdfast.event FOR EACH ROW EXECUTE FUNCTION holdfast.slow()");
  const recorder = createRecorder({
    db,
    clock: systemClock,
    metrics: createMetrics("0.0.0-test"),
    ranks: createFairQueue(),
    lanes: 2,
    deadlineMs: 1_000,
    queueItemsMax: 1_000,
    queueBytesMax: 10_000_000,
    onRecorded: () => {},
  });
  try {
    const drafts = Array.from({ length: 60 }, (_, i) => draftEvent(`evt_${i}`));
    // As providers do, they come again, together, until all are answered that they are there.
    await expect
      .poll(async () => {
        const answers = await Promise.all(drafts.map((draft) => recorder.submit([draft])));
        return answers.filter(({ ok }) => ok).length;
      })
      .toBe(60);
    const [stored] = await desk.query<{ count: number }>("SELECT count(*)::int AS count FROM holdfast.event");
    expect(stored).toEqual({ count: 60 });
  } finally {
    await recorder.drain();
    await db.close();
  }
});
