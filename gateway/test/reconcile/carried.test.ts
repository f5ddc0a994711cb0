import { expect, it } from "vitest";
import { listDueEntries } from "../../src/store/reconciliations/entries.ts";
import type { Queryable } from "../../src/store/statement.ts";
import { forgetKeys } from "../support/forget-keys.ts";
import { agoOf, openHttpLog, shownBy } from "../support/http-log.ts";
import type { Bench } from "../support/reconcile-bench.ts";

const HOUR = 3_600_000;

/** A source that cannot be matched with its log until the operator has corrected it: what is missing stays so, with its bytes. */
function setApart(bench: Bench) {
  const { findSource } = bench.deps;
  const source = { isApart: true };
  Object.assign(bench.deps, {
    findSource: (id: string) => {
      const ready = findSource(id)!;
      const policy = { ...ready.source.policy, batch: "item" };
      return source.isApart ? { ...ready, source: { ...ready.source, policy } } : ready;
    },
  });
  return source;
}

const holders = async (bench: Bench) =>
  (
    await bench.query<{ run_id: string }>("SELECT run_id FROM holdfast.reconciliation_entry WHERE body IS NOT NULL")
  ).map(({ run_id: id }) => id);

it("keeps what a window of its own found again, with its bytes, when the next one's log lists it no longer", async () => {
  const { bench, run, add, complete, entries } = await openHttpLog();
  const source = setApart(bench);
  add("evt_1", agoOf(0.5));
  complete();
  expect(await run()).toMatchObject({ unexplained: 1 });
  expect(await run(agoOf(0.6), agoOf(0.4))).toMatchObject({ unexplained: 1 });
  expect(await shownBy(bench)).toEqual([1]);
  entries.splice(0);
  const last = await run(agoOf(0.7), agoOf(0.3));
  expect(last).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await shownBy(bench)).toEqual([1]);
  expect(await holders(bench)).toEqual([last.id]);
  source.isApart = false;
  expect(await run(agoOf(0.2), agoOf(0.1))).toMatchObject({ missing: 1, recovered: 1 });
  expect(await shownBy(bench)).toEqual([0]);
  expect(await holders(bench)).toEqual([]);
});

it("knows of an event to be missing also where a window of its own could not tell by the log alone", async () => {
  const { bench, run, entries, complete } = await openHttpLog();
  const source = setApart(bench);
  entries.push({ id: "evt_1" });
  complete();
  expect(await run()).toMatchObject({ unexplained: 1 });
  await forgetKeys(bench.db, agoOf(0.5));
  expect(await run(agoOf(0.3), agoOf(0.2))).toMatchObject({ missing: 1, unexplained: 1 });
  await shownBy(bench);
  source.isApart = false;
  expect(await run()).toMatchObject({ missing: 1, recovered: 1 });
});

it("tells what a run has carried whose window ends before the one before", async () => {
  const { bench, run, add } = await openHttpLog();
  const first = await run();
  add("evt_1", agoOf(10));
  expect(await run(agoOf(11), agoOf(9))).toMatchObject({ unexplained: 1 });
  await bench.query("UPDATE holdfast.reconciliation SET lag_sec = 1800");
  const next = await run();
  expect(next.window_to < first.window_to).toBe(true);
  expect(next).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await shownBy(bench)).toEqual([1]);
  expect(await run()).toMatchObject({ missing: 1, unexplained: 1 });
});

it("tells in the order in which runs began, also where the clock was set back between them", async () => {
  const { bench, run, add } = await openHttpLog();
  add("evt_1", agoOf(0.5));
  bench.wait(2 * HOUR);
  expect(await run()).toMatchObject({ unexplained: 1 });
  bench.wait(-2 * HOUR);
  add("evt_2", agoOf(10));
  expect(await run(agoOf(11), agoOf(9))).toMatchObject({ unexplained: 2 });
  expect(await shownBy(bench)).toEqual([2]);
});

