import { randomBytes, randomUUID } from "node:crypto";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Handler } from "../../src/domain/handler.ts";
import { newUuid } from "../../src/domain/id.ts";
import type { Settlement } from "../../src/pipeline/settle.ts";
import { settleDeliveries } from "../../src/pipeline/settle.ts";
import { findStep } from "../support/crash-points.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import type { FaultProxy, Wire } from "../support/fault-proxy.ts";
import { simpleQuery, startFaultProxy } from "../support/fault-proxy.ts";
import { startReceiver } from "../support/receiver.ts";

const PROCESSED = { state: "processed", reason: null };

async function openBehindProxy() {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const proxy: FaultProxy = await startFaultProxy(desk.database.url);
  onTestFinished(() => proxy.close());
  const gateway = await startDeliveries(desk, {
    destinations: { billing: { url: receiver.url, retry: { scheduleSec: [3_600, 3_600] } } },
    databaseUrl: proxy.url,
  });
  return { desk, receiver, proxy, ...gateway };
}

test.each(["after the server has it", "before the server has it"])(
  "a settlement whose COMMIT is cut off %s finishes once, and is known to have been settled",
  async (when) => {
    const { desk, receiver, proxy, attemptLines, metric } = await openBehindProxy();
    let cuts = 0;
    const isCommit = (bytes: Buffer) => bytes.includes(simpleQuery("COMMIT"));
    proxy.toServer = (bytes, wire) => {
      if (wire.name !== "holdfast settler" || !isCommit(bytes) || cuts > 0) return bytes;
      cuts++;
      if (when.startsWith("after")) wire.cutClient();
      else wire.cutBoth();
      return when.startsWith("after") ? bytes : null;
    };
    const [id] = await desk.record({ to: ["billing"], body: Buffer.from("cut") });
    expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 1 });
    await until(() => attemptLines().length === 1);
    expect(cuts).toBe(1);
    expect(attemptLines()[0]).toMatchObject({ next: "processed", outcome: "succeeded" });
    expect(await metric("holdfast_leases_lost_total")).toBe(0);
    expect((await desk.attempts(id!)).length).toBe(1);
    expect(receiver.arrivals.length).toBe(1);
  },
);

test("outcomes that came while the database was away are written when it is back, and nothing is sent twice", async () => {
  const { desk, receiver, proxy, metric } = await openBehindProxy();
  const answers: (() => void)[] = [];
  receiver.answer = (_arrival, response) => void answers.push(() => response.writeHead(200).end());
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push(...(await desk.record({ to: ["billing"] })));
  await until(() => answers.length === 5);
  await proxy.stop();
  for (const answer of answers) answer();
  // All five have been tried to be written together, in vain.
  await until(async () => {
    const small = await metric("holdfast_settle_batch_deliveries_bucket", 'le="4"');
    return (await metric("holdfast_settle_batch_deliveries_count")) > small;
  });
  await proxy.start();
  for (const id of ids) expect(await desk.finished(id)).toEqual({ ...PROCESSED, attempt: 1 });
  expect(receiver.arrivals.length).toBe(5);
});

test("a database that flaps fifty times ends no loop: the next delivery, and the next retry, go through (F49, F54)", async () => {
  const { desk, receiver, proxy, logged } = await openBehindProxy();
  for (let i = 0; i < 50; i++) {
    await proxy.stop();
    await proxy.start();
  }
  receiver.answer = () => (receiver.arrivals.length === 1 ? 500 : 200);
  const [id] = await desk.record({ to: ["billing"] });
  await desk.waiting(id!, "scheduled");
  await desk.hurry();
  expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 2 });
  expect(logged.filter((line) => line["level"] === "error" && line["error"] !== undefined)).toEqual([]);
});

test("an outcome that the database refuses does not hold up the others (F46)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  await startDeliveries(desk, { destinations: { billing: { url: receiver.url } } });
  // Its history cannot take it: a row of this delivery is already there.
  const answers: (() => void)[] = [];
  receiver.answer = (_arrival, response) => void answers.push(() => response.writeHead(200).end());
  const [bad] = await desk.record({ to: ["billing"] });
  const good: string[] = [];
  for (let i = 0; i < 4; i++) good.push(...(await desk.record({ to: ["billing"] })));
  await until(() => answers.length === 5);
  await desk.query(
    `INSERT INTO holdfast.finished_delivery
       (bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane, state, attempt, finished_at)
     SELECT bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane, 'processed', 99, now()
       FROM holdfast.delivery WHERE id = $1`,
    [bad],
  );
  for (const answer of answers) answer();
  for (const id of good) expect(await desk.finished(id)).toEqual({ ...PROCESSED, attempt: 1 });
  expect((await desk.finished(bad!)).attempt).toBe(99);
});

test("an outcome whose row somebody locks holds up no other, and is written when it is free", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  await startDeliveries(desk, { destinations: { billing: { url: receiver.url } } });
  const answers: (() => void)[] = [];
  receiver.answer = (_arrival, response) => void answers.push(() => response.writeHead(200).end());
  const [locked] = await desk.record({ to: ["billing"] });
  const good: string[] = [];
  for (let i = 0; i < 4; i++) good.push(...(await desk.record({ to: ["billing"] })));
  await until(() => answers.length === 5);
  const holder = await desk.db.pool.connect();
  onTestFinished(() => holder.release(true));
  await holder.query("BEGIN");
  await holder.query("SELECT FROM holdfast.delivery WHERE id = $1 FOR UPDATE", [locked]);
  for (const answer of answers) answer();
  for (const id of good) expect(await desk.finished(id)).toEqual({ ...PROCESSED, attempt: 1 });
  await desk.waiting(locked!, "leased");
  await holder.query("ROLLBACK");
  expect(await desk.finished(locked!)).toEqual({ ...PROCESSED, attempt: 1 });
  expect(receiver.arrivals.length).toBe(5);
});

