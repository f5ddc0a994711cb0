import { expect, it } from "vitest";
import { prune } from "../../src/engine/caretakers/prune.ts";
import { dropPartition } from "../../src/store/upkeep/partition-ddl.ts";
import { ensurePartitions } from "../../src/store/upkeep/ensure-partitions.ts";
import { someoneWaits } from "../support/database.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { openTransaction } from "../support/ledger.ts";
import type { Pruner } from "../support/pruner.ts";
import { DAY_MS, dayOf, KEPT, openPruner, openQuietDesk, TERM, threeOf } from "../support/pruner.ts";
import { recordOne } from "../support/recorded-events.ts";
import { startReceiver } from "../support/receiver.ts";

const partitionsOf = async (desk: Desk, table: string): Promise<string[]> =>
  (
    await desk.query<{ name: string }>(
      "select relname as name from pg_class where relname ~ ('^' || $1 || '_p[0-9]{8}$') and relkind = 'r' order by 1",
      [table],
    )
  ).map(({ name }) => name);

const metric = async ({ deps }: Pruner, name: string): Promise<number> => {
  const text = await deps.metrics.registry.metrics();
  return [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "gm"))].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
};

it("drops each kind's days when they are older than it is kept, the last hour of the last day counted, and tells", async () => {
  const desk = await openDesk();
  const pruner = await openPruner(desk);
  const today = Math.floor(desk.openedMs / DAY_MS) * DAY_MS;
  await ensurePartitions(desk.db, desk.openedMs, 40);
  const before = await partitionsOf(desk, "event");

  // Yesterday and today are over for rejections ten days after today ended, and not a moment before.
  const ended = today + DAY_MS + KEPT.rejectionDays * DAY_MS;
  expect((await prune(pruner.deps, KEPT, ended - 1)).dropped).toEqual([`rejection_p${dayOf(today - DAY_MS)}`]);
  expect((await prune(pruner.deps, KEPT, ended)).dropped).toEqual([`rejection_p${dayOf(today)}`]);

  const later = today + DAY_MS + KEPT.attemptDays * DAY_MS;
  const { dropped } = await prune(pruner.deps, KEPT, later);
  expect(dropped.filter((name) => name.startsWith("attempt"))).toEqual([
    `attempt_p${dayOf(today - DAY_MS)}`,
    `attempt_p${dayOf(today)}`,
  ]);
  expect(await partitionsOf(desk, "event")).toEqual(before);
  expect(await partitionsOf(desk, "finished_delivery")).toHaveLength(before.length);

  const last = await prune(pruner.deps, KEPT, today + DAY_MS + KEPT.eventDays * DAY_MS);
  expect(last.dropped.filter((name) => /^(event|duplicate|finished)/.test(name))).toEqual(
    ["event", "duplicate", "finished_delivery"].flatMap((table) => [
      `${table}_p${dayOf(today - DAY_MS)}`,
      `${table}_p${dayOf(today)}`,
    ]),
  );
  const told = pruner.logged.filter((line) => "partition" in line).map((line) => line["partition"]);
  expect(told).toHaveLength(new Set(told).size);
  expect(await metric(pruner, "holdfast_retention_dropped_partitions_total")).toBe(told.length);
});

it("keeps a day as long as something unfinished needs its event or its place in the history; then it ends in order (F103)", async () => {
  const desk = await openDesk();
  const pruner = await openPruner(desk);
  const receiver = await startReceiver();
  const destinations = { billing: { url: `${receiver.url}/billing` } };
  const { gateway } = await startDeliveries(desk, { destinations });
  await desk.query("update holdfast.destination set state = 'paused', state_reason = 'test'");
  await desk.query("update holdfast.setting set value = (value::bigint + 1)::text where name = 'catalog_version'");
  await gateway.drain();
  const at = new Date(desk.openedMs);
  const [id] = await desk.record({ to: ["billing"], heldReason: "destination_paused", at });
  const farMs = Date.now() + 400 * DAY_MS;
  const today = dayOf(desk.openedMs);

  const first = await prune(pruner.deps, KEPT, farMs);
  expect(first.needed).toEqual([`event_p${today}`, `duplicate_p${today}`, `finished_delivery_p${today}`]);
  expect(first.dropped).not.toContain(`event_p${today}`);
  expect(await metric(pruner, "holdfast_retention_needed_partitions")).toBe(3);

  await desk.query("update holdfast.destination set state = 'active', state_reason = null");
  await desk.query("update holdfast.setting set value = (value::bigint + 1)::text where name = 'catalog_version'");
  await startDeliveries(desk, { destinations });
  expect(await desk.finished(id!)).toMatchObject({ state: "processed" });
  await until(async () => (await prune(pruner.deps, KEPT, farMs)).needed.length === 0);
});

/** Records an event of 40 days ago, and says how to send it again. */
async function recordOld() {
  const oldMs = Date.now() - 40 * DAY_MS;
  const desk = await openQuietDesk([oldMs]);
  const [source] = await desk.query<{ id: string }>("select id from holdfast.source where name = 'payments'");
  const event = { sourceId: source!.id, providerId: "evt_old" };
  await recordOne(desk.db, { ...event, at: new Date(oldMs) });
  return { desk, oldMs, again: async () => (await recordOne(desk.db, event)).kind };
}

