import { expect, onTestFinished, test } from "vitest";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { noteClaims } from "../support/noted-claims.ts";
import { startReceiver } from "../support/receiver.ts";
import { spawnWorkerProcess, startWorkerProcess } from "../support/worker-process.ts";

const PROCESSED = { state: "processed", reason: null };
/** Ends soon after a worker does. */
const SHORT = { leaseMs: 2_000 };
/** The same where the worker has to be alive until a test stops it, however busy the machine is. */
const LONGER = { leaseMs: 10_000 };
/** Of whoever takes over: it goes by the leases that the dead have left, and its own are not what these tests are about. */
const UNTROUBLED = { leaseMs: 30_000 };
const quick = { timeoutMs: 10_000, retry: { scheduleSec: [1, 1, 1] } };

test("a worker that is killed between the receiver's 200 and the settlement costs one more delivery of the same key and bytes (F37, F38)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { billing: { url: receiver.url, ...quick } };
  const worker = await startWorkerProcess(desk, { destinations, worker: LONGER });
  receiver.answer = (_arrival, response) => {
    // The answer leaves, and the worker is gone before it can write it down.
    response.writeHead(200).end();
    worker.signal("SIGKILL");
    receiver.answer = () => 200;
  };
  const [id] = await desk.record({ to: ["billing"] });
  await worker.ended;
  await startDeliveries(desk, { worker: UNTROUBLED });
  expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 2 });
  expect(receiver.arrivals.length).toBe(2);
  const [first, second] = receiver.arrivals;
  expect([first!.key, first!.body]).toEqual([second!.key, second!.body]);
  const attempts = await desk.attempts(id!);
  expect(
    attempts.map(({ number, outcome, detail, next_state }) => [number, outcome, detail?.split(":")[0], next_state]),
  ).toEqual([
    [1, "transient", "lease_expired", "ready"],
    [2, "succeeded", undefined, "processed"],
  ]);
});

test("a worker that stands still past its lease changes nothing when it goes on, while another has the delivery (F39, F44)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { billing: { url: receiver.url, ...quick } };
  const zombie = await startWorkerProcess(desk, { destinations, worker: LONGER });
  const answers: ((status: number) => void)[] = [];
  receiver.answer = (_arrival, response) => {
    answers.push((status) => void response.writeHead(status).end());
    if (answers.length === 1) zombie.signal("SIGSTOP");
  };
  const [id] = await desk.record({ to: ["billing"] });
  await until(() => answers.length === 1);
  await startDeliveries(desk, { worker: UNTROUBLED });
  await until(() => answers.length === 2);
  // The other one holds it now; the zombie would write that it failed.
  const before = await desk.query("SELECT * FROM holdfast.delivery");
  answers[0]!(500);
  zombie.signal("SIGCONT");
  await until(() => zombie.logged.some((line) => line["next"] === "lease_lost"));
  expect(zombie.logged.find((line) => line["next"] === "lease_lost")).toMatchObject({ level: "warn", attempt: 1 });
  expect(await desk.query("SELECT * FROM holdfast.delivery")).toEqual(before);
  answers[1]!(200);
  expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 2 });
  expect((await desk.attempts(id!)).map(({ number, outcome }) => [number, outcome])).toEqual([
    [1, "transient"],
    [2, "succeeded"],
  ]);
  expect((await desk.attempts(id!))[0]!.detail).toContain("lease_expired");
  expect(receiver.arrivals.length).toBe(2);
});

test("a worker whose lease has run out before it sends does not send (F40)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { billing: { url: receiver.url, ...quick } };
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const [id] = await desk.record({ to: ["billing"] });
  // It can claim, and stands still once it has asked for the event: seen on the way, since a lock would let it go on by itself.
  const proxy = await startFaultProxy(desk.database.url);
  onTestFinished(() => proxy.close());
  const pids: number[] = [];
  let isStopped = false;
  proxy.toServer = (bytes) => {
    if (!isStopped && bytes.includes("find_events")) isStopped = process.kill(pids[0]!, "SIGSTOP");
    return bytes;
  };
  const zombie = await spawnWorkerProcess(desk, { worker: { leaseMs: 5_000 }, databaseUrl: proxy.url });
  pids.push(zombie.pid);
  await until(() => isStopped);
  // It looks for what has expired so often that the zombie goes on before it gives up its question to the database, after 11 s.
  await startDeliveries(desk, { worker: { leaseMs: 6_000 } });
  expect(await desk.finished(id!)).toMatchObject({ state: "processed", attempt: 2 });
  zombie.signal("SIGCONT");
  await until(() => zombie.logged.some((line) => line["next"] === "lease_lost"));
  const lost = zombie.logged.find((line) => line["next"] === "lease_lost");
  expect(lost).toMatchObject({ outcome: null, attempt: 1 });
  expect(receiver.arrivals.length).toBe(1);
  expect((await desk.attempts(id!)).length).toBe(2);
});

