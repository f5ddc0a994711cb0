import { expect, it } from "vitest";
import { prune } from "../../src/engine/caretakers/prune.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { createRandom } from "../../src/platform/random.ts";
import { openDesk } from "../support/delivery-gateway.ts";

const DAY_MS = 86_400_000;
const KEPT = { eventDays: 30, attemptDays: 30, rejectionDays: 30, dedupeDays: 90 };
const TERM = { name: "pruner", holder: "0196c0de-0000-7000-8000-00000000000a", epoch: 1 };

async function openPruner() {
  const desk = await openDesk();
  await desk.query(
    "insert into holdfast.leadership (name, holder, epoch, lease_until) values ($1, $2, 1, now() + interval '1 hour')",
    [TERM.name, TERM.holder],
  );
  const errors: Record<string, unknown>[] = [];
  const ignore = (): void => {};
  const log = { debug: ignore, info: ignore, warn: ignore, error: (fields: object) => void errors.push({ ...fields }) };
  const parts = { leader: { current: () => TERM }, clock: systemClock, log, random: createRandom() };
  return { desk, errors, deps: { ...parts, db: desk.db, metrics: createMetrics("test") } };
}

const day = new Date().toISOString().slice(0, 10).replaceAll("-", "");

it("a day that cannot be dropped is named, and keeps no other from it", async () => {
  const { desk, errors, deps } = await openPruner();
  await desk.query(`create view public.report as select id from holdfast.event_p${day}`);
  const { dropped, postponed } = await prune(deps, KEPT, Date.now() + 400 * DAY_MS);
  // With the day of events stays what tells of them.
  expect(postponed).toEqual([`event_p${day}`, `duplicate_p${day}`, `finished_delivery_p${day}`]);
  expect(dropped).toEqual(expect.arrayContaining([`attempt_p${day}`, `rejection_p${day}`]));
  expect(errors).toEqual([
    { table: "event", partition: `event_p${day}`, error: expect.stringContaining("depend on it") },
  ]);
  await desk.query("drop view public.report");
  expect((await prune(deps, KEPT, Date.now() + 400 * DAY_MS)).dropped).toEqual(
    expect.arrayContaining([`event_p${day}`, `duplicate_p${day}`, `finished_delivery_p${day}`]),
  );
});

it("a day that cannot be judged is named, and keeps no other from it; a database that is away ends the round", async () => {
  const { desk, errors, deps } = await openPruner();
  const failing = (code: string | undefined): typeof desk.db => ({
    ...desk.db,
    run: (statement, values) =>
      statement.name === "find_need_of_time"
        ? Promise.reject(Object.assign(new Error("invalid page in block 3"), { code }))
        : desk.db.run(statement, values),
  });
  const farMs = Date.now() + 400 * DAY_MS;
  await expect(prune({ ...deps, db: failing("57P01") }, KEPT, farMs)).rejects.toThrow("invalid page");
  const { dropped, postponed } = await prune({ ...deps, db: failing("XX001") }, KEPT, farMs);
  expect(postponed).toContain(`finished_delivery_p${day}`);
  expect(postponed.filter((name) => !name.startsWith("finished_delivery_"))).toEqual([]);
  expect(dropped).toContain(`rejection_p${day}`);
  expect(errors.map(({ partition }) => partition)).toEqual(postponed);
});
