import { expect, it } from "vitest";
import { compareOwnEvents } from "../../src/store/reconciliations/entries.ts";
import type { Queryable } from "../../src/store/statement.ts";
import { startFakeStripe } from "../support/fake-stripe.ts";
import { openBench } from "../support/reconcile-bench.ts";

const HOUR = 3_600_000;
const LOOKS_MAX = 20;

it("ends though an event arrives while each page of our own is compared", async () => {
  const stripe = await startFakeStripe();
  const connector = { kind: "stripe", baseUrl: stripe.url };
  const bench = await openBench({
    log: { source: "stripe", connector, secret: stripe.key, eventTypes: ["*"], lagSec: 0 },
  });
  const { db } = bench.deps;
  let looks = 0;
  const run: Queryable["run"] = async (statement, values) => {
    const isLook = statement.name === compareOwnEvents.name;
    if (isLook && ++looks <= LOOKS_MAX) {
      expect(await bench.postStripe(stripe.happen(Date.now()).body)).toBe(200);
      // The next look is at a later moment, and sees it.
      bench.wait(1_000);
    }
    return await db.run(statement, values);
  };
  Object.assign(bench.deps, { db: { ...db, run } });
  expect(await bench.postStripe(stripe.happen(Date.now() - HOUR).body)).toBe(200);
  const started = await bench.start("log", { from: new Date(Date.now() - 2 * HOUR), to: new Date() });
  const ended = await bench.carryOn(started.id);
  expect(ended).toMatchObject({ state: "completed", unexplained: 0 });
  expect(looks).toBe(1);
});

it("calls nothing unknown to the provider whose key is made of its content: no entry of a log could meet it", async () => {
  const stripe = await startFakeStripe();
  const connector = { kind: "stripe", baseUrl: stripe.url };
  const bench = await openBench({
    log: { source: "stripe", connector, secret: stripe.key, eventTypes: ["*"], lagSec: 0 },
  });
  const created = Math.floor((Date.now() - HOUR) / 1_000);
  for (const id of ["evt_order", "evt_other"])
    expect(await bench.postStripe(JSON.stringify({ id, object: "event", type: "invoice.paid", created }))).toBe(200);
  const key = Buffer.from(`sha256:${"0".repeat(64)}`);
  await bench.query("UPDATE holdfast.event SET event_key = $1 WHERE provider_event_id = 'evt_order'", [key]);
  const { id } = await bench.start("log", { from: new Date(Date.now() - 2 * HOUR), to: new Date() });
  expect(await bench.carryOn(id)).toMatchObject({ state: "completed", unknown_to_provider: 1 });
});
