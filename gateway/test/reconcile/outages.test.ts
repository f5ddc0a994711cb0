import { expect, it } from "vitest";
import { reconcileNext } from "../../src/recovery/reconcile.ts";
import { findRun } from "../../src/store/reconciliations/runs.ts";
import { startFakeGithub } from "../support/fake-github.ts";
import { startFakeStripe } from "../support/fake-stripe.ts";
import { openBench } from "../support/reconcile-bench.ts";

const HOUR = 3_600_000;

/** How many events and deliveries there are, and how many events have more than one of either. */
const CENSUS = `SELECT count(DISTINCT e.id)::int AS events, count(DISTINCT e.provider_event_id)::int AS ids, count(d.id)::int AS deliveries
  FROM holdfast.event e LEFT JOIN holdfast.delivery d ON d.bucket = e.bucket AND d.event_id = e.id`;

async function openStripe(more: object = {}) {
  const stripe = await startFakeStripe();
  const connector = { kind: "stripe", baseUrl: stripe.url };
  const setup = { source: "stripe", connector, secret: stripe.key, eventTypes: ["*"], lagSec: 0, ...more };
  return { stripe, bench: await openBench({ log: setup }) };
}

async function openGithub() {
  const github = await startFakeGithub();
  const connector = { kind: "github", owner: "acme", repo: "shop", webhookId: "77", baseUrl: github.url };
  const bench = await openBench({ log: { source: "github", connector, secret: github.token, lagSec: 0 } });
  github.deliver = ({ headers, body }) => bench.post("/in/github-key", headers, body);
  return { github, bench };
}

it("restores every event of an hour in which nobody took Stripe's in, through limits, broken and repeated pages and a wrong clock (F138)", async () => {
  const { stripe, bench } = await openStripe();
  const startMs = Date.now() - 2 * HOUR;
  stripe.skewMs = 90_000;
  const sent = Array.from({ length: 230 }, (_, i) => ({
    ...stripe.happen(startMs + (i * HOUR) / 230),
    isMissed: i >= 60,
  }));
  for (const event of sent) if (!event.isMissed) expect(await bench.postStripe(event.body)).toBe(200);
  // Sixty of these were taken in by us; who answered in our place to the others, nobody knows.
  for (const { id } of sent.slice(0, 100)) stripe.deliver(id);
  stripe.troubles.push("limited", "cut", "broken", "repeated");
  const run = await bench.start("log", { from: new Date(startMs - HOUR / 2), to: new Date(startMs + 1.5 * HOUR) });
  const report = await bench.carryOn(run.id);
  expect(report).toMatchObject({
    state: "completed",
    listed: 230,
    matched: 60,
    missing: 170,
    recovered: 170,
    unexplained: 0,
    unknown_to_provider: 0,
  });
  expect(await bench.query(CENSUS)).toEqual([{ events: 230, ids: 230, deliveries: 230 }]);
  const [marked] = await bench.query(
    "SELECT count(*)::int AS events FROM holdfast.event WHERE verified_by = 'provider_api'",
  );
  expect(marked).toEqual({ events: 170 });
  const triggers = await bench.query(
    "SELECT trigger, count(*)::int AS count FROM holdfast.delivery GROUP BY trigger ORDER BY trigger",
  );
  expect(triggers).toEqual([
    { trigger: "live", count: 60 },
    { trigger: "reconcile", count: 170 },
  ]);
  const outcomes = await bench.query(
    `SELECT state, provider_outcome, count(*)::int AS count FROM holdfast.reconciliation_entry
      GROUP BY state, provider_outcome ORDER BY state, provider_outcome`,
  );
  expect(outcomes).toEqual([
    { state: "recovered", provider_outcome: "delivered", count: 40 },
    { state: "recovered", provider_outcome: null, count: 130 },
  ]);
});

it("ends when its place in Stripe's log is kept no longer, and says so; the next run recovers what is still there (F138)", async () => {
  const { stripe, bench } = await openStripe({ lookbackSec: 3 * 3_600 });
  const startMs = Date.now() - 2 * HOUR;
  for (let i = 0; i < 250; i++) stripe.happen(startMs + i * 10_000);
  const run = await bench.start("log", null);
  await reconcileNext(bench.deps, () => stripe.asked.length === 2);
  expect((await bench.db.run(findRun, ["default", run.id])).rows[0]).toMatchObject({ state: "started", pages: 2 });
  // The third page would begin after the 51st oldest, and 60 are kept no longer.
  stripe.forget(startMs + 59.5 * 10_000);
  expect(await bench.carryOn(run.id)).toMatchObject({
    state: "failed",
    detail: "the provider's log has no longer the event after which the next page begins: start a new run",
  });
  const report = await bench.carryOn((await bench.start("log", null)).id);
  expect(report).toMatchObject({ state: "completed", listed: 190, missing: 190, recovered: 190, unexplained: 0 });
});

