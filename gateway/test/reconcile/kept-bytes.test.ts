import { expect, it } from "vitest";
import { dropSpentBytes } from "../../src/recovery/drop-spent-bytes.ts";
import { startDue } from "../../src/recovery/start-due.ts";
import { cancelReconciliation } from "../../src/recovery/start-reconciliation.ts";
import type { Database } from "../../src/store/database.ts";
import { MEASURES } from "../../src/store/alerts/measures.ts";
import { listEntries } from "../../src/store/reconciliations/entries.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { startFakeProvider } from "../support/fake-provider.ts";
import { startFakeStripe } from "../support/fake-stripe.ts";
import { Killed, openBench } from "../support/reconcile-bench.ts";
import { startRun } from "../support/reconciliation-runs.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const STORED = `SELECT count(body)::int AS bodies, count(headers)::int AS headers, coalesce(sum(length(body)), 0)::int AS bytes
  FROM holdfast.reconciliation_entry`;
const FIRST = "00000000-0000-0000-0000-000000000000";

/** So many events that never came, of a source that cannot be matched with its log until the operator has corrected it. */
async function openMissed(count: number) {
  const stripe = await startFakeStripe();
  const connector = { kind: "stripe", baseUrl: stripe.url };
  const terms = { eventTypes: ["*"], lagSec: 0, lookbackSec: 86_400 };
  const bench = await openBench({ log: { source: "stripe", connector, secret: stripe.key, ...terms } });
  const bodies = Array.from({ length: count }, () => stripe.happen(Date.now() - 3 * HOUR).body);
  const { findSource } = bench.deps;
  let isApart = true;
  Object.assign(bench.deps, {
    findSource: (id: string) => {
      const ready = findSource(id)!;
      const policy = { ...ready.source.policy, batch: "item" };
      return isApart ? { ...ready, source: { ...ready.source, policy } } : ready;
    },
  });
  return {
    stripe,
    bench,
    bodies,
    correct: () => void (isApart = false),
    run: async () => {
      bench.wait(HOUR);
      return await bench.carryOn((await bench.start("log", null)).id);
    },
    drop: async (db: Database = bench.db) => {
      while (await dropSpentBytes(db));
    },
    stored: async () => (await bench.query<{ bodies: number; headers: number; bytes: number }>(STORED))[0]!,
    told: async (run: { readonly id: string }) =>
      (await bench.db.run(listEntries, [run.id, FIRST, "unexplained", 1_000])).rows.map(({ detail }) => detail),
    alarms: async () => {
      await startDue({ ...bench.deps, metrics: bench.metrics, findSourceName: () => "stripe" });
      const shown = (await bench.metrics.reconciliationUnexplained.get()).values.map(({ value }) => value);
      const alerted = (await bench.db.run(MEASURES.get("reconciliation_unexplained")!.statement, [])).rows;
      return { shown, alerted: alerted.map(({ value }) => value) };
    },
  };
}

it("keeps what the log told of missing events once however many runs look for them, and recovers them from it", async () => {
  const missed = await openMissed(12);
  const { bench, stripe } = missed;
  const first = await missed.run();
  await missed.drop();
  const kept = await missed.stored();
  expect(kept).toMatchObject({ bodies: 12, headers: 12 });
  for (let i = 0; i < 2; i++) {
    expect(await missed.run()).toMatchObject({ state: "completed", missing: 12, unexplained: 12 });
    await missed.drop();
    expect(await missed.stored()).toEqual(kept);
    expect(await missed.alarms()).toEqual({ shown: [12], alerted: [12] });
  }
  const reason = expect.stringContaining("takes requests of several events apart");
  expect(await missed.told(first)).toEqual(Array.from({ length: 12 }, () => reason));

  missed.correct();
  expect(await missed.run()).toMatchObject({ state: "completed", missing: 12, recovered: 12, unexplained: 0 });
  await missed.drop();
  expect(await missed.stored()).toEqual({ bodies: 0, headers: 0, bytes: 0 });
  expect(await missed.told(first)).toHaveLength(12);
  expect(await missed.alarms()).toEqual({ shown: [0], alerted: [] });
  const events = await bench.query<{ body: Buffer }>("SELECT body FROM holdfast.event");
  expect(events.map(({ body }) => body.toString()).toSorted()).toEqual(missed.bodies.toSorted());
  // From what was kept: no event was asked for by itself, and the window of the last run is hours after them.
  expect(stripe.asked.filter((line) => line.includes("/v1/events/"))).toEqual([]);
});

it("takes the bytes piece by piece, and goes on where it was killed", async () => {
  const missed = await openMissed(230);
  const { bench } = missed;
  await missed.run();
  await missed.run();
  expect(await missed.stored()).toMatchObject({ bodies: 460 });
  let pieces = 0;
  const killed: Database = {
    ...bench.db,
    run: (statement, values) =>
      statement.name === "drop_entry_bytes" && ++pieces === 2
        ? Promise.reject(new Killed())
        : bench.db.run(statement, values),
  };
  await expect(missed.drop(killed)).rejects.toThrow(Killed);
  expect(await missed.stored()).toMatchObject({ bodies: 360 });
  await missed.drop();
  expect(await missed.stored()).toMatchObject({ bodies: 230, headers: 230 });
});

it("keeps no bytes of a run that was cancelled, and all of those that the next one goes on from", async () => {
  const missed = await openMissed(3);
  const { bench } = missed;
  await missed.run();
  bench.wait(HOUR);
  const { id } = await bench.start("log", null);
  // What is under way works from its own.
  await missed.drop();
  expect(await missed.stored()).toMatchObject({ bodies: 6 });
  expect(await cancelReconciliation(bench.deps, "default", id, "by a test")).toMatchObject({ kind: "cancelled" });
  await missed.drop();
  expect(await missed.stored()).toMatchObject({ bodies: 3 });
  missed.correct();
  expect(await missed.run()).toMatchObject({ state: "completed", missing: 3, recovered: 3 });
});

it("carries on for as long as the provider keeps its log, and keeps nothing of what it looks for no longer", async () => {
  const missed = await openMissed(3);
  const { bench } = missed;
  await missed.run();
  bench.wait(29 * DAY);
  expect(await missed.run()).toMatchObject({ missing: 3, unexplained: 3, detail: null });
  bench.wait(DAY);
  const detail = expect.stringContaining("3 missing events are looked for no longer");
  expect(await missed.run()).toMatchObject({ state: "completed", missing: 0, unexplained: 0, detail });
  await missed.drop();
  expect(await missed.stored()).toEqual({ bodies: 0, headers: 0, bytes: 0 });
});

it("leaves one copy where a gateway compares with the log of another account again and again", async () => {
  const desk = await openDesk();
  const created = Math.floor(Date.now() / 1_000) - 3_600;
  const payload = { id: "evt_of_another_account", object: "event", type: "invoice.paid", created };
  const log = await startFakeProvider(() => ({
    status: 200,
    text: JSON.stringify([{ id: "evt_1", created, payload }]),
  }));
  const places = { id: "/id", time: "/created", timeFormat: "s", body: "/payload" };
  const connector = { kind: "http", url: `${log.url}/log`, paging: "none", ...places };
  const destinations = { app: { url: "http://127.0.0.1:9/" } };
  await startDeliveries(desk, { destinations, reconciliations: { log: { source: "payments", connector, lagSec: 0 } } });
  const completed = "SELECT unexplained FROM holdfast.reconciliation_run WHERE state = 'completed'";
  for (const runs of [1, 2, 3]) {
    await startRun(desk, null);
    await until(async () => (await desk.query(completed)).length === runs);
  }
  expect(await desk.query(completed)).toEqual([1, 2, 3].map(() => ({ unexplained: 1 })));
  await until(async () => (await desk.query<{ bodies: number }>(STORED))[0]!.bodies === 1);
});
