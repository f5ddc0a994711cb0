import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { checkDefinition } from "../../src/domain/definition.ts";
import { applyDefinition } from "../../src/pipeline/apply-definition.ts";
import { definitionCheckers } from "../../src/pipeline/definition-checkers.ts";
import { resealAll } from "../../src/pipeline/reseal.ts";
import { checkSchedule, nextMoment } from "../../src/platform/schedule.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import { startDue } from "../../src/recovery/start-due.ts";
import { cancelReconciliation } from "../../src/recovery/start-reconciliation.ts";
import { loadSetups } from "../../src/store/reconciliations/setups.ts";
import { startFakeStripe } from "../support/fake-stripe.ts";
import { openBench } from "../support/reconcile-bench.ts";

/** Five minutes may begin while a test looks more than once; where no run is to start by itself, none is due for years. */
const NEVER_DUE = "0 0 29 2 *";

async function openScheduled(more: Readonly<Record<string, object>> = {}, schedule = "*/5 * * * *") {
  const stripe = await startFakeStripe();
  const connector = { kind: "stripe", baseUrl: stripe.url };
  const setup = { source: "stripe", connector, secret: stripe.key, eventTypes: ["*"], lagSec: 60 };
  const others = Object.entries(more).map(([name, fields]) => [name, { ...setup, ...fields }]);
  const log = { ...setup, schedule };
  const bench = await openBench({ log, ...Object.fromEntries(others) });
  const schedules = { ...bench.deps, metrics: bench.metrics, findSourceName: () => "stripe" };
  return { stripe, setup, bench, schedules };
}

it("starts a run when its time has come, once whoever looks, and goes on where the last one ended", async () => {
  const { stripe, bench, schedules } = await openScheduled();
  // The first look only works out when: a gateway that starts often must not compare at every start.
  expect(await startDue(schedules)).toBe(0);
  bench.wait(301_000);
  expect((await Promise.all([startDue(schedules), startDue(schedules)])).toSorted()).toEqual([0, 1]);
  expect(await startDue(schedules)).toBe(0);
  stripe.happen(bench.now().getTime() - 90_000);
  const runs = () =>
    bench.query<{ id: string; cause: string; window_from: Date; window_to: Date }>(
      "SELECT id, cause, window_from, window_to FROM holdfast.reconciliation_run ORDER BY id",
    );
  const [first] = await runs();
  expect(await bench.carryOn(first!.id)).toMatchObject({ cause: "scheduled", state: "completed", recovered: 1 });
  bench.wait(301_000);
  expect(await startDue(schedules)).toBe(1);
  const [, second] = await runs();
  expect(second!.window_from).toEqual(new Date(first!.window_to.getTime() - 3_600_000));
  // While it is under way, the next one waits; cancelled, it leaves its window to the next.
  bench.wait(301_000);
  expect(await startDue(schedules)).toBe(0);
  expect(await cancelReconciliation(bench.deps, "default", second!.id, "by a test")).toMatchObject({
    kind: "cancelled",
  });
  bench.wait(301_000);
  expect(await startDue(schedules)).toBe(1);
  const third = (await runs()).at(-1);
  expect(third!.window_from).toEqual(second!.window_from);
});

it("counts no failed run and no recovered event of an active setup before there is one, so that the first is seen as an increase", async () => {
  const { bench, schedules } = await openScheduled();
  const failedRuns = async () => (await bench.metrics.reconciliationRuns.get()).values;
  expect(await failedRuns()).toEqual([]);
  await startDue(schedules);
  expect(await failedRuns()).toEqual([{ labels: { source: "stripe", result: "failed" }, value: 0 }]);
  const recovered = (await bench.metrics.reconciliationRecovered.get()).values;
  expect(recovered.map(({ labels, value }) => [labels.source, labels.by, value])).toEqual([
    ["stripe", "redelivery", 0],
    ["stripe", "provider_api", 0],
    ["stripe", "arrival", 0],
  ]);
});

it("shows what is unexplained of all active reconciliations of a source together, and of no disabled one", async () => {
  const { bench, schedules } = await openScheduled({ other: { schedule: NEVER_DUE } }, NEVER_DUE);
  const shown = async () => {
    await startDue(schedules);
    return (await bench.metrics.reconciliationUnexplained.get()).values.map(({ labels, value }) => [
      labels.source,
      value,
    ]);
  };
  expect(await shown()).toEqual([]);
  for (const [name, unexplained] of [
    ["log", 2],
    ["other", 0],
  ] as const) {
    const { id } = await bench.carryOn((await bench.start(name, null)).id);
    await bench.query(
      "UPDATE holdfast.reconciliation_run SET listed = $2, missing = $2, unexplained = $2 WHERE id = $1",
      [id, unexplained],
    );
  }
  expect(await shown()).toEqual([["stripe", 2]]);
  await bench.query(
    "UPDATE holdfast.reconciliation_run SET listed = listed + 1, missing = missing + 1, unexplained = unexplained + 1",
  );
  expect(await shown()).toEqual([["stripe", 4]]);
  const disable = (name: string) =>
    bench.query("UPDATE holdfast.reconciliation SET state = 'disabled' WHERE name = $1", [name]);
  await disable("log");
  expect(await shown()).toEqual([["stripe", 1]]);
  await disable("other");
  expect(await shown()).toEqual([]);
});

