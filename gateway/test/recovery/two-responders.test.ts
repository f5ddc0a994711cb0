import { expect, it } from "vitest";
import { bucketOf, parsePublicId } from "../../src/domain/id.ts";
import { replay } from "../../src/recovery/replay.ts";
import { createEndedRound } from "../../src/recovery/settle-replays.ts";
import type { Database } from "../../src/store/database.ts";
import { runCli, startCli } from "../support/cli.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { testFolder } from "../support/folder.ts";
import { openService, settled, startReplayGateway } from "../support/replay-desk.ts";
import { makeRoom, replayer } from "../support/replayer.ts";

const ONE_TRY = { scheduleSec: [], refusalsMax: 1 };
// Fewer than open the destination's breaker.
const EVENTS = 9;

async function outage(roles?: readonly string[]) {
  const desk = await openDesk();
  const service = await openService();
  service.answer = () => 503;
  const destinations = { billing: { url: service.url, retry: ONE_TRY } };
  const gateway = await startReplayGateway(desk, { destinations });
  for (let i = 0; i < EVENTS; i++) await gateway.post(`evt_${i}`);
  await settled(desk);
  service.answer = () => 200;
  if (roles === undefined) return { desk, service, gateway };
  await gateway.stop();
  return { desk, service, gateway: await startReplayGateway(desk, { destinations, roles }) };
}

it("runs a plan once, whoever gives its token, at the same moment too (F132)", async () => {
  const { service, gateway } = await outage();
  const planned = (await gateway.call("POST", "/replays", {})).body;
  const token = planned["token"];
  const answers = await Promise.all([1, 2, 3].map(() => gateway.call("POST", "/replays/run", { token })));
  expect(answers.map(({ status, body }) => [status, body["id"]])).toEqual(answers.map(() => [200, planned["id"]]));
  expect(await gateway.ended(String(planned["id"]))).toMatchObject({
    summary: { replayed: EVENTS, processed: EVENTS },
  });
  // Long after it has ended, the answer is still the same run.
  expect((await gateway.call("POST", "/replays/run", { token })).body["id"]).toBe(planned["id"]);
  expect(service.effects.size).toBe(EVENTS);
  expect([...service.effects.values()].every((count) => count === 1)).toBe(true);
});

it("refuses a second replay over the same arrivals, and says who runs what since when", async () => {
  const { gateway } = await outage();
  const plan = async (wish: object) =>
    (await gateway.call("POST", "/replays", { ratePerSec: 0.5, ...wish })).body["token"];
  const [first, second] = [
    await plan({ by: "ann", types: ["invoice.paid"] }),
    await plan({ by: "ben", types: ["invoice.*"] }),
  ];
  const elsewhere = await plan({ types: ["charge.*"] });
  const answers = await Promise.all(
    [first, second].map((token) => gateway.call("POST", "/replays/run", { token, by: "ann" })),
  );
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  const refused = answers.find(({ status }) => status === 409)!.body;
  const running = answers.find(({ status }) => status === 200)!.body;
  expect(refused["detail"]).toMatch(/^ann \(local\) has been running rpl_\w+ since 20\d\d-/);
  expect(refused["detail"]).toContain(String(running["id"]));
  // What cannot meet it may run beside it.
  expect((await gateway.call("POST", "/replays/run", { token: elsewhere })).status).toBe(200);
  const cancelled = await gateway.call("POST", `/replays/${String(running["id"])}/cancel`, {});
  expect(cancelled.body).toMatchObject({ state: "cancelled" });
});

it("the command that waits for a replay ends with 1 when it was cancelled, and with 0 when it completed", async () => {
  const { gateway } = await outage();
  const { adminUrl, adminToken } = gateway.gateway;
  const where = { cwd: testFolder(), env: { HOLDFAST_ADMIN_URL: adminUrl!, HOLDFAST_ADMIN_TOKEN: adminToken! } };
  const completed = await gateway.replay({ types: ["charge.*"] });
  expect(await runCli(["replay", "watch", String(completed["id"])], where)).toMatchObject({ code: 0 });

  const planned = (await gateway.call("POST", "/replays", { ratePerSec: 0.5 })).body;
  const id = String(planned["id"]);
  const running = startCli(["replay", "run", String(planned["token"])], where);
  await until(async () => (await gateway.call("GET", `/replays/${id}`)).body["state"] === "running");
  await gateway.call("POST", `/replays/${id}/cancel`, {});
  expect(await running.ended).toMatchObject({ code: 1, stdout: expect.stringContaining(`${id} is cancelled`) });
  expect(await runCli(["replay", "watch", id], where)).toMatchObject({ code: 1 });
  expect(await runCli(["replay", "show", id], where)).toMatchObject({ code: 0 });
});

