import { expect, it, onTestFinished, vi } from "vitest";
import { toPublicId } from "../../src/domain/id.ts";
import { replay } from "../../src/recovery/replay.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { openService, ownByApi, settled, startReplayGateway } from "../support/replay-desk.ts";
import { replayer } from "../support/replayer.ts";

const ONE_TRY = { scheduleSec: [], refusalsMax: 1 };
const NEW_SECRET = "whsec_the_one_that_was_rotated_in_without_us";

it("a process whose wall clock jumps a month ahead sends what is retried and replayed once, and finishes it", async () => {
  const { desk, service, staging, gateway } = await outage();
  const since = new Date(Date.now() - 3_600_000).toISOString();
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 30 * 86_400_000 });
  onTestFinished(() => void vi.useRealTimers());
  service.answer = () => 200;

  const letters = (await gateway.call("GET", "/dead-letters")).body["items"] as { id: string }[];
  const [first, second] = letters.map(({ id }) => id);
  expect(letters.length).toBe(4);
  expect(await gateway.call("POST", `/deliveries/${first}/retry`, {})).toMatchObject({ status: 201 });
  const many = await gateway.call("POST", "/dead-letters/retry", { filter: { ids: [second] }, expected: 1 });
  expect(many.body).toMatchObject({ handled: 1 });
  await settled(desk);
  expect(await gateway.replay({ since })).toMatchObject({ summary: { replayed: 2, processed: 2 } });
  expect(await gateway.replay({ since, copyTo: "staging" })).toMatchObject({ summary: { replayed: 4, processed: 4 } });
  expect(await gateway.replay({ since, of: "rejections" })).toMatchObject({ summary: { replayed: 1, processed: 1 } });

  const counts = [service, staging].map(({ effects }) => [...effects.values()]);
  expect(counts).toEqual([
    [1, 1, 1, 1, 1],
    [1, 1, 1, 1],
  ]);
  const processed = await desk.query<{ attempt: number }>(
    "SELECT attempt FROM holdfast.finished_delivery WHERE state = 'processed'",
  );
  expect(processed.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 9 }, () => 1));
});

it.each([
  { what: "copied", wish: { copyTo: "staging" }, isCopy: true },
  { what: "sent for the first time", wish: { destinations: ["staging"], states: ["missing"] }, isCopy: false },
])("an event of a door whose wall clock is an hour ahead is $what once, however often it is asked for", async (row) => {
  const { wish, isCopy } = row;
  const desk = await openDesk();
  const [service, staging] = [await openService(), await openService()];
  const destinations = { billing: { url: service.url }, staging: { url: staging.url } };
  const billing = { source: "payments", destination: "billing" };
  const before = await startReplayGateway(desk, { destinations, routes: [billing] });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
  onTestFinished(() => void vi.useRealTimers());
  expect(await before.post("evt_ahead")).toBe(200);
  // A replay goes up to its own moment.
  vi.setSystemTime(Date.now() + 1_000);
  await settled(desk);
  await before.stop();
  // A copy needs no route, and what was never sent goes where one means it by now.
  const routes = isCopy ? [billing] : [billing, { source: "payments", destination: "staging" }];
  const gateway = await startReplayGateway(desk, { destinations, routes });
  const all = { since: new Date(Date.now() - 60_000).toISOString(), ...wish };
  expect(await gateway.replay(all)).toMatchObject({ summary: { replayed: 1, processed: 1 } });
  expect(await gateway.replay(all)).toMatchObject({ summary: { replayed: 0, duplicate_skipped: 1 } });
  expect([...staging.effects.values()]).toEqual([1]);
});

it("what is retried twice while its event's time has not come is counted as one effect of its key", async () => {
  const desk = await openDesk();
  const service = await openService();
  service.answer = () => 503;
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: service.url, retry: ONE_TRY } } });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
  onTestFinished(() => void vi.useRealTimers());
  expect(await gateway.post("evt_ahead")).toBe(200);
  vi.setSystemTime(Date.now() + 1_000);
  await settled(desk);
  const open = async () => ((await gateway.call("GET", "/dead-letters")).body["items"] as { id: string }[])[0]!.id;
  expect(await gateway.call("POST", `/deliveries/${await open()}/retry`, {})).toMatchObject({ status: 201 });
  await settled(desk);
  const filter = { ids: [await open()] };
  expect((await gateway.call("POST", "/dead-letters/retry", { filter, expected: 1 })).body).toMatchObject({
    handled: 1,
  });
  await settled(desk);
  service.answer = () => 200;
  const wish = { since: new Date(Date.now() - 60_000).toISOString() };
  expect(await gateway.replay(wish)).toMatchObject({ summary: { replayed: 1, processed: 1, integrity_check: "pass" } });
  expect(await gateway.replay(wish)).toMatchObject({ summary: { replayed: 0, duplicate_skipped: 1 } });
  expect([...service.effects.values()]).toEqual([1]);
});

