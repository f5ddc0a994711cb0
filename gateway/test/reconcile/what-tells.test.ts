import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { changeReconciliation } from "../../src/pipeline/apply-reconciliations.ts";
import { claimRun, holdRun } from "../../src/store/reconciliations/runs.ts";
import { startFakeGithub } from "../support/fake-github.ts";
import { forgetKeys } from "../support/forget-keys.ts";
import { DAY_MS, agoOf, openHttpLog, shownBy } from "../support/http-log.ts";
import { openBench } from "../support/reconcile-bench.ts";

it("alarms for what a window of its own could not recover, until a later run has", async () => {
  const { bench, run, add, complete } = await openHttpLog();
  const [early, earlier] = [[agoOf(11), agoOf(9)] as const, [agoOf(21), agoOf(19)] as const];
  expect(await run()).toMatchObject({ state: "completed", listed: 0 });
  add("evt_1", agoOf(10));
  expect(await run(...early)).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await shownBy(bench)).toEqual([1]);
  // Each run looks for it again, whatever its window, and tells of it in the place of the one before.
  expect(await run(...early)).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await run(agoOf(6), agoOf(5))).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await shownBy(bench)).toEqual([1]);
  expect(await run()).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await shownBy(bench)).toEqual([1]);
  add("evt_2", agoOf(20));
  expect(await run(...earlier)).toMatchObject({ missing: 2, unexplained: 2 });
  expect(await shownBy(bench)).toEqual([2]);
  complete();
  expect(await run(...earlier)).toMatchObject({ missing: 2, recovered: 1, unexplained: 1 });
  expect(await shownBy(bench)).toEqual([1]);
  expect(await run(...early)).toMatchObject({ missing: 1, recovered: 1, unexplained: 0 });
  expect(await shownBy(bench)).toEqual([0]);
});

it("counts what a run left unexplained once, and no longer when a window of its own has recovered it", async () => {
  const { bench, run, add, complete } = await openHttpLog();
  const [from, to] = [agoOf(0.6), agoOf(0.4)];
  add("evt_1", agoOf(0.5));
  expect(await run()).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await run(agoOf(0.3), agoOf(0.2))).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await shownBy(bench)).toEqual([1]);
  expect(await run(from, to)).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await shownBy(bench)).toEqual([1]);
  complete();
  expect(await run(from, to)).toMatchObject({ missing: 1, recovered: 1 });
  expect(await shownBy(bench)).toEqual([0]);
});

it("goes on telling of what a window of its own did not see, since the log lists it no longer", async () => {
  const { bench, run, add, entries } = await openHttpLog();
  add("evt_1", agoOf(0.5));
  expect(await run()).toMatchObject({ missing: 1, unexplained: 1 });
  const listed = entries.splice(0);
  expect(await run(agoOf(0.6), agoOf(0.4))).toMatchObject({ matched: 0, missing: 1, unexplained: 1 });
  expect(await shownBy(bench)).toEqual([1]);
  entries.push(...listed);
  expect(await run()).toMatchObject({ missing: 1, unexplained: 1 });
});

it("looks in the next run at what a window of its own could not recover", async () => {
  const { bench, run, add } = await openHttpLog();
  add("evt_1", agoOf(10));
  expect(await run(agoOf(11), agoOf(9))).toMatchObject({ missing: 1, unexplained: 1 });
  const body = JSON.stringify({ id: "evt_1", object: "event", type: "invoice.paid" });
  expect(await bench.postStripe(body)).toBe(200);
  expect(await run()).toMatchObject({ listed: 1, missing: 1, recovered: 1, unexplained: 0 });
  expect(await shownBy(bench)).toEqual([0]);
  expect(await run()).toMatchObject({ listed: 0 });
});