test("a delivery that kills its process each time ends dead, with an attempt for each claim (F43)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = {
    ledger: { handler: "poison", timeoutMs: 900, retry: { scheduleSec: [1] } },
    billing: { url: receiver.url },
  };
  const ids: string[] = [];
  // The first process declares the destinations; the handlers of these processes are their own.
  for (let i = 0; i < 2; i++) {
    // The second one may take it, and end, before it says that it is ready.
    const worker = await (i === 0
      ? startWorkerProcess(desk, { destinations, worker: SHORT })
      : spawnWorkerProcess(desk, { worker: SHORT }));
    if (i === 0) ids.push(...(await desk.record({ to: ["ledger"] })));
    expect(await worker.ended).toMatchObject({ signal: "SIGKILL" });
  }
  await startDeliveries(desk, { worker: SHORT });
  expect(await desk.finished(ids[0]!)).toEqual({ state: "dead", reason: "attempts_exhausted", attempt: 2 });
  const attempts = await desk.attempts(ids[0]!);
  expect(attempts.map(({ number, next_state }) => [number, next_state])).toEqual([
    [1, "ready"],
    [2, "dead"],
  ]);
  for (const { detail } of attempts) expect(detail).toContain("lease_expired");
  const [other] = await desk.record({ to: ["billing"] });
  expect(await desk.finished(other!)).toEqual({ ...PROCESSED, attempt: 1 });
});

test("a delivery that kills its process each time takes none of those along that were claimed with it (F43)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = {
    // Due long after its neighbours are: where both have one schedule, chance parts them.
    ledger: { handler: "poison", timeoutMs: 900, retry: { scheduleSec: [1, 20] } },
    billing: { url: receiver.url, retry: { scheduleSec: [1, 1] } },
  };
  const worker = { leaseMs: 12_000 };
  // Declared, and recorded while nobody delivers: all of it is claimed at once.
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const [poison] = await desk.record({ to: ["ledger"] });
  const healthy: string[] = [];
  for (let i = 0; i < 40; i++) healthy.push(...(await desk.record({ to: ["billing"] })));
  // What is under way beside it is not answered any more: the process dies first.
  receiver.answer = (_arrival, response) =>
    void desk
      .query("SELECT FROM holdfast.delivery WHERE id = $1 AND state = 'leased'", [poison])
      .then((leased) => leased.length === 0 && response.writeHead(200).end());
  for (let claims = 1; claims <= 3; claims++) {
    // It may end before it says that it is ready.
    const { ended } = await spawnWorkerProcess(desk, { worker });
    expect(await ended).toMatchObject({ signal: "SIGKILL" });
  }
  await startDeliveries(desk, { worker });
  expect(await desk.finished(poison!)).toEqual({ state: "dead", reason: "attempts_exhausted", attempt: 3 });
  for (const id of healthy) expect(await desk.finished(id)).toMatchObject(PROCESSED);
});

test("workers in several processes share a backlog: each delivery is sent once, the urgent ones first", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  // The first process waits for its answers until the second has started.
  const destinations = { billing: { url: receiver.url, timeoutMs: 60_000 } };
  // Declared, and recorded while nobody delivers.
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const low = await Promise.all(Array.from({ length: 150 }, () => desk.record({ to: ["billing"], priority: 3 })));
  const critical = await Promise.all(
    Array.from({ length: 20 }, () => desk.record({ to: ["billing"], priority: 0, body: Buffer.from("critical") })),
  );
  const held: (() => void)[] = [];
  receiver.answer = (_arrival, response) => void held.push(() => response.writeHead(200).end());
  const order = await noteClaims(desk);
  const worker = { concurrency: 5, pollMs: 25 };
  const workers = await Promise.all([1, 2].map(() => startWorkerProcess(desk, { worker })));
  // Or more: an attempt that has grown old gives its slot to others.
  await until(() => receiver.arrivals.length >= 10);
  const first = receiver.arrivals.slice(0, 10).map(({ body }) => body.toString());
  expect(first).toEqual(Array.from({ length: 10 }, () => "critical"));
  receiver.answer = () => 200;
  for (const release of held) release();
  const total = low.length + critical.length;
  await until(async () => (await desk.query("SELECT FROM holdfast.finished_delivery")).length === total);
  expect(receiver.arrivals.length).toBe(total);
  expect(new Set(receiver.arrivals.map(({ key }) => key)).size).toBe(total);
  // Claimed first, all of them; on the wire those that are under way at once (ten slots) may overtake each other, and one that waits for
  // its turn on a busy machine is overtaken by any number.
  const urgent = new Set(critical.flat());
  const last = (await order()).findLastIndex((id) => urgent.has(id));
  expect(last).toBeLessThan(critical.length + 10);
  const shares = await desk.query<{ worker: string }>("SELECT DISTINCT worker FROM holdfast.attempt");
  expect(shares.length).toBe(2);
  expect(workers.length).toBe(2);
});
