import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { DeliveryGateway } from "../support/delivery-gateway.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { startReceiver } from "../support/receiver.ts";

const PROCESSED = { state: "processed", reason: null };
// What a file declares, the API does not change.
const MADE_BY_API = "UPDATE holdfast.destination SET origin = 'api'";

async function patch({ gateway }: DeliveryGateway, fields: Readonly<Record<string, unknown>>): Promise<void> {
  const answer = await fetch(`${gateway.adminUrl}/api/v1/destinations/ledger`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${gateway.adminToken}`, "content-type": "application/json" },
    body: JSON.stringify(fields),
  });
  expect(answer.status).toBe(200);
}

test("what waits for a handler that nobody has is delivered once its destination is a URL", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const running = await startDeliveries(desk, { destinations: { ledger: { handler: "keep" } } });
  await desk.query(MADE_BY_API);
  const [id] = await desk.record({ to: ["ledger"] });
  expect(await desk.waiting(id!, "held")).toMatchObject({ held_reason: "handler_missing" });
  await patch(running, { url: receiver.url });
  expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 1 });
});

test("what waits for a signing secret that nobody can read is delivered once its destination is a handler", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  await (await startDeliveries(desk, { destinations: { ledger: { url: receiver.url } } })).gateway.drain();
  const secretKey = randomBytes(32).toString("base64");
  const running = await startDeliveries(desk, { secretKey, handlers: { keep: () => {} } });
  await desk.query(MADE_BY_API);
  const [id] = await desk.record({ to: ["ledger"] });
  expect(await desk.waiting(id!, "held")).toMatchObject({ held_reason: "signing_secret_unreadable" });
  await patch(running, { handler: "keep" });
  expect(await desk.finished(id!)).toEqual({ ...PROCESSED, attempt: 1 });
  expect(receiver.arrivals).toEqual([]);
});

test("a late 410 of the URL that it had before leaves a destination active", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver((arrival, response) => {
    if (arrival.path === "/new") return 200;
    answerOld = () => response.writeHead(410).end();
  });
  let answerOld = (): void => {};
  const running = await startDeliveries(desk, { destinations: { ledger: { url: `${receiver.url}/old` } } });
  await desk.query(MADE_BY_API);
  const [late] = await desk.record({ to: ["ledger"] });
  await until(() => receiver.at("/old").length === 1);
  await patch(running, { url: `${receiver.url}/new` });
  const [fresh] = await desk.record({ to: ["ledger"] });
  expect(await desk.finished(fresh!)).toMatchObject({ state: "processed" });
  answerOld();
  expect(await desk.finished(late!)).toMatchObject({ state: "dead", reason: "gone" });
  // What is logged last: by then it would be disabled.
  await until(() => running.attemptLines().some((line) => line["next"] === "dead"));
  expect(await desk.query("SELECT state FROM holdfast.destination")).toEqual([{ state: "active" }]);
  expect(await desk.query("SELECT FROM holdfast.destination_notice")).toEqual([]);
});