/** A leased delivery, and what its worker settles. */
async function leaseOne({ decision, attempt }: Pick<Settlement, "decision" | "attempt">) {
  const desk = await openDesk();
  await (await startDeliveries(desk, { destinations: { billing: { url: "http://127.0.0.1:1/" } } })).gateway.drain();
  const [id] = await desk.record({ to: ["billing"] });
  const lease = randomUUID();
  const [row] = await desk.query<{ bucket: number; destination_id: string }>(
    `UPDATE holdfast.delivery SET state = 'leased', attempt = 1, lease = $2, lease_until = now() + interval '1 minute'
      WHERE id = $1 RETURNING bucket, destination_id`,
    [id, lease],
  );
  const settlement: Settlement = {
    delivery: { bucket: row!.bucket, id: id!, lease, destinationId: row!.destination_id },
    attemptId: newUuid(Date.now(), row!.bucket, randomBytes(8)),
    attempt,
    decision,
    dueAt: null,
  };
  const settle = (isRepeat: boolean) =>
    desk.db.transaction((tx) => settleDeliveries(tx, [settlement], "a test", new Date(), isRepeat), 10_000);
  return { desk, id: id!, settle };
}

test("a hold that a COMMIT wrote which nobody answered is settled when it is repeated, and no lost lease", async () => {
  const hold = { decision: { to: "held", reason: "destination_paused" }, attempt: null } as const;
  const { desk, id, settle } = await leaseOne(hold);
  expect(await settle(false)).toEqual({ ok: true, value: ["settled"] });
  expect(await settle(false)).toEqual({ ok: true, value: ["lost"] });
  expect(await settle(true)).toEqual({ ok: true, value: ["settled"] });
  expect(await desk.waiting(id, "held")).toMatchObject({ attempt: 0, held_reason: "destination_paused" });
});

test.each(["ready", "processed"] as const)(
  "what a worker settles as %s whose lease is over is lost, and changes nothing for the one who has it now (F39)",
  async (to) => {
    const outcome = { kind: "answered", status: 200, retryAfterMs: null } as const;
    const tried = { outcome, startedAt: new Date(), durationMs: 1, response: null };
    const { desk, id, settle } = await leaseOne({ decision: { to }, attempt: to === "ready" ? null : tried });
    await desk.query("UPDATE holdfast.delivery SET lease = gen_random_uuid(), attempt = 2");
    const before = await desk.query("SELECT * FROM holdfast.delivery");
    expect(await settle(false)).toEqual({ ok: true, value: ["lost"] });
    expect(await desk.query("SELECT * FROM holdfast.delivery")).toEqual(before);
    expect([before.length, await desk.attempts(id)]).toEqual([1, []]);
  },
);

test("a process whose wall clock jumps a month ahead settles what it tries, by HTTP and by a handler, and sends it once", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { billing: { url: receiver.url }, ledger: { handler: "keep" } };
  let calls = 0;
  const keep: Handler = async (_event, tx) => {
    calls++;
    await tx.query("SELECT 1");
  };
  await startDeliveries(desk, { destinations, handlers: { keep } });
  const at = new Date();
  vi.useFakeTimers({ toFake: ["Date"], now: at.getTime() + 30 * 86_400_000 });
  onTestFinished(() => void vi.useRealTimers());
  const ids = await desk.record({ to: ["billing", "ledger"], at });
  for (const id of ids) expect(await desk.finished(id)).toEqual({ ...PROCESSED, attempt: 1 });
  expect([receiver.arrivals.length, calls]).toEqual([1, 1]);
});

test("the database lost between the claim and the read of the events costs no attempt", async () => {
  const { desk, receiver, proxy } = await openBehindProxy();
  let cuts = 0;
  proxy.toServer = (bytes, wire) => {
    if (cuts > 0 || wire.name !== "holdfast worker" || !bytes.includes("find_events")) return bytes;
    cuts++;
    wire.cutBoth();
    return null;
  };
  const [id] = await desk.record({ to: ["billing"] });
  expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 1 });
  expect([cuts, receiver.arrivals.length]).toEqual([1, 1]);
});

test.each(["its answer", "its connection, and comes late"])(
  "a claim that loses %s strands nothing: what it leased is ready again long before the lease ends, and costs no attempt (F15, F37)",
  async (lost) => {
    const { desk, receiver, proxy } = await openBehindProxy();
    let claiming: Wire | null = null;
    let cuts = 0;
    let isAway = false;
    const late: Buffer[] = [];
    proxy.toServer = (bytes, wire) => {
      if (wire.name !== "holdfast worker") return bytes;
      if (isAway) return (wire.cutBoth(), null);
      if (cuts > 0 || findStep(bytes, "claim_ready", true) < 0) return bytes;
      claiming = wire;
      if (lost === "its answer") return bytes;
      cuts++;
      isAway = wire.isLate = true;
      wire.cutClient();
      return (late.push(bytes), null);
    };
    proxy.toClient = (bytes, wire) => {
      // One that has leased something.
      if (cuts > 0 || wire !== claiming || !bytes.includes("UPDATE 1\0")) return bytes;
      cuts++;
      wire.cutClient();
      return null;
    };
    if (lost !== "its answer") await until(() => cuts === 1);
    const [id] = await desk.record({ to: ["billing"] });
    if (lost !== "its answer") {
      claiming!.arrive(late);
      await desk.waiting(id!, "leased");
      isAway = false;
    }
    expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 1 });
    expect([cuts, receiver.arrivals.length]).toEqual([1, 1]);
  },
);
