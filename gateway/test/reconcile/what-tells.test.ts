import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { changeReconciliation } from "../../src/pipeline/apply-reconciliations.ts";
import { startDue } from "../../src/recovery/start-due.ts";
import { claimRun, holdRun } from "../../src/store/reconciliations/runs.ts";
import { startFakeGithub } from "../support/fake-github.ts";
import { forgetKeys } from "../support/forget-keys.ts";
import { startFakeProvider } from "../support/fake-provider.ts";
import type { Bench } from "../support/reconcile-bench.ts";
import { openBench } from "../support/reconcile-bench.ts";

const DAY = 86_400_000;
const agoOf = (days: number) => new Date(Date.now() - days * DAY);

/** A log of entries at times of their own, each with its body or without. */
async function openHttp() {
  const entries: { id: string; created: number; payload?: object }[] = [];
  const log = await startFakeProvider(() => ({ status: 200, text: JSON.stringify(entries) }));
  const places = { id: "/id", time: "/created", timeFormat: "s", body: "/payload" };
  const connector = { kind: "http", url: `${log.url}/log`, paging: "none", ...places };
  const bench = await openBench({ log: { source: "stripe", lagSec: 0, connector } });
  const run = async (from?: Date, to?: Date) => {
    bench.wait(1_000);
    const window = from === undefined || to === undefined ? null : { from, to };
    return await bench.carryOn((await bench.start("log", window)).id);
  };
  const add = (id: string, at: Date) => void entries.push({ id, created: Math.floor(at.getTime() / 1_000) });
  const complete = () => {
    for (const entry of entries) entry.payload = { id: entry.id, object: "event", type: "invoice.paid" };
  };
  return { bench, run, add, entries, complete };
}

async function shown(bench: Bench) {
  await startDue({ ...bench.deps, metrics: bench.metrics, findSourceName: () => "stripe" });
  return (await bench.metrics.reconciliationUnexplained.get()).values.map(({ value }) => value);
}

it("alarms for what a window of its own could not recover, until the next run or the same window again has", async () => {
  const { bench, run, add, complete } = await openHttp();
  const [early, earlier] = [[agoOf(11), agoOf(9)] as const, [agoOf(21), agoOf(19)] as const];
  expect(await run()).toMatchObject({ state: "completed", listed: 0 });
  add("evt_1", agoOf(10));
  expect(await run(...early)).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await shown(bench)).toEqual([1]);
  // The same window again takes the first one's place; another one says nothing of it.
  expect(await run(...early)).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await run(agoOf(6), agoOf(5))).toMatchObject({ missing: 0 });
  expect(await shown(bench)).toEqual([1]);
  expect(await run()).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await shown(bench)).toEqual([1]);
  add("evt_2", agoOf(20));
  expect(await run(...earlier)).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await shown(bench)).toEqual([2]);
  complete();
  expect(await run(...earlier)).toMatchObject({ missing: 1, recovered: 1 });
  expect(await shown(bench)).toEqual([1]);
});

it("counts what a run left unexplained once, and no longer when a window of its own has recovered it", async () => {
  const { bench, run, add, complete } = await openHttp();
  const [from, to] = [agoOf(0.6), agoOf(0.4)];
  add("evt_1", agoOf(0.5));
  expect(await run()).toMatchObject({ missing: 1, unexplained: 1 });
  // Another window says nothing of it.
  expect(await run(agoOf(0.3), agoOf(0.2))).toMatchObject({ listed: 0 });
  expect(await shown(bench)).toEqual([1]);
  expect(await run(from, to)).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await shown(bench)).toEqual([1]);
  complete();
  expect(await run(from, to)).toMatchObject({ missing: 1, recovered: 1 });
  expect(await shown(bench)).toEqual([0]);
});

it("goes on telling of what a window of its own did not see, since the log lists it no longer", async () => {
  const { bench, run, add, entries } = await openHttp();
  add("evt_1", agoOf(0.5));
  expect(await run()).toMatchObject({ missing: 1, unexplained: 1 });
  const listed = entries.splice(0);
  expect(await run(agoOf(0.6), agoOf(0.4))).toMatchObject({ listed: 0, unexplained: 0 });
  expect(await shown(bench)).toEqual([1]);
  entries.push(...listed);
  expect(await run()).toMatchObject({ missing: 1, unexplained: 1 });
});