it("ends an alarm by a window of its own that finds the event arrived, and goes on with the others", async () => {
  const { bench, run, add } = await openHttpLog();
  add("evt_1", agoOf(0.5));
  add("evt_2", agoOf(0.6));
  expect(await run()).toMatchObject({ unexplained: 2 });
  expect(await bench.postStripe(JSON.stringify({ id: "evt_1", object: "event", type: "invoice.paid" }))).toBe(200);
  expect(await run(agoOf(0.55), agoOf(0.45))).toMatchObject({ recovered: 1, unexplained: 1 });
  expect(await shownBy(bench)).toEqual([1]);
  expect(await bench.postStripe(JSON.stringify({ id: "evt_2", object: "event", type: "invoice.paid" }))).toBe(200);
  expect(await run(agoOf(0.65), agoOf(0.55))).toMatchObject({ recovered: 1, unexplained: 0 });
  expect(await shownBy(bench)).toEqual([0]);
});

it("goes on telling of what may have been processed until a window of its own finds it, or a run goes on without it", async () => {
  const { bench, run, entries } = await openHttpLog();
  await forgetKeys(bench.db, agoOf(0.5));
  entries.push({ id: "evt_1" }, { id: "evt_2" });
  expect(await run()).toMatchObject({ unexplained: 2 });
  const listed = entries.splice(0);
  expect(await run(agoOf(0.3), agoOf(0.2))).toMatchObject({ unexplained: 2 });
  expect(await shownBy(bench)).toEqual([2]);
  expect(await bench.postStripe(JSON.stringify({ id: "evt_1", object: "event", type: "invoice.paid" }))).toBe(200);
  entries.push(listed[0]!);
  expect(await run(agoOf(0.3), agoOf(0.2))).toMatchObject({ matched: 1, unexplained: 1 });
  expect(await shownBy(bench)).toEqual([1]);
  expect(await run()).toMatchObject({ matched: 1, unexplained: 0, detail: null });
  expect(await shownBy(bench)).toEqual([0]);
});

it("goes on telling beside a window of its own that a process of the version before has started, and takes both along", async () => {
  const { bench, run, add } = await openHttpLog();
  add("evt_1", agoOf(0.5));
  expect(await run()).toMatchObject({ unexplained: 1 });
  add("evt_2", agoOf(10));
  bench.wait(1_000);
  const { id } = await bench.start("log", { from: agoOf(11), to: agoOf(9) });
  // It carries nothing, and does not say that it would.
  await bench.query("DELETE FROM holdfast.reconciliation_entry WHERE run_id = $1", [id]);
  await bench.query("UPDATE holdfast.reconciliation_run SET carries = DEFAULT WHERE id = $1", [id]);
  expect(await bench.carryOn(id)).toMatchObject({ state: "completed", unexplained: 1, detail: null });
  expect(await shownBy(bench)).toEqual([2]);
  expect(await run(agoOf(3), agoOf(2))).toMatchObject({ missing: 2, unexplained: 2 });
  expect(await shownBy(bench)).toEqual([2]);
});

it("says of a window of its own, too, what it looks for no longer", async () => {
  const { bench, run, add } = await openHttpLog();
  add("evt_1", agoOf(0.5));
  expect(await run()).toMatchObject({ unexplained: 1 });
  bench.wait(91 * 24 * HOUR);
  const detail = expect.stringMatching(/^1 missing event is looked for no longer: /);
  const now = bench.now().getTime();
  const window = { from: new Date(now - 2 * HOUR), to: new Date(now - HOUR) };
  expect(await run(window.from, window.to)).toMatchObject({ state: "completed", unexplained: 0, detail });
  expect(await shownBy(bench)).toEqual([0]);
});

it("looks for what its window lists before what it carries", async () => {
  const { bench, run, add } = await openHttpLog();
  add("evt_old", agoOf(10));
  expect(await run(agoOf(11), agoOf(9))).toMatchObject({ unexplained: 1 });
  add("evt_new", agoOf(0.5));
  const { db } = bench.deps;
  const asked: unknown[] = [];
  const look: Queryable["run"] = async (statement, values) => {
    const answer = await db.run(statement, values);
    if (statement.name === listDueEntries.name)
      for (const row of answer.rows) asked.push((row as { provider_event_id?: unknown }).provider_event_id);
    return answer;
  };
  Object.assign(bench.deps, { db: { ...db, run: look } });
  expect(await run(agoOf(0.6), agoOf(0.4))).toMatchObject({ missing: 2 });
  expect(asked.slice(0, 2)).toEqual(["evt_new", "evt_old"]);
});
