import { randomBytes } from "node:crypto";
import { unwrap } from "@holdfast/client";
import { expect, test } from "vitest";
import type { DeliveryGateway } from "../support/delivery-gateway.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import type { Arrival } from "../support/receiver.ts";
import { startReceiver } from "../support/receiver.ts";
import { openService, ownByApi, startReplayGateway } from "../support/replay-desk.ts";

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

const newSecret = (): string => `whsec_${randomBytes(32).toString("base64")}`;

/** Whether a receiver that knows these secrets takes what came. */
function accepts(secrets: readonly string[], { headers, body }: Pick<Arrival, "headers" | "body">): boolean {
  return unwrap({ secrets, headers, body }).ok;
}

test("a receiver that knows the old signing secret and the new one takes all through the change, and retries are signed with the new one (F99)", async () => {
  const desk = await openDesk();
  const [old, fresh] = [newSecret(), newSecret()];
  const state = { isOpen: false };
  const receiver = await startReceiver((arrival) => {
    if (!accepts([old, fresh], arrival)) return 401;
    return state.isOpen ? 200 : 503;
  });
  const retry = { scheduleSec: [3_600, 3_600], refusalsMax: 1 };
  const running = await startDeliveries(desk, {
    destinations: { ledger: { url: receiver.url, signingSecret: old, retry } },
  });
  await desk.query(MADE_BY_API);
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push(...(await desk.record({ to: ["ledger"] })));
  for (const id of ids) expect(await desk.waiting(id, "scheduled")).toMatchObject({ attempt: 1 });
  await patch(running, { signingSecret: fresh });
  state.isOpen = true;
  ids.push(...(await desk.record({ to: ["ledger"] })));
  await desk.hurry();
  for (const id of ids) expect(await desk.finished(id)).toMatchObject(PROCESSED);
  const signedWith = (arrival: Arrival) => [accepts([old], arrival), accepts([fresh], arrival)];
  expect(receiver.arrivals.map(signedWith)).toEqual([
    ...Array.from({ length: 5 }, () => [true, false]),
    ...Array.from({ length: 6 }, () => [false, true]),
  ]);
});

test("what is replayed goes where its destination is by then, signed with its secret of then (F135)", async () => {
  const desk = await openDesk();
  const [before, after] = [await openService(), await openService()];
  before.answer = () => 503;
  const retry = { scheduleSec: [], refusalsMax: 1 };
  const gateway = await startReplayGateway(desk, { destinations: { ledger: { url: before.url, retry } } });
  await gateway.post("evt_1");
  await until(
    async () => (await desk.query("SELECT FROM holdfast.finished_delivery WHERE state = 'dead'")).length === 1,
  );
  await desk.query(MADE_BY_API);
  await ownByApi(desk, gateway);
  const signingSecret = newSecret();
  const changed = await gateway.call("PATCH", "/destinations/ledger", { url: after.url, signingSecret });
  expect(changed.status, JSON.stringify(changed.body)).toBe(200);
  expect(await gateway.replay({})).toMatchObject({ summary: { replayed: 1, processed: 1, integrity_check: "pass" } });
  expect([before.seen.length, after.seen.length]).toEqual([1, 1]);
  const { headers, body } = after.seen[0]!;
  expect(accepts([signingSecret], { headers, body: Buffer.from(body) })).toBe(true);
});

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