it("looks in the next run at what a window of its own could not recover", async () => {
  const { bench, run, add } = await openHttp();
  add("evt_1", agoOf(10));
  expect(await run(agoOf(11), agoOf(9))).toMatchObject({ missing: 1, unexplained: 1 });
  const body = JSON.stringify({ id: "evt_1", object: "event", type: "invoice.paid" });
  expect(await bench.postStripe(body)).toBe(200);
  expect(await run()).toMatchObject({ listed: 1, missing: 1, recovered: 1, unexplained: 0 });
  expect(await shown(bench)).toEqual([0]);
  expect(await run()).toMatchObject({ listed: 0 });
});

it("looks no longer for what is missing for 90 days where nobody knows how long the log is kept, and says so", async () => {
  const { bench, run, add } = await openHttp();
  add("evt_1", agoOf(10));
  expect(await run(agoOf(11), agoOf(9))).toMatchObject({ missing: 1, unexplained: 1 });
  bench.wait(89 * DAY);
  expect(await run()).toMatchObject({ missing: 1, unexplained: 1, detail: null });
  bench.wait(2 * DAY);
  const detail = expect.stringMatching(/^1 missing event is looked for no longer: /);
  expect(await run()).toMatchObject({ state: "completed", missing: 0, unexplained: 0, detail });
  expect(bench.logged.filter((line) => line.includes("has given up what is missing"))).toEqual([
    expect.stringContaining("1 missing event is looked for no longer"),
  ]);
  expect(await shown(bench)).toEqual([0]);
  expect(await run()).toMatchObject({ missing: 0, detail: null });
});

it("looks again at what a process of the version before has listed, which does not say since when it is missing", async () => {
  const { bench, run, add } = await openHttp();
  add("evt_1", agoOf(0.5));
  expect(await run()).toMatchObject({ missing: 1, unexplained: 1 });
  await bench.query("UPDATE holdfast.reconciliation_entry SET missing_since = DEFAULT");
  expect(await run()).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await shown(bench)).toEqual([1]);
});

it("says what time it left out when it could not go on where the last one ended", async () => {
  const github = await startFakeGithub();
  const connector = { kind: "github", owner: "acme", repo: "shop", webhookId: "77", baseUrl: github.url };
  const bench = await openBench({ log: { source: "github", connector, secret: github.token, lagSec: 0 } });
  const run = async () => await bench.carryOn((await bench.start("log", null)).id);
  const first = await run();
  expect(first.detail).toBeNull();
  bench.wait(5 * DAY);
  const second = await run();
  const span = `from ${first.window_to.toISOString()} to ${second.window_from.toISOString()}`;
  const detail = `nothing was compared ${span}: the provider's log is not known to go back so far`;
  expect(second).toMatchObject({ state: "completed", unexplained: 0, detail });
  expect(second.window_from > first.window_to).toBe(true);
  const told = bench.logged.filter((line) => line.includes("a reconciliation has left a time out"));
  expect(told).toEqual([expect.stringContaining(span)]);
  bench.wait(DAY);
  expect((await run()).detail).toBeNull();
});

it("says of a time that it left out because keys were forgotten that this was why", async () => {
  const { bench, run } = await openHttp();
  const first = await run();
  bench.wait(5 * DAY);
  await forgetKeys(bench.db, new Date(bench.now().getTime() - DAY));
  const second = await run();
  const span = `from ${first.window_to.toISOString()} to ${second.window_from.toISOString()}`;
  const detail = `nothing was compared ${span}: the ledger of keys does not go back so far (retention.dedupeDays)`;
  expect(second).toMatchObject({ state: "completed", unexplained: 0, detail });
});

it("ends the run under way when its reconciliation is disabled, and goes on from its beginning when that is active again", async () => {
  const { bench } = await openHttp();
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
