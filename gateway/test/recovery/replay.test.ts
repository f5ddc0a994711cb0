import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { codedSampleOf, sent } from "../../../verify/test/coded-samples.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import type { ReplayGateway, Service } from "../support/replay-desk.ts";
import { openService, settled, startReplayGateway } from "../support/replay-desk.ts";

const ONE_TRY = { scheduleSec: [], refusalsMax: 1 };

async function incident(events: number): Promise<{ desk: Desk; service: Service; gateway: ReplayGateway }> {
  const desk = await openDesk();
  const service = await openService();
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: service.url, retry: ONE_TRY } } });
  for (let i = 0; i < events; i++) expect(await gateway.post(`evt_${i}`)).toBe(200);
  await settled(desk);
  return { desk, service, gateway };
}

it("replays what an outage left undone, leaves the rest alone, and adds up: the field's incident in small", async () => {
  const { desk, service, gateway } = await incident(20);
  service.answer = () => 503;
  for (let i = 20; i < 30; i++) await gateway.post(`evt_${i}`);
  await settled(desk);
  service.answer = (body) => (body.includes('"evt_25"') ? 422 : 200);
  // The provider's own retries come meanwhile: duplicates, which change nothing.
  await Promise.all([gateway.post("evt_21"), gateway.post("evt_25")]);
  const replay = await gateway.replay({});
  expect(replay["summary"]).toEqual({
    events_scanned: 30,
    replayed: 10,
    duplicate_skipped: 20,
    processed: 9,
    failed_permanent: 1,
    still_waiting: 0,
    integrity_check: "pass",
  });
  expect(replay).toMatchObject({ state: "completed", notReplayed: {}, verified: { signature: 10 } });
  expect(replay["failed"]).toHaveLength(1);
  // Each of the 29 that could be processed had its effect once, under one key for all of its tries.
  expect([...service.effects.values()].every((count) => count === 1)).toBe(true);
  expect(service.effects.size).toBe(29);
  expect(new Set(service.seen.map(({ key }) => key)).size).toBe(30);
  expect(service.seen.filter(({ headers }) => headers["holdfast-trigger"] === "replay")).toHaveLength(10);
});

it("delivers nothing a second time, however often the same scope is replayed (F134)", async () => {
  const { service, gateway } = await incident(5);
  expect(await gateway.replay({})).toMatchObject({ summary: { events_scanned: 5, replayed: 0, duplicate_skipped: 5 } });
  expect(service.seen).toHaveLength(5);
});

it("delivers again under a new key when it is asked to, and says what that means (F134)", async () => {
  const { service, gateway } = await incident(3);
  const replay = await gateway.replay({ again: true });
  expect(replay["summary"]).toMatchObject({ replayed: 3, processed: 3, duplicate_skipped: 0, integrity_check: "pass" });
  expect(JSON.stringify(replay["plan"])).toContain("new idempotency key");
  expect(service.effects.size).toBe(6);
});

it("pulls a retry forward that waits for its time, as the same delivery with the same key", async () => {
  const desk = await openDesk();
  const service = await openService();
  service.answer = () => 503;
  const retry = { scheduleSec: [3_600, 3_600] };
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: service.url, retry } } });
  await gateway.post("evt_1");
  await settled(desk);
  service.answer = () => 200;
  const replay = await gateway.replay({});
  expect(replay["summary"]).toMatchObject({ replayed: 1, processed: 1, still_waiting: 0, integrity_check: "pass" });
  expect(new Set(service.seen.map(({ key }) => key)).size).toBe(1);
  expect(await desk.query("SELECT attempt FROM holdfast.finished_delivery")).toEqual([{ attempt: 2 }]);
});

it("ends with what waits counted as waiting when the destination fails again", async () => {
  const desk = await openDesk();
  const service = await openService();
  service.answer = () => 503;
  const gateway = await startReplayGateway(desk, {
    destinations: { billing: { url: service.url, retry: { scheduleSec: [3_600, 3_600, 3_600] } } },
  });
  await gateway.post("evt_1");
  await settled(desk);
  const replay = await gateway.replay({});
  expect(replay).toMatchObject({
    state: "completed",
    summary: { replayed: 1, processed: 0, failed_permanent: 0, still_waiting: 1, integrity_check: "pass" },
  });
});