it("looks no longer for what is missing for 90 days where nobody knows how long the log is kept, and says so", async () => {
  const { bench, run, add } = await openHttpLog();
  add("evt_1", agoOf(10));
  expect(await run(agoOf(11), agoOf(9))).toMatchObject({ missing: 1, unexplained: 1 });
  bench.wait(89 * DAY_MS);
  expect(await run()).toMatchObject({ missing: 1, unexplained: 1, detail: null });
  bench.wait(2 * DAY_MS);
  const detail = expect.stringMatching(/^1 missing event is looked for no longer: /);
  expect(await run()).toMatchObject({ state: "completed", missing: 0, unexplained: 0, detail });
  expect(bench.logged.filter((line) => line.includes("has given up what is missing"))).toEqual([
    expect.stringContaining("1 missing event is looked for no longer"),
  ]);
  expect(await shownBy(bench)).toEqual([0]);
  expect(await run()).toMatchObject({ missing: 0, detail: null });
});

it("looks again at what a process of the version before has listed, which does not say since when it is missing", async () => {
  const { bench, run, add } = await openHttpLog();
  add("evt_1", agoOf(0.5));
  expect(await run()).toMatchObject({ missing: 1, unexplained: 1 });
  await bench.query("UPDATE holdfast.reconciliation_entry SET missing_since = DEFAULT");
  expect(await run()).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await shownBy(bench)).toEqual([1]);
});

it("says what time it left out when it could not go on where the last one ended", async () => {
  const github = await startFakeGithub();
  const connector = { kind: "github", owner: "acme", repo: "shop", webhookId: "77", baseUrl: github.url };
  const bench = await openBench({ log: { source: "github", connector, secret: github.token, lagSec: 0 } });
  const run = async () => await bench.carryOn((await bench.start("log", null)).id);
  const first = await run();
  expect(first.detail).toBeNull();
  bench.wait(5 * DAY_MS);
  const second = await run();
  const span = `from ${first.window_to.toISOString()} to ${second.window_from.toISOString()}`;
  const detail = `nothing was compared ${span}: the provider's log is not known to go back so far`;
  expect(second).toMatchObject({ state: "completed", unexplained: 0, detail });
  expect(second.window_from > first.window_to).toBe(true);
  const told = bench.logged.filter((line) => line.includes("a reconciliation has left a time out"));
  expect(told).toEqual([expect.stringContaining(span)]);
  bench.wait(DAY_MS);
  expect((await run()).detail).toBeNull();
});

it("says of a time that it left out because keys were forgotten that this was why", async () => {
  const { bench, run } = await openHttpLog();
  const first = await run();
  bench.wait(5 * DAY_MS);
  await forgetKeys(bench.db, new Date(bench.now().getTime() - DAY_MS));
  const second = await run();
  const span = `from ${first.window_to.toISOString()} to ${second.window_from.toISOString()}`;
  const detail = `nothing was compared ${span}: the ledger of keys does not go back so far (retention.dedupeDays)`;
  expect(second).toMatchObject({ state: "completed", unexplained: 0, detail });
});

it("ends the run under way when its reconciliation is disabled, and goes on from its beginning when that is active again", async () => {
  const { bench } = await openHttpLog();
  const setup = await bench.setup("log");
  const turn = (state: "active" | "disabled") =>
    changeReconciliation(bench.deps, "default", () => {
      return { ...setup, secret: undefined, state, action: "updated", fields: ["state"] };
    });
  const { id } = await bench.start("log", null);
  // A step of the run is just being written: that must hold up neither who disables it nor the catalog behind them.
  const step = await bench.deps.db.transaction(async (tx) => {
    const [lease, now] = [randomUUID(), bench.now()];
    expect((await tx.run(claimRun, [lease, now, now, now])).rowCount).toBe(1);
    expect(await turn("disabled")).toMatchObject({ ok: true });
    return (await tx.run(holdRun, [id, lease, now])).rowCount;
  }, 30_000);
  expect(step).toMatchObject({ ok: true, value: 0 });
  expect(await bench.start("log", null).then(null, String)).toContain("disabled");
  const ended = await bench.carryOn(id);
  expect(ended).toMatchObject({ state: "cancelled", detail: "its reconciliation was disabled" });
  await turn("active");
  const next = await bench.carryOn((await bench.start("log", null)).id);
  expect(next).toMatchObject({ state: "completed", detail: null });
});
