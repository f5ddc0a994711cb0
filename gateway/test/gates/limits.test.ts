import { expect, test } from "vitest";
import { countOpen, startReceiver } from "../support/receiver.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { copyDelivery, statesOf } from "../support/many-deliveries.ts";
import { startWorkerProcess } from "../support/worker-process.ts";

const GATED = "destination_gated";

test("a limit of concurrency holds over two processes, and is reached", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { billing: { url: receiver.url, concurrency: 3 } };
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const [id] = await desk.record({ to: ["billing"], heldReason: GATED });
  await copyDelivery(desk, id!, 59);
  // All that come at first are kept open, so that the limit is seen to be reached and not passed.
  const kept: (() => void)[] = [];
  receiver.answer = (_arrival, response) => void kept.push(() => response.writeHead(200).end());
  await Promise.all([1, 2].map(() => startWorkerProcess(desk, { worker: { concurrency: 8, pollMs: 25 } })));
  await until(() => kept.length === 3);
  await until(async () => (await statesOf(desk, "billing"))[`held ${GATED}`] === 57);
  expect(await statesOf(desk, "billing")).toEqual({ leased: 3, [`held ${GATED}`]: 57 });
  expect(kept.length).toBe(3);
  const seen = countOpen(receiver, 1);
  for (const answer of kept) answer();
  await until(async () => (await statesOf(desk, "billing"))["processed"] === 60);
  expect(seen.most).toBeLessThanOrEqual(3);
  const tried = await desk.query("SELECT FROM holdfast.finished_delivery WHERE attempt <> 1");
  expect([receiver.arrivals.length, tried.length]).toEqual([60, 0]);
});

test("a rate goes on when the database's time was set back, though nothing new comes", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { billing: { url: receiver.url, ratePerSec: 50, burst: 5 } };
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const [id] = await desk.record({ to: ["billing"], heldReason: GATED });
  await desk.query("UPDATE holdfast.destination_gate SET tokens = 0, refilled_at = now() + interval '1 day'");
  await startDeliveries(desk);
  expect(await desk.finished(id!)).toMatchObject({ state: "processed", attempt: 1 });
});

test("a rate lets a burst out and no more before its time; without the limit the rest follows", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const limited = { billing: { url: receiver.url, ratePerSec: 0.001, burst: 5 } };
  await (await startDeliveries(desk, { destinations: limited })).gateway.drain();
  const [id] = await desk.record({ to: ["billing"], heldReason: GATED });
  await copyDelivery(desk, id!, 19);
  const first = await startDeliveries(desk);
  await until(async () => (await statesOf(desk, "billing"))["processed"] === 5);
  expect(await statesOf(desk, "billing")).toEqual({ processed: 5, [`held ${GATED}`]: 15 });
  await first.gateway.drain();
  await startDeliveries(desk, { destinations: { billing: { url: receiver.url } } });
  await until(async () => (await statesOf(desk, "billing"))["processed"] === 20);
  expect(receiver.arrivals.length).toBe(20);
});

test("what became ready before its destination had a limit is taken out of the queue and keeps to the limit, at no cost", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { billing: { url: receiver.url, concurrency: 2 } };
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const [id] = await desk.record({ to: ["billing"] });
  await copyDelivery(desk, id!, 39);
  const seen = countOpen(receiver, 2);
  await startDeliveries(desk, { worker: { concurrency: 16 } });
  await until(async () => (await statesOf(desk, "billing"))["processed"] === 40);
  expect(seen.most).toBe(2);
  expect((await desk.query("SELECT FROM holdfast.finished_delivery WHERE attempt <> 1")).length).toBe(0);
});

test("a pause discards nothing, and its end lets out what has gathered at the limit", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { billing: { url: receiver.url, concurrency: 2 } };
  const { gateway } = await startDeliveries(desk, { destinations });
  const setState = async (state: string): Promise<void> => {
    const answer = await fetch(`${gateway.adminUrl}/api/v1/destinations/billing`, {
      method: "PATCH",
      headers: { authorization: `Bearer ${gateway.adminToken}`, "content-type": "application/json" },
      body: JSON.stringify({ state }),
    });
    expect(answer.status).toBe(200);
  };
  await setState("paused");
  const [paused] = await desk.record({ to: ["billing"], heldReason: "destination_paused" });
  const [gated] = await desk.record({ to: ["billing"], heldReason: GATED });
  await copyDelivery(desk, paused!, 14);
  await copyDelivery(desk, gated!, 14);
  const seen = countOpen(receiver, 2);
  expect(await statesOf(desk, "billing")).toEqual({ "held destination_paused": 15, [`held ${GATED}`]: 15 });
  await setState("active");
  await until(async () => (await statesOf(desk, "billing"))["processed"] === 30);
  expect(seen.most).toBe(2);
  expect((await desk.query("SELECT FROM holdfast.finished_delivery WHERE attempt <> 1")).length).toBe(0);
});