it("counts a repeat as long as its event is there: the day of its duplicates stays while the event's cannot be dropped", async () => {
  const { desk, oldMs, again } = await recordOld();
  const pruner = await openPruner(desk);
  const [event, duplicate, finished] = threeOf(oldMs);
  const reader = await openTransaction(desk);
  await reader.tx.client.query(`lock table holdfast.${event} in access share mode`);
  // It gives up after the first try.
  const hasty = { ...pruner.deps, signal: AbortSignal.abort() };
  const { postponed } = await prune(hasty, KEPT, Date.now());
  expect(await again()).toBe("duplicate");
  expect(postponed).toEqual([event, duplicate, finished]);
  expect(await desk.query("select count from holdfast.duplicate")).toEqual([{ count: 1 }]);
  await reader.end("COMMIT");
  const { dropped } = await prune(pruner.deps, KEPT, Date.now());
  expect(dropped.slice(0, 2)).toEqual([event, duplicate]);
  expect(await again()).toBe("duplicate");
});

it("refuses no repeat while the days of its event and of its duplicates are being dropped", async () => {
  const { desk, oldMs, again } = await recordOld();
  const [event, duplicate] = threeOf(oldMs);
  for (const [table, name] of [
    ["event", event],
    ["duplicate", duplicate],
  ] as const) {
    const drop = await openTransaction(desk);
    await dropPartition(drop.tx, table, name!);
    const repeated = again();
    await until(() => someoneWaits(desk.db));
    await drop.end("COMMIT");
    expect([table, await repeated]).toEqual([table, "duplicate"]);
  }
});

it("counts and tells the dead letters that go with a day", async () => {
  const desk = await openDesk();
  const pruner = await openPruner(desk);
  const receiver = await startReceiver(() => 400);
  const destinations = { billing: { url: `${receiver.url}/billing`, retry: { scheduleSec: [1], refusalsMax: 1 } } };
  const { gateway } = await startDeliveries(desk, { destinations });
  const [id] = await desk.record({ to: ["billing"], at: new Date(desk.openedMs) });
  expect(await desk.finished(id!)).toMatchObject({ state: "dead" });
  await gateway.drain();
  await prune(pruner.deps, KEPT, Date.now() + 400 * DAY_MS);
  expect(await metric(pruner, "holdfast_retention_dropped_dead_letters_total")).toBe(1);
  expect(pruner.logged).toContainEqual(
    expect.objectContaining({
      table: "finished_delivery",
      partition: `finished_delivery_p${dayOf(desk.openedMs)}`,
      deadLetters: 1,
    }),
  );
});

it("a writer that is in the middle of its transaction commits, and the drop comes after it", async () => {
  const desk = await openDesk();
  const pruner = await openPruner(desk);
  await ensurePartitions(desk.db, desk.openedMs + 100 * DAY_MS, 1);
  const open = await openTransaction(desk);
  await open.tx.client.query("lock table holdfast.rejection in row exclusive mode");
  const pruned = prune(pruner.deps, KEPT, desk.openedMs + 30 * DAY_MS);
  await until(() => someoneWaits(desk.db));
  // Whoever comes while the drop waits is served when the drop has given up, which it does after 0.3 s.
  await desk.query("select count(*) from holdfast.rejection");
  await open.end("COMMIT");
  expect((await pruned).dropped).toContain(`rejection_p${dayOf(desk.openedMs)}`);
});

it("drops nothing without the lead, and nothing under an epoch that is over", async () => {
  const desk = await openDesk();
  const pruner = await openPruner(desk);
  const before = await partitionsOf(desk, "rejection");
  pruner.leads = false;
  expect((await prune(pruner.deps, KEPT, Date.now() + 400 * DAY_MS)).dropped).toEqual([]);
  pruner.leads = true;
  await desk.query("update holdfast.leadership set epoch = 2 where name = $1", [TERM.name]);
  expect((await prune(pruner.deps, KEPT, Date.now() + 400 * DAY_MS)).dropped).toEqual([]);
  expect(await partitionsOf(desk, "rejection")).toEqual(before);
});

it("counts and tells a day whose drop was committed without an answer", async () => {
  const desk = await openDesk();
  const pruner = await openPruner(desk);
  let lost = 0;
  const transaction: typeof desk.db.transaction = async (work, deadlineMs) => {
    const done = await desk.db.transaction(work, deadlineMs);
    return lost++ === 0 ? { ok: false, unknown: true, code: null, message: "Connection terminated" } : done;
  };
  const { dropped } = await prune({ ...pruner.deps, db: { ...desk.db, transaction } }, KEPT, Date.now() + 12 * DAY_MS);
  expect(dropped[0]).toMatch(/^rejection_p/);
  expect(await metric(pruner, "holdfast_retention_dropped_partitions_total")).toBe(dropped.length);
});
