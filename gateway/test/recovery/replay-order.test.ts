import { expect, it } from "vitest";
import { openDesk } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import type { ReplayGateway } from "../support/replay-desk.ts";
import { endedWith, openService, settled, startReplayGateway } from "../support/replay-desk.ts";

const ORDERED = [{ source: "payments", destination: "ledger", orderBy: "body:/type" }];

/** As a provider does: again, until it is accepted; a machine under load puts arrivals off. */
const arrive = (gateway: ReplayGateway, id: string) => until(async () => (await gateway.post(id)) === 200);

it("delivers again in the order in which it came what was in order", async () => {
  const desk = await openDesk();
  const service = await openService();
  const gateway = await startReplayGateway(desk, { destinations: { ledger: { url: service.url } }, routes: ORDERED });
  const ids = ["evt_1", "evt_2", "evt_3", "evt_4"];
  for (const id of ids) await arrive(gateway, id);
  await settled(desk);
  const told = () => service.seen.map(({ body }) => /"id":\s*"(evt_\d)"/.exec(body)?.[1]);
  expect(told()).toEqual(ids);
  expect(await gateway.replay({ again: true, ratePerSec: 1_000 })).toMatchObject({
    state: "completed",
    summary: { replayed: 4, integrity_check: "pass" },
  });
  await until(() => service.seen.length === 8);
  await settled(desk);
  expect(told()).toEqual([...ids, ...ids]);
  const keys = "SELECT count(DISTINCT order_key)::int AS keys, count(*)::int AS all FROM holdfast.finished_delivery";
  expect(await desk.query(`${keys} WHERE order_key IS NOT NULL`)).toEqual([{ keys: 1, all: 8 }]);
});

it("retries and replays in their old places what came in the same moment, whatever its ids say", async () => {
  const desk = await openDesk();
  const service = await openService();
  service.answer = () => 422;
  const destinations = { ledger: { url: service.url, retry: { scheduleSec: [], refusalsMax: 1 } } };
  const gateway = await startReplayGateway(desk, { destinations, routes: ORDERED });
  expect((await gateway.call("PATCH", "/destinations/ledger", { state: "paused" })).status).toBe(200);
  // The later one has the earlier place, as of two that one process drafted in one millisecond.
  for (let place = 3; place >= 0; place--) {
    await desk.record({ to: ["ledger"], body: Buffer.from(JSON.stringify({ place })), order: { key: "k", at: place } });
  }
  const places = () => service.seen.map(({ body }) => (JSON.parse(body) as { place: number }).place);
  expect((await gateway.call("PATCH", "/destinations/ledger", { state: "active" })).status).toBe(200);
  await until(() => service.seen.length === 4);
  await settled(desk);
  expect(places()).toEqual([0, 1, 2, 3]);

  const retry = async (): Promise<void> => {
    const handled = await gateway.call("POST", "/dead-letters/retry", {
      filter: { destination: "ledger" },
      expected: 4,
    });
    expect(handled).toMatchObject({ status: 200, body: { handled: 4 } });
  };
  await retry();
  await until(() => service.seen.length === 8);
  await settled(desk);
  expect(places()).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);

  service.answer = () => 200;
  const { state } = await gateway.replay({ trustRecorded: true, ratePerSec: 1_000 });
  expect(state).toBe("completed");
  await until(() => service.seen.length === 12);
  await settled(desk);
  expect(places().slice(8)).toEqual([0, 1, 2, 3]);

  await gateway.replay({ again: true, trustRecorded: true, ratePerSec: 1_000 });
  await until(() => service.seen.length === 16);
  await settled(desk);
  expect(places().slice(12)).toEqual([0, 1, 2, 3]);
});

it("tells in the plan what is held already, and which destination would hold what it queues", async () => {
  const desk = await openDesk();
  const service = await openService();
  service.answer = () => 422;
  // What a slow machine breaks is tried again; what is refused is dead at once.
  const retry = { scheduleSec: [1, 1, 1], refusalsMax: 1 };
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: service.url, retry } } });
  for (const id of ["evt_1", "evt_2"]) await arrive(gateway, id);
  await settled(desk);
  // As if it had been made by the API: one that a file declares is paused there.
  await desk.query("UPDATE holdfast.destination SET origin = 'api'");
  await desk.query("UPDATE holdfast.setting SET value = (value::int + 1)::text WHERE name = 'catalog_version'");
  await until(async () => (await gateway.call("PATCH", "/destinations/billing", { state: "paused" })).status === 200);
  await arrive(gateway, "evt_3");
  const { body } = await gateway.call("POST", "/replays", {});
  expect(body["plan"]).toMatchObject({
    wouldReplay: 2,
    wouldSkip: 1,
    held: [{ destination: "billing", reason: "destination_paused", deliveries: 1 }],
    holding: [{ destination: "billing", reason: "destination_paused", gate: null }],
  });
  expect(JSON.stringify(body["plan"])).toContain("billing: it is paused");
  const started = await gateway.call("POST", "/replays/run", { token: body["token"] });
  const id = String(started.body["id"]);
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${gateway.gateway.adminUrl}/metrics`)).text();
    return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "m").exec(text)?.[1] ?? 0);
  };
  await until(async () => (await metric("holdfast_replays_replayed_total")) === 2);
  await until(async () => (await metric("holdfast_replays_running")) === 1);
  service.answer = () => 200;
  expect(await gateway.call("PATCH", "/destinations/billing", { state: "active" })).toMatchObject({ status: 200 });
  expect((await gateway.ended(id))["state"]).toBe("completed");
  // What the pause had held was due for a moment, tried by nobody: the replay must not have ended then.
  const untried = `SELECT 1 FROM holdfast.replay_item i WHERE NOT EXISTS (
    SELECT FROM holdfast.attempt a WHERE a.bucket = i.bucket AND a.delivery_id = i.delivery_id)`;
  expect(await desk.query(untried)).toEqual([]);
  expect(await endedWith(gateway, id, 2)).toMatchObject({ state: "completed", summary: { processed: 2 } });
  await until(async () => (await metric("holdfast_replays_running")) === 0);
  expect(await metric("holdfast_replays_skipped_total")).toBe(1);
  expect(await metric("holdfast_replays_ended_total")).toBe(1);
});

it("tells of a breaker that has not closed, and of what waits for it", async () => {
  const desk = await openDesk();
  const service = await openService();
  service.answer = () => 503;
  const retry = { scheduleSec: [], refusalsMax: 1 };
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: service.url, retry } } });
  const opened = "SELECT 1 FROM holdfast.destination_gate WHERE breaker <> 'closed'";
  for (let i = 0; (await desk.query(opened)).length === 0 && i < 500; i++) await gateway.post(`evt_${i}`);
  const held = "SELECT 1 FROM holdfast.delivery WHERE held_reason = 'destination_gated'";
  await until(async () => {
    await gateway.post(`late_${Math.random()}`);
    return (await desk.query(held)).length > 0;
  });
  const { plan } = (await gateway.call("POST", "/replays", {})).body as { plan: Record<string, unknown> };
  expect(plan["held"]).toMatchObject([{ destination: "billing", reason: "destination_gated" }]);
  expect(plan["holding"]).toEqual([{ destination: "billing", reason: "destination_gated", gate: "breaker" }]);
  expect(JSON.stringify(plan["notes"])).toContain("billing: its breaker has not closed");
});