it("what is tried again at once by a process whose wall clock is ahead waits since then by the database's time", async () => {
  const desk = await openDesk();
  const roles = ["ingest", "admin"];
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: "http://127.0.0.1:9/" } }, roles });
  expect(await gateway.post("evt_1")).toBe(200);
  const [waiting] = await desk.query<{ id: string }>(
    "UPDATE holdfast.delivery SET state = 'scheduled', attempt = 1, due_at = now() + interval '1 hour' RETURNING id",
  );
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 30 * 86_400_000 });
  onTestFinished(() => void vi.useRealTimers());
  const retried = await gateway.call("POST", `/deliveries/${toPublicId("dlv", waiting!.id)}/retry`, {});
  expect(retried.status).toBe(201);
  expect(await desk.query("SELECT state, ready_at <= clock_timestamp() AS has_begun FROM holdfast.delivery")).toEqual([
    { state: "ready", has_begun: true },
  ]);
});

it("what is retried or replayed of a door whose wall clock was ahead waits since then, and not since a time to come", async () => {
  const desk = await openDesk();
  const service = await openService();
  service.answer = () => 503;
  const destinations = { billing: { url: service.url, retry: ONE_TRY } };
  const worker = await startReplayGateway(desk, { destinations });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
  onTestFinished(() => void vi.useRealTimers());
  for (const id of ["evt_one", "evt_many", "evt_replayed"]) expect(await worker.post(id)).toBe(200);
  // A replay goes up to its own moment.
  vi.setSystemTime(Date.now() + 1_000);
  await settled(desk);
  await worker.stop();
  const gateway = await startReplayGateway(desk, { destinations, roles: ["admin"] });
  const letters = (await gateway.call("GET", "/dead-letters")).body["items"] as { id: string; eventId: string }[];
  const [one, many, replayed] = letters;
  expect(await gateway.call("POST", `/deliveries/${one!.id}/retry`, {})).toMatchObject({ status: 201 });
  const wish = { filter: { ids: [many!.id] }, expected: 1 };
  expect((await gateway.call("POST", "/dead-letters/retry", wish)).body).toMatchObject({ handled: 1 });
  const { token } = (await gateway.call("POST", "/replays", { ids: [replayed!.eventId], trustRecorded: true })).body;
  expect((await gateway.call("POST", "/replays/run", { token })).status).toBe(200);
  vi.useRealTimers();
  await replay({ ...(await replayer(desk.db)), leaseMs: 60_000 });
  const rows = await desk.query(
    "SELECT trigger, ready_at <= clock_timestamp() AS has_begun FROM holdfast.delivery WHERE state = 'ready' ORDER BY ready_at",
  );
  expect(rows).toEqual(["retry", "retry", "replay"].map((trigger) => ({ trigger, has_begun: true })));
});

/** Four dead letters, and an arrival that was refused for a secret which is there by now. */
async function outage() {
  const desk = await openDesk();
  const [service, staging] = [await openService(), await openService()];
  service.answer = () => 503;
  const destinations = { billing: { url: service.url, retry: ONE_TRY }, staging: { url: staging.url } };
  const gateway = await startReplayGateway(desk, { destinations });
  for (let i = 0; i < 4; i++) expect(await gateway.post(`evt_${i}`)).toBe(200);
  expect(await gateway.post("evt_refused", NEW_SECRET)).toBe(401);
  await until(async () => (await countRejections(desk)) === 1);
  await settled(desk);
  await ownByApi(desk, gateway);
  const added = await gateway.call("POST", "/sources/payments/secrets", { value: NEW_SECRET, version: "v2" });
  expect(added.status).toBe(201);
  return { desk, service, staging, gateway };
}

async function countRejections(desk: Desk): Promise<number> {
  return (await desk.query("SELECT FROM holdfast.rejection")).length;
}
