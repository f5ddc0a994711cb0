import { expect, it } from "vitest";
import { startFakeGithub } from "../support/fake-github.ts";
import { startFakeStripe } from "../support/fake-stripe.ts";
import type { Bench } from "../support/reconcile-bench.ts";
import { Killed, openBench } from "../support/reconcile-bench.ts";

const HOUR = 3_600_000;
const window = () => ({ from: new Date(Date.now() - 2 * HOUR), to: new Date(Date.now() - HOUR / 2) });

const DOUBLES = `SELECT count(*)::int AS events, count(DISTINCT provider_event_id)::int AS ids,
  (SELECT count(*)::int FROM holdfast.delivery) AS deliveries FROM holdfast.event`;

/** Carries a run on and is killed at one step; then carries it on to its end, as the next process would. */
async function killedAt(bench: Bench, id: string, step: number, after: boolean) {
  bench.steps = 0;
  bench.killAt = { step, after };
  const wasKilled = await bench.carryOn(id).then(
    () => false,
    (error: unknown) => {
      if (error instanceof Killed) return true;
      throw error;
    },
  );
  bench.killAt = null;
  const run = await bench.carryOn(id);
  return { wasKilled, run };
}

it("loses and doubles nothing when it is killed at every step of a run over Stripe's list (F139)", async () => {
  const stripe = await startFakeStripe();
  const connector = { kind: "stripe", baseUrl: stripe.url };
  const bench = await openBench({
    log: { source: "stripe", connector, secret: stripe.key, eventTypes: ["*"], lagSec: 0 },
  });
  let sent = 0;
  for (const after of [false, true]) {
    for (let step = 1, goesOn = true; goesOn; step++) {
      for (let i = 0; i < 3; i++) stripe.happen(Date.now() - HOUR);
      sent += 3;
      const { wasKilled, run } = await killedAt(bench, (await bench.start("log", window())).id, step, after);
      goesOn = wasKilled;
      expect([step, after, run]).toMatchObject([
        step,
        after,
        { state: "completed", listed: sent, missing: 3, recovered: 3, unexplained: 0 },
      ]);
      expect(await bench.query(DOUBLES)).toEqual([{ events: sent, ids: sent, deliveries: sent }]);
    }
  }
  // A run of one page, three records and the end has more steps than these, or nothing was killed at all.
  expect(sent).toBeGreaterThan(60);
});

it("and over GitHub's log with its redeliveries", async () => {
  const github = await startFakeGithub();
  const connector = { kind: "github", owner: "acme", repo: "shop", webhookId: "77", baseUrl: github.url };
  const bench = await openBench({ log: { source: "github", connector, secret: github.token, lagSec: 0 } });
  github.deliver = ({ headers, body }) => bench.post("/in/github-key", headers, body);
  let sent = 0;
  for (const after of [false, true]) {
    for (let step = 1, goesOn = true; goesOn; step++) {
      for (let i = 0; i < 2; i++) github.happen(Date.now() - HOUR, 502);
      sent += 2;
      const { wasKilled, run } = await killedAt(bench, (await bench.start("log", window())).id, step, after);
      goesOn = wasKilled;
      expect([step, after, run]).toMatchObject([
        step,
        after,
        { state: "completed", listed: sent, recovered: 2, unexplained: 0 },
      ]);
      expect(await bench.query(DOUBLES)).toEqual([{ events: sent, ids: sent, deliveries: sent }]);
    }
  }
  expect(sent).toBeGreaterThan(30);
});

it("lets one of the two through when live traffic brings the same events at the same moment (F137)", async () => {
  const stripe = await startFakeStripe();
  const connector = { kind: "stripe", baseUrl: stripe.url };
  const bench = await openBench({
    log: { source: "stripe", connector, secret: stripe.key, eventTypes: ["*"], lagSec: 0 },
  });
  const events = Array.from({ length: 200 }, () => stripe.happen(Date.now() - HOUR));
  const run = await bench.start("log", window());
  // Each arrives just while the run records it: the two go into the same group commit, or one waits for the other's key.
  const byId = new Map(events.map((event) => [event.id, event.body]));
  const posts: Promise<number>[] = [];
  const { record } = bench.deps;
  Object.assign(bench.deps, {
    record: (draft: Parameters<typeof record>[0]) => {
      posts.push(bench.postStripe(byId.get(draft.providerEventId!)!));
      return record(draft);
    },
  });
  const report = await bench.carryOn(run.id);
  expect(report).toMatchObject({ state: "completed", listed: 200, missing: 200, recovered: 200, unexplained: 0 });
  expect((await Promise.all(posts)).filter((status) => status === 200)).toHaveLength(200);
  expect(await bench.query(DOUBLES)).toEqual([{ events: 200, ids: 200, deliveries: 200 }]);
});

it("does nothing under a lease that it has lost", async () => {
  const stripe = await startFakeStripe();
  const connector = { kind: "stripe", baseUrl: stripe.url };
  const bench = await openBench({
    log: { source: "stripe", connector, secret: stripe.key, eventTypes: ["*"], lagSec: 0 },
  });
  stripe.happen(Date.now() - HOUR);
  const { id } = await bench.start("log", window());
  const { openConnector } = bench.deps;
  const written: unknown[] = [];
  Object.assign(bench.deps, {
    openConnector: async (setup: Parameters<typeof openConnector>[0]) => {
      const opened = await openConnector(setup);
      if (!opened.ok) return opened;
      const list: typeof opened.connector.list = async (...given) => {
        written.push(...(await bench.query("SELECT count(*)::int AS entries FROM holdfast.reconciliation_entry")));
        // The process stood still meanwhile, and another one took the run over.
        if (written.length === 1) await bench.query("UPDATE holdfast.reconciliation_run SET lease = gen_random_uuid()");
        return opened.connector.list(...given);
      };
      return { ok: true, connector: { ...opened.connector, list } };
    },
  });
  const run = await bench.carryOn(id);
  expect(run).toMatchObject({ state: "completed", pages: 1, listed: 1, recovered: 1 });
  // What the first one read was not written by it: the second one found nothing there, and read the page again.
  expect(written).toEqual([{ entries: 0 }, { entries: 0 }]);
});
