import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createRescuer, rescueExpired } from "../../src/engine/caretakers/rescuer.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import type { Log } from "../../src/platform/log.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { startReceiver } from "../support/receiver.ts";

const LEASE_MS = 1_000;

/** Deliveries whose worker died when it had claimed them so many times. */
async function leaveLeased(desk: Desk, count: number, attempt: number): Promise<string[]> {
  const receiver = await startReceiver();
  await (await startDeliveries(desk, { destinations: { billing: { url: receiver.url } } })).gateway.drain();
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push(...(await desk.record({ to: ["billing"] })));
  await desk.query(
    `UPDATE holdfast.delivery
        SET state = 'leased', attempt = $1, lease = gen_random_uuid(), lease_until = now() - interval '1 s'`,
    [attempt],
  );
  return ids;
}

function rescuerOf(desk: Desk) {
  const logged: Record<string, unknown>[] = [];
  const write = (fields: Readonly<Record<string, unknown>>, text: string) => void logged.push({ ...fields, text });
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const empty = indexCatalog({ version: 0, sources: [], destinations: [], routes: [], throttles: [] });
  const deps = {
    db: desk.db,
    random: (bytes: number) => randomBytes(bytes),
    worker: "rescuer",
    catalog: () => empty,
    leaseMs: LEASE_MS,
    metrics: createMetrics("test"),
    log,
    onReady: () => {},
  };
  return { deps, logged };
}

test("what a worker left behind two months ago is taken back with the others, its attempt as long as its lease at most", async () => {
  const desk = await openDesk();
  const ids = await leaveLeased(desk, 3, 1);
  await desk.query("UPDATE holdfast.delivery SET lease_until = now() - interval '60 days' WHERE id = $1", [ids[0]]);
  const now = new Date();
  expect(await rescueExpired(rescuerOf(desk).deps, now)).toBe(3);
  for (const id of ids) {
    await desk.waiting(id, "ready");
    expect(await desk.attempts(id)).toMatchObject([{ number: 1, duration_ms: LEASE_MS, next_state: "ready" }]);
  }
});

test("leases of a time when the database's clock was ahead are taken back once no worker can be at them any more, and at once where none lives", async () => {
  const desk = await openDesk();
  const ids = await leaveLeased(desk, 4, 1);
  const endIn = (id: string | undefined, text: string) =>
    desk.query("UPDATE holdfast.delivery SET lease_until = now() + $2::interval WHERE id = $1", [id, text]);
  for (const [i, text] of ["30 days", "30 days", "90 minutes", "30 days"].entries()) await endIn(ids[i], text);
  let monotonicMs = 5_000;
  const { deps } = rescuerOf(desk);
  const round = createRescuer({ ...deps, clock: { now: () => new Date(), monotonicMs: () => monotonicMs } });
  expect(await round(new Date())).toBe(0);
  monotonicMs += 3_599_999;
  expect(await round(new Date())).toBe(0);
  monotonicMs += 1;
  expect(await round(new Date())).toBe(3);
  await desk.waiting(ids[2]!, "leased");
  const [attempt] = await desk.attempts(ids[0]!);
  expect(attempt).toMatchObject({ number: 1, duration_ms: 0, next_state: "ready" });
  expect(attempt?.started_at.getTime()).toBeLessThanOrEqual(Date.now());
  // No worker but one's own can be alive: whatever is leased was left behind.
  expect(await rescueExpired(deps, new Date(), {})).toBe(1);
});

test("one delivery that cannot be taken back keeps no other of its batch from it, and is named", async () => {
  const desk = await openDesk();
  const ids = await leaveLeased(desk, 9, 1);
  const bad = ids[4]!;
  await desk.query(
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'this one never'; END $$;
     CREATE TRIGGER refuse BEFORE INSERT ON holdfast.attempt
        FOR EACH ROW WHEN (NEW.delivery_id = '${bad}') EXECUTE FUNCTION refuse()`,
  );
  const { deps, logged } = rescuerOf(desk);
  const now = new Date();
  expect(await rescueExpired(deps, now)).toBe(8);
  for (const id of ids) {
    await desk.waiting(id, id === bad ? "leased" : "ready");
    expect((await desk.attempts(id)).length).toBe(id === bad ? 0 : 1);
  }
  expect(logged).toEqual([expect.objectContaining({ deliveries: [bad], error: "this one never" })]);
});

test("deliveries whose worker died again come due apart, each by its own wait, and are tried again", async () => {
  const desk = await openDesk();
  const ids = await leaveLeased(desk, 20, 2);
  const now = new Date();
  expect(await rescueExpired(rescuerOf(desk).deps, now)).toBe(20);
  const dues = new Set<number>();
  for (const id of ids) {
    const { due_at: dueAt, attempt } = await desk.waiting(id, "scheduled");
    expect(attempt).toBe(2);
    expect(await desk.attempts(id)).toMatchObject([{ number: 2, next_state: "scheduled", next_due_at: dueAt }]);
    expect(dueAt!.getTime()).toBeGreaterThan(now.getTime());
    dues.add(dueAt!.getTime());
  }
  // The schedule's second wait is half a minute, spread over twelve seconds.
  expect(dues.size).toBeGreaterThan(10);
  await desk.hurry();
  await startDeliveries(desk);
  for (const id of ids) expect(await desk.finished(id)).toMatchObject({ state: "processed", attempt: 3 });
});