it("has GitHub deliver again what nobody took in, by the signed path, whatever its log calls seen", async () => {
  const { github, bench } = await openGithub();
  const startMs = Date.now() - 2 * HOUR;
  const guids = Array.from({ length: 130 }, (_, i) => github.happen(startMs + (i * HOUR) / 130, i < 30 ? 200 : 502));
  for (const guid of guids.slice(0, 30)) {
    const { headers, body } = github.requestOf(guid);
    expect(await bench.post("/in/github-key", headers, body)).toBe(200);
  }
  github.troubles.push("second-limit", "spent", "cut");
  const run = await bench.start("log", { from: new Date(startMs - HOUR / 2), to: new Date(startMs + 1.5 * HOUR) });
  const report = await bench.carryOn(run.id);
  expect(report).toMatchObject({
    state: "completed",
    listed: 130,
    matched: 30,
    missing: 100,
    recovered: 100,
    unexplained: 0,
  });
  expect(await bench.query(CENSUS)).toEqual([{ events: 130, ids: 130, deliveries: 130 }]);
  expect(await bench.query("SELECT DISTINCT verified_by FROM holdfast.event")).toEqual([{ verified_by: "signature" }]);
  expect(await bench.query("SELECT DISTINCT recovered_by FROM holdfast.reconciliation_entry")).toEqual([
    { recovered_by: "redelivery" },
  ]);
});

it("records what GitHub's log tells when a redelivery does not get through, and the late redelivery is a duplicate", async () => {
  const { github, bench } = await openGithub();
  const guid = github.happen(Date.now() - HOUR, 200, { long: 1.0, number: 12 });
  // GitHub believes that it was delivered, and the door is still shut for what it sends.
  bench.isOpen = false;
  const run = await bench.start("log", { from: new Date(Date.now() - 2 * HOUR), to: new Date(Date.now() - HOUR / 2) });
  expect(await bench.carryOn(run.id)).toMatchObject({ state: "completed", missing: 1, recovered: 1, unexplained: 0 });
  const [event] = await bench.query<{ body: Buffer; verified_by: string; event_type: string }>(
    "SELECT body, verified_by, event_type FROM holdfast.event",
  );
  expect(event).toMatchObject({ verified_by: "provider_api", event_type: "issues.opened" });
  const { headers, body } = github.requestOf(guid);
  // The bytes are those that were signed, so a handler that checks the provider's signature itself goes on working.
  expect(event!.body.equals(body)).toBe(true);
  bench.isOpen = true;
  expect(await bench.post("/in/github-key", headers, body)).toBe(200);
  expect(await bench.query(CENSUS)).toEqual([{ events: 1, ids: 1, deliveries: 1 }]);
});

it("lists what is dead here, what the provider lacks and what came back, each with its event", async () => {
  const { stripe, bench } = await openStripe();
  const atMs = Date.now() - HOUR;
  const dead = stripe.happen(atMs);
  expect(await bench.postStripe(dead.body)).toBe(200);
  await bench.query(
    `WITH gone AS (DELETE FROM holdfast.delivery RETURNING *)
     INSERT INTO holdfast.finished_delivery (bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane, state, attempt, reason, finished_at)
     SELECT bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane, 'dead', 1, 'refused', now() FROM gone`,
  );
  const forged = {
    id: "evt_of_somebody_else",
    object: "event",
    type: "invoice.paid",
    created: Math.floor(atMs / 1_000),
  };
  expect(await bench.postStripe(JSON.stringify(forged))).toBe(200);
  const missed = stripe.happen(atMs);
  const window = { from: new Date(atMs - HOUR), to: new Date(atMs + HOUR / 2) };
  const run = await bench.carryOn((await bench.start("log", window)).id);
  expect(run).toMatchObject({ state: "completed", listed: 2, matched: 0, dead_here: 1 });
  expect(run).toMatchObject({ missing: 1, recovered: 1, unknown_to_provider: 1, unexplained: 0 });
  const rows = await bench.query(
    "SELECT state, provider_event_id, event_id IS NOT NULL AS here FROM holdfast.reconciliation_entry ORDER BY state",
  );
  expect(rows).toEqual([
    { state: "dead_here", provider_event_id: dead.id, here: true },
    { state: "recovered", provider_event_id: missed.id, here: true },
    { state: "unknown_to_provider", provider_event_id: forged.id, here: true },
  ]);
});

it("fails at once, and says what to do, when the API does not accept the secret; and never shows it", async () => {
  const { stripe, bench } = await openStripe();
  await bench.query("UPDATE holdfast.reconciliation SET sealed_secret = $1", [
    bench.deps.box.seal(
      Buffer.from("sk_test_another_one"),
      `holdfast/reconciliation/default/${(await bench.setup("log")).id}/secret`,
    ),
  ]);
  const run = await bench.carryOn((await bench.start("log", null)).id);
  expect(run).toMatchObject({ state: "failed", listed: 0 });
  expect(run.detail).toBe("the provider's API answered 401: check the secret and its rights");
  expect(stripe.asked).toHaveLength(1);
  const stored = JSON.stringify(await bench.query("SELECT * FROM holdfast.reconciliation_run"));
  expect([stored, ...bench.logged].filter((text) => /sk_test/.test(text))).toEqual([]);
});