it("copies to another destination, marked as such, and touches nothing of the original", async () => {
  const desk = await openDesk();
  const [service, staging] = [await openService(), await openService()];
  service.answer = () => 503;
  const gateway = await startReplayGateway(desk, {
    destinations: { billing: { url: service.url, retry: ONE_TRY }, staging: { url: staging.url } },
    routes: [{ source: "payments", destination: "billing" }],
  });
  for (const id of ["evt_1", "evt_2"]) await gateway.post(id);
  await settled(desk);
  const before = await desk.query("SELECT * FROM holdfast.finished_delivery ORDER BY id");
  const replay = await gateway.replay({ copyTo: "staging" });
  expect(replay["summary"]).toMatchObject({ events_scanned: 2, replayed: 2, processed: 2, integrity_check: "pass" });
  expect(staging.seen.map(({ headers }) => [headers["holdfast-copy"], headers["holdfast-trigger"]])).toEqual([
    ["true", "replay"],
    ["true", "replay"],
  ]);
  const after = await desk.query("SELECT * FROM holdfast.finished_delivery WHERE trigger <> 'copy' ORDER BY id");
  expect(after).toEqual(before);
  expect(service.seen).toHaveLength(2);
  // The dead ones can still be replayed where they belong.
  service.answer = () => 200;
  expect(await gateway.replay({})).toMatchObject({ summary: { replayed: 2, processed: 2, integrity_check: "pass" } });
});

it("keeps a copy a copy when it has died and is retried, one alone or many at once: nothing takes it for an original", async () => {
  const desk = await openDesk();
  const [service, staging] = [await openService(), await openService()];
  const gateway = await startReplayGateway(desk, {
    destinations: { billing: { url: service.url }, staging: { url: staging.url, retry: ONE_TRY } },
    routes: [{ source: "payments", destination: "billing" }],
  });
  for (const id of ["evt_1", "evt_2", "evt_3"]) await gateway.post(id);
  await settled(desk);
  staging.answer = () => 503;
  expect(await gateway.replay({ copyTo: "staging" })).toMatchObject({ summary: { failed_permanent: 3 } });
  const letters = (await gateway.call("GET", "/dead-letters")).body["items"] as { id: string }[];
  staging.answer = (body) => (body.includes('"evt_3"') ? 503 : 200);
  const [first, ...others] = letters.map(({ id }) => id);
  expect((await gateway.call("POST", `/deliveries/${first!}/retry`, {})).status).toBe(201);
  const many = { filter: { ids: others }, expected: 2 };
  expect((await gateway.call("POST", "/dead-letters/retry", many)).body).toMatchObject({ handled: 2 });
  await settled(desk);
  expect(staging.seen).toHaveLength(6);
  expect(staging.seen.filter(({ headers }) => headers["holdfast-copy"] !== "true")).toEqual([]);

  // The one that died again is the only one to be copied again, under its key; the events' own deliveries are done.
  staging.answer = () => 200;
  expect(await gateway.replay({})).toMatchObject({ summary: { replayed: 0, duplicate_skipped: 3 } });
  const again = await gateway.replay({ copyTo: "staging" });
  expect(again["summary"]).toMatchObject({ replayed: 1, processed: 1, duplicate_skipped: 2, integrity_check: "pass" });
  expect([staging.effects.size, service.seen.length]).toEqual([3, 3]);
});

it("sends what no route ever sent there only when that is asked for", async () => {
  const desk = await openDesk();
  const [service, ledger] = [await openService(), await openService()];
  const destinations = { billing: { url: service.url }, ledger: { url: ledger.url } };
  const one = await startReplayGateway(desk, {
    destinations,
    routes: [{ source: "payments", destination: "billing" }],
  });
  await one.post("evt_1");
  await settled(desk);
  await one.stop();
  const routes = ["billing", "ledger"].map((destination) => ({ source: "payments", destination }));
  const gateway = await startReplayGateway(desk, { destinations, routes });
  expect(await gateway.replay({})).toMatchObject({ summary: { replayed: 0, duplicate_skipped: 1 } });
  expect(ledger.seen).toHaveLength(0);
  const wish = { destinations: ["ledger"], states: ["missing"] };
  expect(await gateway.replay(wish)).toMatchObject({ summary: { replayed: 1, processed: 1, integrity_check: "pass" } });
  expect([ledger.seen.length, service.seen.length]).toEqual([1, 1]);
});