it("shows of how many active reconciliations of a source the newest run that has ended failed, until one has not", async () => {
  const { bench, schedules } = await openScheduled({ other: { schedule: NEVER_DUE } }, NEVER_DUE);
  const shown = async () => {
    await startDue(schedules);
    return (await bench.metrics.reconciliationFailing.get()).values.map(({ labels, value }) => [labels.source, value]);
  };
  const run = async (name: string) => (await bench.carryOn((await bench.start(name, null)).id)).id;
  expect(await shown()).toEqual([]);
  const first = await run("log");
  expect(await shown()).toEqual([["stripe", 0]]);
  await bench.query("UPDATE holdfast.reconciliation_run SET state = 'failed', detail = 'answered 401' WHERE id = $1", [
    first,
  ]);
  await run("other");
  expect(await shown()).toEqual([["stripe", 1]]);
  // While the next one is under way, the one before counts.
  const next = await bench.start("log", null);
  expect(await shown()).toEqual([["stripe", 1]]);
  await bench.carryOn(next.id);
  expect(await shown()).toEqual([["stripe", 0]]);
  await bench.query("UPDATE holdfast.reconciliation SET state = 'disabled'");
  expect(await shown()).toEqual([]);
});

it("takes five-part patterns in UTC and says what is wrong with others", () => {
  expect([checkSchedule("*/15 * * * *"), checkSchedule("0 3 * * 1")]).toEqual([null, null]);
  expect(checkSchedule("* * * * * *")).toContain("not a cron pattern of five parts");
  expect(checkSchedule("0 0 31 2 *")).toContain("never comes");
  expect(nextMoment("30 2 * * *", new Date("2026-03-29T01:00:00Z"))).toEqual(new Date("2026-03-29T02:30:00Z"));
});

it("applies what is declared: unchanged twice, disabled when it is gone, its secret sealed anew with the first key", async () => {
  const { setup, bench } = await openScheduled();
  const apply = async (reconciliations: object) => {
    const checked = checkDefinition(
      {
        sources: { stripe: { provider: "stripe", secrets: ["whsec_of_the_tests_at_least_24_bytes"] } },
        reconciliations,
      },
      definitionCheckers({ allowCidrs: ["127.0.0.1/32"] }),
    );
    if (!checked.ok) throw new Error(JSON.stringify(checked.faults));
    const applied = await applyDefinition({ ...bench.deps, random: randomBytes }, checked.definition, {
      origin: "file",
      dryRun: false,
    });
    if (!applied.ok) throw new Error(JSON.stringify(applied));
    const named = (things: readonly { kind: string; name: string; fields: readonly string[] }[]) =>
      things.filter(({ kind }) => kind === "reconciliation").map(({ name, fields }) => [name, ...fields]);
    return {
      created: named(applied.plan.created),
      updated: named(applied.plan.updated),
      disabled: named(applied.plan.disabled),
    };
  };
  const scheduled = { ...setup, schedule: "*/5 * * * *" };
  expect(await apply({ log: scheduled })).toEqual({ created: [], updated: [], disabled: [] });
  expect(await apply({ log: { ...scheduled, secret: "sk_test_next", overlapSec: 7 } })).toMatchObject({
    updated: [["log", "overlapSec", "secret"]],
  });
  expect(await apply({})).toMatchObject({ disabled: [["log", "state"]] });
  expect((await bench.setup("log")).state).toBe("disabled");

  const fresh = { id: "fresh", key: randomBytes(32) };
  const sealed = await bench.query<{ sealed_secret: Buffer }>("SELECT sealed_secret FROM holdfast.reconciliation");
  const opened = bench.deps.box.open(
    sealed[0]!.sealed_secret,
    `holdfast/reconciliation/default/${(await bench.setup("log")).id}/secret`,
  );
  expect(opened.ok && Buffer.from(opened.plain).toString()).toBe("sk_test_next");
  const freshBox = createSecretsBox({ keys: [fresh] });
  const both = {
    ...freshBox,
    open: (bytes: Uint8Array, aad: string) =>
      freshBox.isCurrent(bytes) ? freshBox.open(bytes, aad) : bench.deps.box.open(bytes, aad),
  };
  expect(await resealAll({ db: bench.db, box: both, clock: bench.deps.clock }, 10_000)).toMatchObject({
    complete: true,
    unreadable: [],
  });
  expect(await loadSetups(bench.db, freshBox)).toMatchObject([{ secret: "sk_test_next", secretUnreadable: false }]);
  expect(await loadSetups(bench.db, bench.deps.box)).toMatchObject([{ secret: null, secretUnreadable: true }]);
});