/** A database whose `after`th transaction breaks: before its COMMIT, or after it without an answer. */
function breaking(db: Database, after: number, where: "before" | "after"): Database {
  let count = 0;
  return {
    ...db,
    transaction: async (work, deadlineMs) => {
      if (++count !== after) return db.transaction(work, deadlineMs);
      if (where === "after") await db.transaction(work, deadlineMs);
      else
        await db.transaction(async (tx) => {
          await work(tx);
          throw new Error("killed");
        }, deadlineMs);
      throw new Error("killed");
    },
  };
}

it("goes on exactly where it was killed, before or after COMMIT, with nothing doubled and nothing missing (F133)", async () => {
  // No worker: deliveries stand still, and nobody but this test goes on with the replay.
  const { desk, gateway } = await outage(["admin"]);
  const wish = { trustRecorded: true, ratePerSec: 10_000, inFlightMax: 1_000 };
  const planned = (await gateway.call("POST", "/replays", wish)).body;
  const id = String(planned["id"]);
  await gateway.call("POST", "/replays/run", { token: planned["token"] });
  // Batches of two, so that nine events need several.
  await desk.query("UPDATE holdfast.replay SET options = options || '{\"inFlightMax\": 2}'");
  const uuid = parsePublicId("rpl", id)!;
  for (const where of ["before", "after", "before"] as const) {
    const deps = await replayer(breaking(desk.db, 1, where));
    await expect(replay(deps)).rejects.toThrow("killed");
    await makeRoom(desk);
    // The killed one has come back to life, and is fenced off by the lease or the cursor of another.
    const [next, late] = [await replayer(desk.db), deps];
    await replay(next);
    await replay({ ...late, db: desk.db });
    await makeRoom(desk);
  }
  const last = await replayer(desk.db);
  while ((await replay(last)).more) await makeRoom(desk);
  await makeRoom(desk);
  const items = await desk.query<{ event_id: string; delivery_id: string }>(
    "SELECT event_id, delivery_id FROM holdfast.replay_item WHERE replay_id = $1",
    [uuid],
  );
  expect(items).toHaveLength(EVENTS);
  expect(new Set(items.map((item) => item.event_id)).size).toBe(EVENTS);
  const made = await desk.query<{ id: string; key: string }>(
    "SELECT id, key FROM holdfast.finished_delivery WHERE trigger = 'replay'",
  );
  expect(made).toHaveLength(EVENTS);
  expect(new Set(made.map(({ key }) => key)).size).toBe(EVENTS);
  expect(made.every((row) => items.some((item) => item.delivery_id === row.id))).toBe(true);
  await replay(last);
  await replay(last);
  expect((await gateway.call("GET", `/replays/${id}`)).body).toMatchObject({
    state: "completed",
    summary: { events_scanned: EVENTS, replayed: EVENTS, processed: EVENTS, integrity_check: "pass" },
  });
});

it.each([
  ["the ceiling of what is under way", { ratePerSec: 10_000, inFlightMax: 3 }, 3],
  ["the rate, which is one in ten seconds", { ratePerSec: 0.1, inFlightMax: 1_000 }, 1],
])("queues no more than %s allows, however often it is looked at", async (_words, limits, expected) => {
  const { desk, gateway } = await outage(["admin"]);
  const planned = (await gateway.call("POST", "/replays", { trustRecorded: true, ...limits })).body;
  await gateway.call("POST", "/replays/run", { token: planned["token"] });
  // However long the rounds take, it is one moment.
  const now = new Date();
  const deps = { ...(await replayer(desk.db)), databaseNow: () => now };
  for (let round = 0; round < 5; round++) await replay(deps);
  expect(await desk.query("SELECT priority, lane FROM holdfast.delivery")).toEqual(
    Array.from({ length: expected }, () => ({ priority: 3, lane: "replay:default" })),
  );
});

it("is advanced by one worker at a time: of two that hold it at once, one is refused by the cursor", async () => {
  const { desk, gateway } = await outage(["admin"]);
  await desk.query("UPDATE holdfast.finished_delivery SET state = 'processed', reason = NULL");
  // Again makes new deliveries, which no mark on an old one keeps from being made twice.
  const planned = (await gateway.call("POST", "/replays", { again: true, trustRecorded: true })).body;
  await gateway.call("POST", "/replays/run", { token: planned["token"] });
  await desk.query(`UPDATE holdfast.replay SET options = options || '{"inFlightMax": 2}'`);
  // Leases that end at once: both believe that the replay is theirs.
  const both = [await replayer(desk.db), await replayer(desk.db)];
  for (let round = 0; round < 3 * EVENTS; round++) {
    await Promise.all(both.map((deps) => replay({ ...deps, leaseMs: 0 })));
    await makeRoom(desk);
  }
  const made = await desk.query<{ event_id: string }>(
    "SELECT event_id FROM holdfast.finished_delivery WHERE trigger = 'replay'",
  );
  expect(made).toHaveLength(EVENTS);
  expect(new Set(made.map((row) => row.event_id)).size).toBe(EVENTS);
});

