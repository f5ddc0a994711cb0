import { expect, it } from "vitest";
import type { Connector } from "../../src/recovery/connectors/connector.ts";
import { reconcileNext } from "../../src/recovery/reconcile.ts";
import { findRun } from "../../src/store/reconciliations/runs.ts";
import type { Reply } from "../support/fake-provider.ts";
import { startFakeProvider } from "../support/fake-provider.ts";
import { startFakeStripe } from "../support/fake-stripe.ts";
import type { Bench } from "../support/reconcile-bench.ts";
import { openBench } from "../support/reconcile-bench.ts";

const HOUR = 3_600_000;
const ROUNDS = 6;
const window = () => ({ from: new Date(Date.now() - 2 * HOUR), to: new Date(Date.now() - HOUR / 2) });
const runOf = async (bench: Bench, id: string) => (await bench.db.run(findRun, ["default", id])).rows[0]!;

/** A log of one event at Stripe, and one behind plain HTTP that pages by a link and answers what the test says. */
async function openTwo(answer: () => Reply) {
  const stripe = await startFakeStripe();
  stripe.happen(Date.now() - HOUR);
  const fake = await startFakeProvider(answer);
  const connector = {
    kind: "http",
    url: `${fake.url}/log`,
    items: "/list",
    id: "/id",
    paging: "url",
    nextPlace: "/next",
  };
  const bench = await openBench({
    odd: { source: "svix", connector, eventTypes: ["*"], lagSec: 0 },
    well: {
      source: "stripe",
      connector: { kind: "stripe", baseUrl: stripe.url },
      secret: stripe.key,
      eventTypes: ["*"],
      lagSec: 0,
    },
  });
  return { fake, bench };
}

/** Puts something else in the place of one call of the odd log. */
function listOdd(bench: Bench, list: Connector["list"]): void {
  const { openConnector } = bench.deps;
  Object.assign(bench.deps, {
    openConnector: async (setup: Parameters<typeof openConnector>[0]) => {
      const opened = await openConnector(setup);
      return opened.ok && setup.name === "odd" ? { ok: true, connector: { ...opened.connector, list } } : opened;
    },
  });
}

/** Starts the odd run first, so that it is due before the other, and goes so many rounds as would not do if it stood in the way. */
async function startBoth(bench: Bench) {
  const odd = await bench.start("odd", window());
  bench.wait(1);
  const well = await bench.start("well", window());
  for (let round = 0; round < ROUNDS; round++) await reconcileNext(bench.deps, () => false).catch(() => {});
  return { odd, well };
}

/** Carries a run on to its end, with nearly all of its tries used up. */
async function lastTries(bench: Bench, id: string) {
  await bench.query("UPDATE holdfast.reconciliation_run SET failures = 98 WHERE id = $1", [id]);
  return await bench.carryOn(id);
}

it.each([
  ["is no URL", String.raw`http://[`],
  ["holds a NUL", String.raw`/log?page=a\u0000b`],
  ["holds half of a character", String.raw`/log?page=a\ud800b`],
])("ends a run as failed, and holds up no other, when the place of the next page %s", async (_what, next) => {
  const text = `{"list":[{"id":"evt_1"}],"next":"${next}"}`;
  const { fake, bench } = await openTwo(() => ({ status: 200, text }));
  const { odd, well } = await startBoth(bench);
  expect(await runOf(bench, well.id)).toMatchObject({ state: "completed", recovered: 1 });
  expect(await runOf(bench, odd.id)).toMatchObject({ state: "started", cursor: null, failures: fake.asked.length });
  const ended = await lastTries(bench, odd.id);
  expect(ended).toMatchObject({ state: "failed", failures: 100 });
  expect(ended.detail).toMatch(/next page/);
});

const entry = {
  eventKey: "id:evt_1",
  providerEventId: "evt_1",
  reference: null,
  eventType: null,
  occurredAt: null,
  providerOutcome: null,
  body: null,
  headers: [],
};

it.each<[string, RegExp, Connector["list"]]>([
  ["throws", /TypeError/, () => Promise.reject(new TypeError("it quotes sk_test_secret"))],
  [
    "gives what our database refuses",
    /violates check constraint/,
    async () => ({ ok: true, entries: [{ ...entry, providerOutcome: "odd" as "failed" }], next: null }),
  ],
  [
    "gives what cannot even be sent to our database",
    /RangeError/,
    async () => ({ ok: true, entries: [{ ...entry, occurredAt: new Date(Number.NaN) }], next: null }),
  ],
])("counts it against the run, and holds up no other, when a step %s", async (_what, detail, list) => {
  const { bench } = await openTwo(() => ({ status: 200, text: "{}" }));
  listOdd(bench, list);
  const { odd, well } = await startBoth(bench);
  expect(await runOf(bench, well.id)).toMatchObject({ state: "completed", recovered: 1 });
  const { state, failures } = await runOf(bench, odd.id);
  expect([state, failures > 0]).toEqual(["started", true]);
  const ended = await lastTries(bench, odd.id);
  expect(ended).toMatchObject({ state: "failed", failures: 100, detail: expect.stringMatching(detail) });
  expect([ended.detail, ...bench.logged].filter((text) => /sk_test/.test(text ?? ""))).toEqual([]);
});

it("counts nothing against a run whose connection to our own database is lost, and still lets the others go first", async () => {
  const { bench } = await openTwo(() => ({ status: 200, text: '{"list":[{"id":"evt_1"}]}' }));
  const { db } = bench.deps;
  let isLost = true;
  Object.assign(bench.deps, {
    db: {
      ...db,
      transaction: (work: Parameters<typeof db.transaction>[0], deadlineMs: number) =>
        db.transaction(async (tx) => {
          const { processID: pid } = tx.client as unknown as { processID: number };
          if (isLost) await bench.query("SELECT pg_terminate_backend($1)", [pid]);
          isLost = false;
          return await work(tx);
        }, deadlineMs),
    },
  });
  const odd = await bench.start("odd", window());
  const well = await bench.start("well", window());
  // The loop that asks for rounds waits after one that threw.
  await expect(reconcileNext(bench.deps, () => false)).rejects.toThrow();
  const { state, failures, due_at: dueAt } = await runOf(bench, odd.id);
  expect([state, failures, dueAt > well.due_at]).toEqual(["started", 0, true]);
  expect(await bench.carryOn(well.id)).toMatchObject({ state: "completed", recovered: 1 });
  expect(await bench.carryOn(odd.id)).toMatchObject({ state: "completed", failures: 0, listed: 1 });
});

it("lets the others go first when this process does not know a run's source yet", async () => {
  const { bench } = await openTwo(() => ({ status: 200, text: '{"list":[]}' }));
  const { findSource } = bench.deps;
  const { sourceId } = await bench.setup("odd");
  Object.assign(bench.deps, { findSource: (id: string) => (id === sourceId ? null : findSource(id)) });
  const { odd, well } = await startBoth(bench);
  expect(await runOf(bench, well.id)).toMatchObject({ state: "completed", recovered: 1 });
  Object.assign(bench.deps, { findSource });
  expect(await bench.carryOn(odd.id)).toMatchObject({ state: "completed", failures: 0 });
});
