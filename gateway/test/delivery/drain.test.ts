import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { someoneWaits } from "../support/database.ts";
import { openDesk, SOURCE_SECRET, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { post, signedWebhook } from "../support/ingest-gateway.ts";
import { startReceiver } from "../support/receiver.ts";
import { startWorkerProcess } from "../support/worker-process.ts";

const PROCESSED = { state: "processed", reason: null };
const definition = (url: string) => ({
  destinations: { billing: { url } },
  routes: [{ source: "payments", destination: "billing" }],
});

function event(i: number) {
  const body = JSON.stringify({ id: `evt_${i}`, object: "event", type: "invoice.paid", created: 1_700_000_000 });
  return signedWebhook({ provider: "stripe", key: "payments-key", body, secret: SOURCE_SECRET });
}

test("SIGTERM under load: what was received is answered, what was answered is delivered once, and the exit code is 0 (F08)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const first = await startWorkerProcess(desk, {
    ...definition(receiver.url),
    // It ends when all is answered. On a busy machine that may take seconds, and what is given up is sent once more.
    drainTimeoutMs: 60_000,
    roles: ["ingest", "worker"],
  });
  let answered = 0;
  const accepted: string[] = [];
  const posts = Array.from({ length: 400 }, async (_, i) => {
    const answer = await post(first.ingestUrl, event(i)).catch(() => null);
    if (answer?.status === 200) accepted.push(`evt_${i}`);
    else if (answer !== null && answer.status !== 0) expect(answer.status).toBe(503);
    if (++answered === 100) first.signal("SIGTERM");
  });
  await Promise.all(posts);
  expect(await first.ended).toEqual({ code: 0, signal: null });
  expect(accepted.length).toBeGreaterThanOrEqual(50);
  const stored = await desk.query<{ id: string }>("SELECT provider_event_id AS id FROM holdfast.event");
  expect(accepted.filter((id) => !stored.some((row) => row.id === id))).toEqual([]);
  expect(await desk.query("SELECT FROM holdfast.delivery WHERE state = 'leased'")).toEqual([]);
  await startDeliveries(desk);
  await until(async () => (await desk.query("SELECT FROM holdfast.delivery")).length === 0);
  const ended = await desk.query("SELECT state, attempt FROM holdfast.finished_delivery");
  expect(ended).toEqual(stored.map(() => ({ state: "processed", attempt: 1 })));
  expect(new Set(receiver.arrivals.map(({ key }) => key)).size).toBe(stored.length);
  expect(receiver.arrivals.length).toBe(stored.length);
});

test("a receiver that hangs is given up at the drain, and its delivery is ready for the next process", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver(() => undefined);
  // An eighth of it is for writing down what was given up: 250 ms were too few for a busy machine.
  const worker = await startWorkerProcess(desk, { ...definition(receiver.url), drainTimeoutMs: 20_000 });
  const [id] = await desk.record({ to: ["billing"] });
  await until(() => receiver.arrivals.length === 1);
  worker.signal("SIGTERM");
  expect(await worker.ended).toEqual({ code: 0, signal: null });
  await desk.waiting(id!, "ready");
  const [attempt] = await desk.attempts(id!);
  expect(attempt).toMatchObject({ number: 1, outcome: "transient", next_state: "ready" });
  expect(attempt!.detail).toContain("aborted");
  receiver.answer = () => 200;
  await startDeliveries(desk);
  expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 2 });
});

test("a stop claims nothing more while something else in the process is slow to end", async () => {
  const desk = await openDesk();
  let answer = (): void => {};
  const receiver = await startReceiver(
    (_arrival, response) => void (answer = () => void response.writeHead(200).end()),
  );
  const { gateway } = await startDeliveries(desk, { ...definition(receiver.url), worker: { concurrency: 1 } });
  const [first] = await desk.record({ to: ["billing"] });
  await until(() => receiver.arrivals.length === 1);
  const [second] = await desk.record({ to: ["billing"] });
  const holder = await desk.db.pool.connect();
  try {
    // Whoever goes on with replays waits for it, until its wait ends.
    await holder.query("BEGIN; LOCK TABLE holdfast.replay IN ACCESS EXCLUSIVE MODE");
    await until(() => someoneWaits(desk.db, { relation: "holdfast.replay" }));
    const stopped = gateway.drain();
    answer();
    expect(await desk.finished(first!)).toEqual({ ...PROCESSED, attempt: 1 });
    await stopped;
  } finally {
    await holder.query("ROLLBACK");
    holder.release();
  }
  expect(await desk.waiting(second!, "ready")).toMatchObject({ attempt: 0 });
  expect(receiver.arrivals.length).toBe(1);
});

test("a frozen database does not keep a process that has to end, and what it had is taken over (F08)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const proxy = await startFaultProxy(desk.database.url);
  onTestFinished(() => proxy.close());
  const worker = await startWorkerProcess(desk, {
    ...definition(receiver.url),
    databaseUrl: proxy.url,
    drainTimeoutMs: 3_000,
    roles: ["ingest", "worker", "admin"],
    worker: { leaseMs: 5_000 },
  });
  receiver.answer = (_arrival, response) => {
    proxy.freeze();
    receiver.answer = () => 200;
    response.writeHead(200).end();
    worker.signal("SIGTERM");
  };
  const [id] = await desk.record({ to: ["billing"] });
  expect(await worker.ended).toEqual({ code: 0, signal: null });
  await startDeliveries(desk, { worker: { leaseMs: 5_000 } });
  expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 2 });
  expect(receiver.arrivals.length).toBe(2);
});

test("on the embedded database a killed worker's deliveries are taken over at the next start, long before their leases end", async () => {
  const receiver = await startReceiver(() => undefined);
  const dataDir = mkdtempSync(join(tmpdir(), "holdfast-case-"));
  const options = { ...definition(receiver.url), dataDir, roles: ["ingest", "worker"] as const };
  const long = { worker: { leaseMs: 3_600_000 } };
  const killed = await startWorkerProcess(null, { ...options, ...long });
  expect((await post(killed.ingestUrl, event(1))).status).toBe(200);
  await until(() => receiver.arrivals.length === 1);
  killed.signal("SIGKILL");
  await killed.ended;
  receiver.answer = () => 200;
  const next = await startWorkerProcess(null, { ...options, ...long });
  await until(() => next.logged.some((line) => line["next"] === "processed"));
  expect(
    next.logged.some((line) => line["msg"] === "deliveries taken over from the process that ran here before"),
  ).toBe(true);
  const [first, second] = receiver.arrivals;
  expect(second!.key).toBe(first!.key);
  expect(second!.headers["holdfast-attempt"]).toBe("2");
  next.signal("SIGTERM");
  expect(await next.ended).toEqual({ code: 0, signal: null });
});
