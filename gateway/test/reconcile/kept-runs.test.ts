import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { newUuid } from "../../src/domain/id.ts";
import { startDue } from "../../src/recovery/start-due.ts";
import { dropSpentBytes } from "../../src/recovery/drop-spent-bytes.ts";
import type { Reply } from "../support/fake-provider.ts";
import { startFakeProvider } from "../support/fake-provider.ts";
import type { Bench } from "../support/reconcile-bench.ts";
import { openBench } from "../support/reconcile-bench.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** More runs that failed, after all that there are, than are kept. */
async function failAThousand(bench: Bench): Promise<void> {
  const ids = Array.from({ length: 1_001 }, (_, n) => newUuid(bench.now().getTime() + n, 0, randomBytes(8)));
  await bench.query(
    `INSERT INTO holdfast.reconciliation_run (id, reconciliation_id, tenant, cause, started_by, continues, window_from, window_to,
                                              state, detail, page_items, due_at, started_at, finished_at)
     SELECT u.id, r.reconciliation_id, r.tenant, r.cause, r.started_by, true, r.window_from, r.window_to,
            'failed', 'the key is revoked', r.page_items, r.due_at, r.started_at, r.finished_at
       FROM (SELECT * FROM holdfast.reconciliation_run ORDER BY id DESC LIMIT 1) r CROSS JOIN unnest($1::uuid[]) AS u(id)`,
    [ids],
  );
}

it("keeps the run that the next one goes on from, with what it could not explain, behind a thousand that failed", async () => {
  const created = Math.floor((Date.now() - HOUR) / 1_000);
  const payload = { id: "evt_other", object: "event", type: "invoice.paid", created };
  let reply: Reply = { status: 200, text: JSON.stringify([{ id: "evt_1", created, payload }]) };
  const log = await startFakeProvider(() => reply);
  const places = { id: "/id", time: "/created", timeFormat: "s", body: "/payload" };
  const connector = { kind: "http", url: `${log.url}/log`, paging: "none", ...places };
  const bench = await openBench({ log: { source: "stripe", lagSec: 0, connector } });
  const run = async () => await bench.carryOn((await bench.start("log", null)).id);
  const completed = await run();
  expect(completed).toMatchObject({ state: "completed", unexplained: 1 });

  await failAThousand(bench);
  bench.wait(3 * DAY);
  const listed = reply;
  reply = { status: 401, text: "{}" };
  expect(await run()).toMatchObject({ state: "failed" });
  while (await dropSpentBytes(bench.db));
  const counted = "SELECT state, count(*)::int AS runs FROM holdfast.reconciliation_run GROUP BY state ORDER BY state";
  expect(await bench.query(counted)).toEqual([
    { state: "completed", runs: 1 },
    { state: "failed", runs: 1_000 },
  ]);
  await startDue({ ...bench.deps, metrics: bench.metrics, findSourceName: () => "stripe" });
  expect((await bench.metrics.reconciliationUnexplained.get()).values).toMatchObject([{ value: 1 }]);
  const bodies = await bench.query<{ body: Buffer }>(
    "SELECT body FROM holdfast.reconciliation_entry WHERE body IS NOT NULL",
  );
  expect(bodies.map(({ body }) => body.toString())).toEqual([JSON.stringify(payload)]);

  reply = { ...listed, text: "[]" };
  const next = await run();
  expect(next).toMatchObject({ state: "completed", missing: 1, unexplained: 1, detail: null });
  expect(next.window_from).toEqual(new Date(completed.window_to.getTime() - HOUR));
  // The one before has the ids of what a run may say that it looks for no longer; what is older goes like any other.
  const completedRuns = async () =>
    (
      await bench.query<{ id: string }>(
        "SELECT id FROM holdfast.reconciliation_run WHERE state = 'completed' ORDER BY id",
      )
    ).map(({ id }) => id);
  expect(await completedRuns()).toEqual([completed.id, next.id]);
  await failAThousand(bench);
  const newest = await run();
  expect(await completedRuns()).toEqual([next.id, newest.id]);
});
