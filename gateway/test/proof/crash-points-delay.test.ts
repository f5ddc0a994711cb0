import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { delayAt, heal } from "../support/crash-points.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import type { FaultProxy } from "../support/fault-proxy.ts";
import { replaceBytes, startFaultProxy } from "../support/fault-proxy.ts";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { PAYMENTS, post, startIngestGateway, stripeEvent, until } from "../support/ingest-gateway.ts";
import { startReceiver } from "../support/receiver.ts";

const IDLE_IN_TRANSACTION = "idle_in_transaction_session_timeout\0";
/** Of this file's own database: others on the server have doors, too. */
const SESSIONS = "FROM pg_stat_activity WHERE application_name = 'holdfast ingest' AND datname = current_database()";
let gateway: IngestGateway;
let proxy: FaultProxy;

beforeAll(async () => {
  gateway = await startIngestGateway({
    content: { ...PAYMENTS, ingest: { recordDeadlineMs: 700 } },
    reach: async (url) => {
      proxy = await startFaultProxy(url);
      return proxy.url;
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await proxy.close();
});

const stored = (id: string): Promise<{ events: number; deliveries: number }[]> =>
  gateway.query(
    `SELECT count(DISTINCT e.id)::int AS events, count(d.id)::int AS deliveries
       FROM holdfast.event e LEFT JOIN holdfast.delivery d ON d.event_id = e.id WHERE e.provider_event_id = $1`,
    [id],
  );

/**
 * Sends it until the step is held; on a slow machine the deadline may have passed before it came to that. A try after such a one
 * may be answered 200 over another connection, while the step of the first is held.
 */
async function refusedUntilHeld(hasHeld: () => boolean, id: string): Promise<void> {
  const send = async (): Promise<number> => (await post(gateway.url, stripeEvent(id))).status;
  let status = await send();
  expect(status).toBe(503);
  while (status === 503 && !hasHeld()) status = await send();
  expect(hasHeld()).toBe(true);
}

it.each(
  ["BEGIN", "claim_keys", "insert_events", "insert_deliveries", "COMMIT"].flatMap((at) => [
    [at, 1] as const,
    [at, 2] as const,
  ]),
)(
  "a door whose %s (time %i) reaches the database after its answer has promised nothing, and the repeat is one event (F25)",
  async (at, hit) => {
    const ids = ["a", "b"].map((name) => `evt_late_${at}_${hit}_${name}`);
    for (const id of ids.slice(0, hit - 1))
      await until(async () => (await post(gateway.url, stripeEvent(id))).status === 200);
    const { hasHeld, release } = delayAt(proxy, { pool: "ingest", at });
    await refusedUntilHeld(hasHeld, ids[hit - 1]!);
    // Now the server gets what it was sent long ago, from somebody who has gone.
    release();
    for (const id of ids) {
      await until(async () => (await post(gateway.url, stripeEvent(id))).status === 200);
      expect(await stored(id)).toEqual([{ events: 1, deliveries: 1 }]);
    }
  },
);

it("a session that falls silent in its transaction is ended by the database, and holds up nobody after that (F28)", async () => {
  // The gateway asks for ten seconds; two are enough here, and longer than it waits for an answer.
  const asked: boolean[] = [];
  const shorten = (bytes: Buffer): Buffer => {
    if (!bytes.includes(IDLE_IN_TRANSACTION)) return bytes;
    asked.push(bytes.includes(`${IDLE_IN_TRANSACTION}10000\0`));
    return replaceBytes(
      bytes,
      Buffer.from(`${IDLE_IN_TRANSACTION}10000\0`),
      Buffer.from(`${IDLE_IN_TRANSACTION}+2000\0`),
    );
  };
  proxy.toServer = shorten;
  await gateway.query(`SELECT pg_terminate_backend(pid) ${SESSIONS}`);
  // Over a connection that has asked for less; one that is gone would take what is to be held with it.
  await until(async () => (await post(gateway.url, stripeEvent("evt_before"))).status === 200 && asked.length > 0);
  const { hasHeld } = delayAt(proxy, { pool: "ingest", at: "COMMIT" });
  const hold = proxy.toServer;
  proxy.toServer = (bytes, wire) => hold(shorten(bytes), wire);
  await refusedUntilHeld(hasHeld, "evt_silent");
  const waits = `SELECT 1 ${SESSIONS} AND state = 'idle in transaction'`;
  await until(async () => (await gateway.query(waits)).length === 0);
  expect([asked.length > 0, asked.every(Boolean)]).toEqual([true, true]);
  await until(async () => (await post(gateway.url, stripeEvent("evt_silent"))).status === 200);
  heal(proxy);
  expect(await stored("evt_silent")).toEqual([{ events: 1, deliveries: 1 }]);
});

it("a worker whose settlement comes late at any step changes nothing of what another has settled meanwhile (F41)", async () => {
  const desk = await openDesk();
  const between = await startFaultProxy(desk.database.url);
  onTestFinished(() => between.close());
  const receiver = await startReceiver();
  const how = {
    destinations: { billing: { url: receiver.url, retry: { scheduleSec: [1, 1, 1] } } },
    worker: { leaseMs: 1_500 },
  };
  await startDeliveries(desk, { ...how, databaseUrl: between.url });
  const ids: string[] = [];
  for (const [pool, at] of [
    ["worker", "find_events"],
    ["settler", "insert_attempts"],
    ["settler", "copy_finished"],
    ["settler", "delete_finished"],
  ] as const) {
    const { held, hasHeld, release } = delayAt(between, { pool, at });
    // The other one may be quicker: until the slow one has one in hand.
    while (!hasHeld()) {
      const [id] = await desk.record({ to: ["billing"] });
      ids.push(id!);
      await Promise.race([held, desk.finished(id!)]);
    }
    if (at === "find_events") await startDeliveries(desk, how);
    // Whoever is free takes it when the lease is over; what it waits for in a lock ends with the late one's session.
    const found = await desk.finished(ids.at(-1)!);
    expect([at, found]).toEqual([at, expect.objectContaining({ state: "processed", reason: null })]);
    release();
    // The late one goes on with the next.
    const [next] = await desk.record({ to: ["billing"] });
    ids.push(next!);
    await desk.finished(next!);
    expect([at, await desk.finished(ids.at(-2)!)]).toEqual([at, found]);
  }
  const rows = await desk.query<{ id: string; attempt: number }>("SELECT id, attempt FROM holdfast.finished_delivery");
  expect(rows.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  expect(new Set(receiver.arrivals.map(({ key }) => key)).size).toBe(ids.length);
  // Sent no more often than it was claimed, however slow the machine is.
  expect(receiver.arrivals.length).toBeLessThanOrEqual(rows.reduce((sum, { attempt }) => sum + attempt, 0));
});
