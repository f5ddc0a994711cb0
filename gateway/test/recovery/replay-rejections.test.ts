import { sign } from "@holdfast/verify";
import { expect, it } from "vitest";
import type { Source } from "../../src/domain/catalog.ts";
import { timeOf } from "../../src/domain/id.ts";
import { listDayPartitions } from "../../src/store/upkeep/day-partitions.ts";
import { ensurePartitions } from "../../src/store/upkeep/ensure-partitions.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk, SOURCE_SECRET } from "../support/delivery-gateway.ts";
import { forgetKeys } from "../support/forget-keys.ts";
import { recordRejection } from "../support/recorded-events.ts";
import type { ReplayGateway } from "../support/replay-desk.ts";
import { openService, ownByApi, settled, startReplayGateway } from "../support/replay-desk.ts";

const NEW_SECRET = "whsec_the_one_that_was_rotated_in_without_us";
const REFUSED = 60;

it("turns arrivals that were refused for a secret we lacked into events once, and their timelines tell it", async () => {
  const desk = await openDesk();
  const service = await openService();
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: service.url } } });
  for (let i = 0; i < REFUSED; i++) expect(await gateway.post(`evt_${i}`, NEW_SECRET)).toBe(401);
  // The provider tried five of them twice.
  for (let i = 0; i < 5; i++) expect(await gateway.post(`evt_${i}`, NEW_SECRET)).toBe(401);
  await until(desk, REFUSED + 5);
  const wish = { of: "rejections", reasons: ["signature_mismatch"] };
  // As long as the secret is not there, nothing becomes an event.
  const early = await gateway.call("POST", "/replays", wish);
  expect(early.body["plan"]).toMatchObject({ scanned: 65, wouldReplay: 0, notReplayed: { signature_mismatch: 65 } });
  expect(JSON.stringify(early.body)).toContain("Add the one that they were signed with first");
  await ownByApi(desk, gateway);
  await addSecret(gateway, "v2");

  const replay = await gateway.replay(wish);
  expect(replay["summary"]).toEqual({
    events_scanned: 65,
    replayed: 60,
    duplicate_skipped: 5,
    processed: 60,
    failed_permanent: 0,
    still_waiting: 0,
    integrity_check: "pass",
  });
  await settled(desk);
  expect(service.effects.size).toBe(REFUSED);
  // A live arrival of the same event afterwards is a duplicate, and so is a second run.
  expect(await gateway.post("evt_1", NEW_SECRET)).toBe(200);
  expect(await gateway.replay(wish)).toMatchObject({ summary: { replayed: 0, duplicate_skipped: 65 } });
  expect(service.seen).toHaveLength(REFUSED);

  const found = (await gateway.call("GET", "/events?providerId=evt_0")).body["items"] as { id: string }[];
  const { timeline } = (await gateway.call("GET", `/events/${found[0]!.id}`)).body as {
    timeline: { step: string; detail?: string }[];
  };
  expect(timeline.map(({ step }) => step)).toEqual([
    "received",
    "rejected",
    "rejected",
    "replayed",
    "validated",
    "queued",
    "processing",
    "processed",
  ]);
  expect(timeline.find(({ step }) => step === "rejected")?.detail).toBe("signature_mismatch");
});

it("plans as it runs: what got through meanwhile, and each refusal of an event but the first, is skipped", async () => {
  const desk = await openDesk();
  const service = await openService();
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: service.url } } });
  // More than the plan reads at once, so that refusals of one event lie in different pages.
  for (let i = 0; i < 120; i++) expect(await gateway.post(`evt_${i % 40}`, NEW_SECRET)).toBe(401);
  await until(desk, 120);
  await ownByApi(desk, gateway);
  await addSecret(gateway, "v2");
  for (let i = 0; i < 10; i++) expect(await gateway.post(`evt_${i}`, NEW_SECRET)).toBe(200);
  const replay = await gateway.replay({ of: "rejections" });
  expect(replay["plan"]).toMatchObject({ scanned: 120, wouldReplay: 30, wouldSkip: 90, deliveries: 30 });
  expect(replay["summary"]).toMatchObject({ events_scanned: 120, replayed: 30, duplicate_skipped: 90 });
});

it("leaves a forgery refused, whatever secrets are there", async () => {
  const desk = await openDesk();
  const service = await openService();
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: service.url } } });
  await gateway.post("evt_forged", "whsec_of_somebody_who_is_not_the_provider");
  await until(desk, 1);
  expect(await gateway.replay({ of: "rejections" })).toMatchObject({
    state: "completed",
    summary: { events_scanned: 1, replayed: 0, processed: 0, integrity_check: "pass" },
    notReplayed: { signature_mismatch: 1 },
  });
  expect(await desk.query("SELECT id FROM holdfast.event")).toEqual([]);
});