it("a run that fails stops no other, is named, and is left alone for a while", async () => {
  const { desk, gateway } = await outage(["admin"]);
  const [bad, good] = [
    (await gateway.call("POST", "/replays", { trustRecorded: true })).body,
    (await gateway.call("POST", "/replays", { trustRecorded: true })).body,
  ];
  await desk.query("UPDATE holdfast.replay SET state = 'running', started_at = now(), started_by = 'test'");
  const deps = { ...(await replayer(desk.db)), leaseMs: 60_000 };
  // The first transaction of a round is the older run's.
  await expect(replay({ ...deps, db: breaking(desk.db, 1, "before") })).rejects.toThrow(`${String(bad["id"])}: killed`);
  expect(await desk.query("SELECT DISTINCT replay_id FROM holdfast.replay_item")).toEqual([
    { replay_id: parsePublicId("rpl", String(good["id"])) },
  ]);
  const [left] = await desk.query<{ waits: boolean }>(
    "SELECT lease <> $2 AND lease_until > now() AS waits FROM holdfast.replay WHERE id = $1",
    [parsePublicId("rpl", String(bad["id"])), deps.lease],
  );
  expect(left).toEqual({ waits: true });
});

it("takes back what nobody has tried when it is cancelled: the dead letters are open again", async () => {
  const { desk, service, gateway } = await outage();
  service.answer = () => 200;
  // The destination is paused, so what is queued waits and nobody tries it.
  const paused = await gateway.call("PATCH", "/destinations/billing", { state: "paused" });
  expect(paused.status).toBe(200);
  const planned = (await gateway.call("POST", "/replays", { ratePerSec: 1_000 })).body;
  await gateway.call("POST", "/replays/run", { token: planned["token"] });
  await expect.poll(async () => (await desk.query("SELECT id FROM holdfast.delivery")).length).toBe(EVENTS);
  const id = String(planned["id"]);
  await gateway.call("POST", `/replays/${id}/cancel`, { by: "ann" });
  await expect.poll(async () => (await desk.query("SELECT id FROM holdfast.delivery")).length).toBe(0);
  expect((await gateway.call("GET", `/replays/${id}`)).body).toMatchObject({
    state: "cancelled",
    summary: { replayed: 0, processed: 0, integrity_check: "pass" },
    notReplayed: { withdrawn: EVENTS },
  });
  const letters = (await gateway.call("GET", "/dead-letters?limit=200")).body["items"] as { id: string }[];
  expect(letters).toHaveLength(EVENTS);
  expect(letters.every((letter) => bucketOf(parsePublicId("dlv", letter.id)!) >= 0)).toBe(true);
});

/** A replay that has queued its deliveries, and is cancelled when this has befallen them; and the plan of another over the same. */
async function cancelledWhen(befallen: string) {
  const { desk, gateway } = await outage(["admin"]);
  const deps = await replayer(desk.db);
  const plan = async () => (await gateway.call("POST", "/replays", { trustRecorded: true, ratePerSec: 10_000 })).body;
  const run = ({ token }: Record<string, unknown>) => gateway.call("POST", "/replays/run", { token });
  const [first, second] = [await plan(), await plan()];
  expect((await run(first)).status).toBe(200);
  await replay(deps);
  expect(await desk.query(`UPDATE holdfast.delivery SET ${befallen} RETURNING id`)).toHaveLength(EVENTS);
  expect((await gateway.call("POST", `/replays/${String(first["id"])}/cancel`, { by: "ann" })).status).toBe(200);
  return { desk, gateway, deps, first, again: () => run(second) };
}

it.each([
  ["is ready", "state = 'ready'"],
  ["was let go after a pause", "state = 'scheduled', due_at = now()"],
  [
    "is leased and may be given back untried",
    "state = 'leased', attempt = 1, lease = gen_random_uuid(), lease_until = now()",
  ],
])("refuses a replay over what a cancelled one is about to take back, which %s, until that is done", async (_, sql) => {
  const { desk, gateway, deps, first, again } = await cancelledWhen(sql);
  const refused = await again();
  expect([refused.status, refused.body["detail"]]).toEqual([
    409,
    expect.stringMatching(`^ann \\(local\\) cancelled ${String(first["id"])} at 20.*is still being taken back`),
  ]);
  await desk.query(
    "UPDATE holdfast.delivery SET state = 'ready', attempt = 0, due_at = NULL, lease = NULL, lease_until = NULL",
  );
  await createEndedRound(deps)();
  const started = await again();
  expect(started.status, JSON.stringify(started.body)).toBe(200);
  while ((await replay(deps)).more) await makeRoom(desk);
  expect((await gateway.call("GET", `/replays/${String(started.body["id"])}`)).body).toMatchObject({
    state: "completed",
    summary: { replayed: EVENTS, processed: EVENTS, duplicate_skipped: 0, integrity_check: "pass" },
  });
});

it("runs a replay beside what a cancelled one queued and somebody tried, which goes on", async () => {
  const { again } = await cancelledWhen("state = 'scheduled', attempt = 1, due_at = now() + interval '1 hour'");
  expect((await again()).status).toBe(200);
});
