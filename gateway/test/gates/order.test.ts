import { sign } from "@holdfast/verify";
import { expect, test } from "vitest";
import type { Arrival } from "../support/receiver.ts";
import { startReceiver } from "../support/receiver.ts";
import { SOURCE_SECRET, openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { statesOf } from "../support/many-deliveries.ts";
import { startWorkerProcess } from "../support/worker-process.ts";

const SHORT = { leaseMs: 2_000 };
const routes = [{ source: "payments", destination: "ledger", orderBy: "body:/account" }];

interface Told {
  readonly account: string;
  readonly number: number;
}

const read = ({ body }: Arrival): Told => JSON.parse(body.toString()) as Told;

/** The numbers of one account in the order in which they came, what came again left out. */
function numbersOf(arrivals: readonly Arrival[], account: string): number[] {
  const numbers = arrivals.map(read).flatMap((told) => (told.account === account ? [told.number] : []));
  return numbers.filter((number, i) => number !== numbers[i - 1]);
}

test("of one key none begins before the one before it is done, with two workers of which one is killed", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { ledger: { url: receiver.url, timeoutMs: 900, retry: { scheduleSec: [1, 1, 1] } } };
  await (await startDeliveries(desk, { destinations, routes })).gateway.drain();
  const accounts = ["a", "b", "c"];
  for (let number = 0; number < 8; number++) {
    for (const account of accounts) {
      const body = Buffer.from(JSON.stringify({ account, number }));
      await desk.record({ to: ["ledger"], body, order: { key: account, at: number } });
    }
  }
  const first = await startWorkerProcess(desk, { worker: { ...SHORT, pollMs: 25 } });
  receiver.answer = (arrival, response) => {
    if (read(arrival).account !== "a" || read(arrival).number !== 2) return 200;
    // The answer leaves, and the worker is gone before it can write it down.
    response.writeHead(200).end();
    first.signal("SIGKILL");
    receiver.answer = () => 200;
  };
  await first.ended;
  await startWorkerProcess(desk, { worker: { ...SHORT, pollMs: 25 } });
  await until(async () => (await statesOf(desk, "ledger"))["processed"] === 24);
  for (const account of accounts) expect(numbersOf(receiver.arrivals, account)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test("one that waits for its retry holds up its own key alone, until it is done or dead", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver((arrival) =>
    read(arrival).account === "a" && read(arrival).number === 0 ? 500 : 200,
  );
  const destinations = { ledger: { url: receiver.url, retry: { scheduleSec: [600] } } };
  await startDeliveries(desk, { destinations, routes });
  const ids: string[] = [];
  for (const account of ["a", "b"]) {
    for (let number = 0; number < 4; number++) {
      const body = Buffer.from(JSON.stringify({ account, number }));
      ids.push(...(await desk.record({ to: ["ledger"], body, order: { key: account, at: number } })));
    }
  }
  await desk.waiting(ids[0]!, "scheduled");
  await until(async () => (await statesOf(desk, "ledger"))["processed"] === 4);
  expect(numbersOf(receiver.arrivals, "b")).toEqual([0, 1, 2, 3]);
  expect(await statesOf(desk, "ledger")).toEqual({ processed: 4, scheduled: 1, "held ordered": 3 });
  expect(numbersOf(receiver.arrivals, "a")).toEqual([0]);
  await desk.hurry();
  await until(async () => (await statesOf(desk, "ledger"))["processed"] === 7);
  expect(await desk.finished(ids[0]!)).toMatchObject({ state: "dead" });
  expect(numbersOf(receiver.arrivals, "a")).toEqual([0, 1, 2, 3]);
});

test("the key is what the route's selector finds in the event; one without it keeps no order", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { ledger: { url: receiver.url } };
  const { ingestUrl } = await startWorkerProcess(desk, { destinations, routes, roles: ["ingest", "worker"] });
  const send = async (event: object): Promise<void> => {
    const body = Buffer.from(JSON.stringify(event));
    const request = { method: "POST", url: "/in/payments-key", headers: [], body };
    const headers = sign({ provider: "stripe", receiver: { secrets: [SOURCE_SECRET] }, request, now: new Date() });
    const answer = await fetch(`${ingestUrl}/in/payments-key`, { method: "POST", headers: [...headers], body });
    expect(answer.status).toBe(200);
  };
  receiver.answer = (arrival, response) => {
    if (read(arrival).account === "a") waiting.push(() => response.writeHead(200).end());
    else return 200;
  };
  const waiting: (() => void)[] = [];
  for (let number = 0; number < 3; number++) await send({ id: `evt_a${number}`, type: "x", account: "a", number });
  await send({ id: "evt_b", type: "x", account: "b", number: 0 });
  await send({ id: "evt_none", type: "x", number: 0 });
  await until(async () => (await statesOf(desk, "ledger"))["processed"] === 2);
  expect(await statesOf(desk, "ledger")).toEqual({ leased: 1, "held ordered": 2, processed: 2 });
  for (let number = 0; number < 3; number++) {
    await until(() => waiting.length === number + 1);
    expect(numbersOf(receiver.arrivals, "a")).toEqual([0, 1, 2].slice(0, number + 1));
    waiting[number]!();
  }
  await until(async () => (await statesOf(desk, "ledger"))["processed"] === 5);
});