it("refuses to deliver an event whose stored bytes are not those that were recorded, and fails its check", async () => {
  const { desk, service, gateway } = await incident(1);
  service.answer = () => 503;
  await gateway.post("evt_bad");
  await settled(desk);
  await desk.query("UPDATE holdfast.event SET body = '\\x7b7d' WHERE provider_event_id = 'evt_bad'");
  const replay = await gateway.replay({});
  expect(replay).toMatchObject({
    state: "failed",
    notReplayed: { body_damaged: 1 },
    summary: { replayed: 0, duplicate_skipped: 1, integrity_check: "fail" },
  });
  expect(service.seen.filter(({ body }) => body === "{}")).toEqual([]);
});

it("tells in the event's timeline which replay delivered it", async () => {
  const { desk, service, gateway } = await incident(0);
  service.answer = () => 503;
  await gateway.post("evt_1");
  await settled(desk);
  service.answer = () => 200;
  const replay = await gateway.replay({});
  const events = (await gateway.call("GET", "/events")).body["items"] as { id: string }[];
  const { timeline } = (await gateway.call("GET", `/events/${events[0]!.id}`)).body as {
    timeline: { step: string; detail?: string }[];
  };
  const steps = timeline.map(({ step }) => step);
  expect(steps).toEqual([
    "received",
    "validated",
    "queued",
    "processing",
    "failed permanently",
    "replayed",
    "queued",
    "processing",
    "processed",
  ]);
  expect(timeline.find(({ step }) => step === "replayed")?.detail).toBe(`by ${String(replay["id"])}`);
});

it("replays an event whose key an older version made by another rule, under the keys that it has", async () => {
  const { desk, service, gateway } = await incident(0);
  const sample = codedSampleOf("adyen");
  const source = { name: "adyen", provider: "adyen", key: "adyen-source-key", secrets: sample.receiver.secrets };
  expect((await gateway.call("POST", "/sources", source)).status).toBe(201);
  expect((await gateway.call("POST", "/routes", { source: "adyen", destination: "billing" })).status).toBe(201);
  service.answer = () => 503;
  const { request } = sent(sample, new Date());
  const url = `${gateway.gateway.ingestUrl}/in/adyen-source-key`;
  const headers = request.headers as [string, string][];
  const posted = await fetch(url, { method: "POST", headers, body: Buffer.from(request.body) });
  expect(posted.status).toBe(200);
  await settled(desk);
  const older = Buffer.from(`sha256:${createHash("sha256").update("what the older rule took").digest("hex")}`);
  await desk.query("UPDATE holdfast.event SET event_key = $1", [older]);
  service.answer = () => 200;
  const replay = await gateway.replay({});
  expect(replay).toMatchObject({ summary: { replayed: 1, processed: 1 }, verified: { signature: 1 }, notReplayed: {} });
  expect(new Set(service.seen.map(({ key }) => key)).size).toBe(1);
  expect(await desk.query("SELECT event_key FROM holdfast.event")).toEqual([{ event_key: older }]);
});

it("does not replay under one event's name what verifies as another one", async () => {
  const { desk, service, gateway } = await incident(0);
  service.answer = () => 503;
  for (const id of ["evt_1", "evt_2"]) await gateway.post(id);
  await settled(desk);
  await desk.query(
    `UPDATE holdfast.event e SET headers = o.headers, body = o.body, body_sha256 = o.body_sha256
       FROM holdfast.event o WHERE e.provider_event_id = 'evt_1' AND o.provider_event_id = 'evt_2'`,
  );
  service.answer = () => 200;
  const replay = await gateway.replay({});
  expect(replay).toMatchObject({ summary: { replayed: 1 }, notReplayed: { event_key_differs: 1 } });
});