it("verifies an event with the secret that was in force then, and says when that is retired by now (F135)", async () => {
  const desk = await openDesk();
  const service = await openService();
  service.answer = () => 503;
  const retry = { scheduleSec: [], refusalsMax: 1 };
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: service.url, retry } } });
  await gateway.post("evt_1");
  await settled(desk);
  await ownByApi(desk, gateway);
  await addSecret(gateway, "next");
  const versions = (await gateway.call("GET", "/sources/payments/secrets")).body["items"] as { version: string }[];
  const old = versions.find(({ version }) => version !== "next")!.version;
  await gateway.call("POST", "/sources/payments/secrets/next/promote", {});
  const retired = await gateway.call("POST", `/sources/payments/secrets/${old}/retire`, { force: true });
  expect(retired.status, JSON.stringify(retired.body)).toBeLessThan(300);
  expect(await gateway.post("evt_2")).toBe(401);
  service.answer = () => 200;
  const replay = await gateway.replay({});
  expect(replay).toMatchObject({
    verified: { retired_secret: 1, signature: 0 },
    summary: { replayed: 1, processed: 1 },
  });
  expect(JSON.stringify(replay["plan"])).toContain("retired now");
});

it("refuses an event whose recorded signature does not hold, unless the recorded verdict is to be trusted", async () => {
  const desk = await openDesk();
  const service = await openService();
  service.answer = () => 503;
  const retry = { scheduleSec: [], refusalsMax: 1 };
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: service.url, retry } } });
  await gateway.post("evt_1");
  await settled(desk);
  service.answer = () => 200;
  // As if the header had been lost: the bytes are intact, the proof is gone.
  await desk.query("UPDATE holdfast.event SET headers = convert_to('[]', 'UTF8')");
  expect(await gateway.replay({})).toMatchObject({ summary: { replayed: 0 }, notReplayed: { missing_header: 1 } });
  expect(await gateway.replay({ trustRecorded: true })).toMatchObject({
    summary: { replayed: 1, processed: 1, integrity_check: "pass" },
    verified: { recorded_verdict: 1 },
  });
});

it("makes an event of a rejection whose day of events is gone: it begins now, and tells when it came", async () => {
  const desk = await openDesk();
  const service = await openService();
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: service.url } } });
  const receivedAt = new Date(Date.now() - 10 * 86_400_000);
  await ensurePartitions(desk.db, receivedAt.getTime(), 1);
  for (const { table, name, toMs } of await listDayPartitions(desk.db))
    if (table !== "rejection" && toMs < Date.now() - 2 * 86_400_000) await desk.query(`DROP TABLE holdfast.${name}`);
  await refuseThen(desk, receivedAt);
  const since = new Date(receivedAt.getTime() - 1_000).toISOString();
  expect(await gateway.replay({ of: "rejections", since })).toMatchObject({
    state: "completed",
    summary: { events_scanned: 1, replayed: 1, processed: 1, integrity_check: "pass" },
  });
  const [event] = await desk.query<{ id: string; received_at: Date }>("SELECT id, received_at FROM holdfast.event");
  expect(event!.received_at).toEqual(receivedAt);
  expect(timeOf(event!.id)).toBeGreaterThan(Date.now() - 86_400_000);
  expect(service.effects.size).toBe(1);
});

it("leaves what was refused before keys are known: its next try may have been processed, and nothing would tell", async () => {
  const desk = await openDesk();
  const service = await openService();
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: service.url } } });
  const receivedAt = new Date(Date.now() - 10 * 86_400_000);
  await ensurePartitions(desk.db, receivedAt.getTime(), 1);
  await refuseThen(desk, receivedAt);
  await forgetKeys(desk.db, new Date(receivedAt.getTime() + 86_400_000));
  const since = new Date(receivedAt.getTime() - 1_000).toISOString();
  const planned = await gateway.call("POST", "/replays", { of: "rejections", since });
  expect(planned.body["plan"]).toMatchObject({ scanned: 1, wouldReplay: 0, notReplayed: { key_forgotten: 1 } });
  expect(await gateway.replay({ of: "rejections", since })).toMatchObject({
    state: "completed",
    summary: { events_scanned: 1, replayed: 0, integrity_check: "pass" },
    notReplayed: { key_forgotten: 1 },
  });
  expect(await desk.query("SELECT id FROM holdfast.event")).toEqual([]);
});

/** A rejection of that time, of an arrival that the secrets of today verify. */
async function refuseThen(desk: Desk, receivedAt: Date): Promise<void> {
  const [row] = await desk.query<{ id: string }>("SELECT id FROM holdfast.source WHERE name = 'payments'");
  const source = { id: row!.id, tenant: "default" } as Source;
  const url = "https://gateway.example/in/payments-key";
  const body = Buffer.from(JSON.stringify({ id: "evt_old", object: "event", type: "invoice.paid" }));
  const request = { method: "POST", url, headers: [] as [string, string][], body };
  const receiver = { secrets: [SOURCE_SECRET] };
  const headers = sign({ provider: "stripe", receiver, request, now: receivedAt }) as [string, string][];
  await recordRejection(desk.db, source, { ...request, headers, receivedAt });
}

async function addSecret(gateway: ReplayGateway, version: string): Promise<void> {
  const added = await gateway.call("POST", "/sources/payments/secrets", { value: NEW_SECRET, version });
  expect(added.status).toBe(201);
}

/** Rejections are written in the background. */
async function until(desk: Desk, count: number): Promise<void> {
  const stored = async (): Promise<number> => {
    const [row] = await desk.query<{ count: number }>("SELECT count(*)::int AS count FROM holdfast.rejection");
    return row!.count;
  };
  await expect.poll(stored).toBeGreaterThanOrEqual(count);
}
