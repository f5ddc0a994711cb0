import { mkdir, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { startReconciliation } from "../../src/recovery/start-reconciliation.ts";
import { testFolder } from "../support/folder.ts";
import { forgetKeys } from "../support/forget-keys.ts";
import { startFakeProvider } from "../support/fake-provider.ts";
import { startFakeStripe } from "../support/fake-stripe.ts";
import type { Bench } from "../support/reconcile-bench.ts";
import { openBench } from "../support/reconcile-bench.ts";

const DAY = 86_400_000;
const EVENTS = "SELECT count(*)::int AS events, count(DISTINCT provider_event_id)::int AS ids FROM holdfast.event";
const ENTRIES = "SELECT provider_event_id AS id, state, detail FROM holdfast.reconciliation_entry ORDER BY run_id, id";
const agoOf = (days: number) => new Date(Date.now() - days * DAY);

async function openStripe() {
  const stripe = await startFakeStripe();
  const connector = { kind: "stripe", baseUrl: stripe.url };
  const terms = { eventTypes: ["*"], lagSec: 0, lookbackSec: 20 * 86_400 };
  return { stripe, bench: await openBench({ log: { source: "stripe", connector, secret: stripe.key, ...terms } }) };
}

async function wish(bench: Bench, name: string, from: Date, to: Date) {
  const cause = { cause: "requested", startedBy: "a test" } as const;
  return await startReconciliation(bench.deps, await bench.setup(name), { ...cause, window: { from, to } });
}

it("looks back no further than keys are known, so that what was processed before is not delivered again", async () => {
  const { stripe, bench } = await openStripe();
  expect(await bench.postStripe(stripe.happen(agoOf(15).getTime()).body)).toBe(200);
  expect(await wish(bench, "log", agoOf(25), agoOf(24))).toMatchObject({ kind: "started" });
  await bench.query("DELETE FROM holdfast.reconciliation_run");
  await forgetKeys(bench.db, agoOf(10));
  const old = await wish(bench, "log", agoOf(25), agoOf(14));
  expect(old).toMatchObject({
    kind: "refused",
    path: "window",
    problem: expect.stringContaining("retention.dedupeDays"),
  });
  // One of its own accord begins where keys do.
  const late = stripe.happen(agoOf(9).getTime());
  const run = await bench.carryOn((await bench.start("log", null)).id);
  expect(run).toMatchObject({ state: "completed", listed: 1, missing: 1, recovered: 1 });
  expect(Math.abs(run.window_from.getTime() - agoOf(10).getTime())).toBeLessThan(DAY / 24);
  expect(await bench.query(EVENTS)).toEqual([{ events: 2, ids: 2 }]);
  expect(
    await bench.query("SELECT provider_event_id AS id FROM holdfast.event WHERE verified_by = 'provider_api'"),
  ).toEqual([{ id: late.id }]);
});

it("leaves what a log tells without its time unexplained once keys are forgotten, and recovers it in no later run", async () => {
  const dataDir = testFolder();
  await mkdir(`${dataDir}/imports/default`, { recursive: true });
  const connector = { kind: "file", file: "log.jsonl", format: "jsonl", id: "/id", type: "/type" };
  const setup = { source: "stripe", connector, lagSec: 0 };
  const bench = await openBench({ log: setup }, dataDir);
  const write = (...ids: string[]) => {
    const lines = ids.map((id) => JSON.stringify({ id, object: "event", type: "invoice.paid" }));
    return writeFile(`${dataDir}/imports/default/log.jsonl`, lines.join("\n"));
  };
  const post = (id: string) => bench.postStripe(JSON.stringify({ id, object: "event", type: "invoice.paid" }));
  // As long as every key is known, what is not in the ledger never came.
  await write("evt_missed");
  expect(await bench.carryOn((await bench.start("log", null)).id)).toMatchObject({ missing: 1, recovered: 1 });
  expect(await post("evt_old")).toBe(200);
  await forgetKeys(bench.db, agoOf(1));
  expect(await post("evt_known")).toBe(200);
  await write("evt_known", "evt_old");
  bench.wait(1_000);
  const first = await bench.carryOn((await bench.start("log", null)).id);
  expect(first).toMatchObject({ state: "completed", listed: 2, matched: 1, missing: 1, recovered: 0, unexplained: 1 });
  const told = { id: "evt_old", state: "unexplained", detail: expect.stringContaining("may have been processed") };
  expect((await bench.query(ENTRIES)).at(-1)).toEqual(told);
  await write("evt_known");
  bench.wait(1_000);
  const second = await bench.carryOn((await bench.start("log", null)).id);
  expect(second).toMatchObject({ state: "completed", listed: 1, matched: 1, missing: 0 });
  expect(await bench.query(EVENTS)).toEqual([{ events: 3, ids: 3 }]);
});

it("takes an entry without a time for one of the window where the log was asked for that window alone", async () => {
  const payload = { id: "evt_missed", object: "event", type: "invoice.paid" };
  const log = await startFakeProvider(() => ({ status: 200, text: JSON.stringify([payload]) }));
  const connector = { kind: "http", url: `${log.url}/log`, paging: "none", id: "/id", type: "/type" };
  const setup = { source: "stripe", lagSec: 0 };
  const bench = await openBench({
    narrow: { ...setup, connector: { ...connector, fromParameter: "since" } },
    whole: { ...setup, connector },
  });
  await forgetKeys(bench.db, agoOf(10));
  expect(await bench.carryOn((await bench.start("whole", null)).id)).toMatchObject({ missing: 1, unexplained: 1 });
  expect(await bench.carryOn((await bench.start("narrow", null)).id)).toMatchObject({ missing: 1, recovered: 1 });
});

it("carries on with what it could not explain only while the keys of that time are known", async () => {
  const payload = { id: "evt_bodiless", object: "event", type: "invoice.paid" };
  let body: object = {};
  const log = await startFakeProvider(() => ({ status: 200, text: JSON.stringify([{ ...payload, ...body }]) }));
  const places = { id: "/id", type: "/type", time: "/created", timeFormat: "s", body: "/payload" };
  const connector = { kind: "http", url: `${log.url}/log`, paging: "none", ...places };
  const bench = await openBench({ log: { source: "stripe", lagSec: 0, overlapSec: 0, connector } });
  body = { created: Math.floor(Date.now() / 1_000) - 3_600 };
  const first = await bench.carryOn((await bench.start("log", null)).id);
  expect(first).toMatchObject({ missing: 1, unexplained: 1 });
  bench.wait(1_000);
  const again = await bench.carryOn((await bench.start("log", null)).id);
  expect(again).toMatchObject({ missing: 1, unexplained: 1 });
  // As if nothing had been compared for longer than keys are known.
  await forgetKeys(bench.db, new Date(bench.now().getTime()));
  bench.wait(DAY);
  const last = await bench.carryOn((await bench.start("log", null)).id);
  expect(last).toMatchObject({ state: "completed", listed: 0, missing: 0, unexplained: 0 });
});
