import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toPublicId } from "../../src/domain/id.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";
import { recordOne, recordRejection, tryOnce } from "../support/recorded-events.ts";

let gateway: AdminGateway;
let foreignKey: string;
const source: Record<string, string> = {};
const destination: Record<string, string> = {};

const FAILED = { kind: "answered", status: 500, retryAfterMs: null } as const;

beforeAll(async () => {
  gateway = await startAdminGateway();
  await gateway.call("POST", "/configuration", {
    definition: {
      sources: {
        stripe: { provider: "stripe", secrets: ["whsec_a-secret-of-enough-length-0001"] },
        shop: { provider: "shopify", secrets: ["a-secret-of-enough-length-0002"] },
      },
      destinations: { billing: { url: "https://billing.example.com/" }, audit: { url: "https://audit.example.com/" } },
      routes: [{ source: "stripe", destination: "billing" }],
    },
  });
  for (const { name, id } of gateway.catalog().sources) source[name] = id;
  for (const { name, id } of gateway.catalog().destinations) destination[name] = id;
  foreignKey = await gateway.keyOf("other");
});
afterAll(() => gateway.close());

async function get<T>(path: string, key?: string): Promise<T> {
  const answer = await gateway.call("GET", path, undefined, key);
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.body as T;
}

interface Events {
  items: { providerEventId: string; receivedAt: string }[];
  nextCursor: string | null;
  searched: { newest: number | null; complete: boolean } | null;
}
const idsOf = (page: Events): string[] => page.items.map(({ providerEventId }) => providerEventId);
const record = (name: string, providerId: string, body: string, to: readonly string[] = []) =>
  recordOne(gateway.db, {
    sourceId: source[name]!,
    destinationIds: to.map((one) => destination[one]!),
    providerId,
    type: "order.paid",
    body: Buffer.from(body),
  });

describe("a search in the bodies of events", () => {
  it("finds the exact value at the place, whatever else holds the same bytes, and says how far it looked", async () => {
    await record("stripe", "evt_a", '{"data":{"customer":"cus_7","id":1234567890123456789}}');
    await record("stripe", "evt_b", '{"data":{"customer":"cus_70"},"note":"cus_7"}');
    await record("shop", "evt_c", '{"data":{"customer":"cus_7"}}');
    await record("shop", "evt_d", "no JSON with cus_7");
    const found = await get<Events>(`/events?field=${encodeURIComponent("/data/customer=cus_7")}`);
    expect(idsOf(found)).toEqual(["evt_c", "evt_a"]);
    expect(found.searched).toEqual({ newest: 4, complete: true });
    const ofOne = await get<Events>(`/events?source=shop&field=${encodeURIComponent("body./data/customer = cus_7")}`);
    expect(idsOf(ofOne)).toEqual(["evt_c"]);
    const long = await get<Events>(`/events?field=${encodeURIComponent("/data/id=1234567890123456789")}`);
    expect(idsOf(long)).toEqual(["evt_a"]);
    const first = await get<Events>(`/events?limit=1&field=${encodeURIComponent("/data/customer=cus_7")}`);
    const path = `/events?limit=1&cursor=${first.nextCursor}&field=${encodeURIComponent("/data/customer=cus_7")}`;
    expect([...idsOf(first), ...idsOf(await get<Events>(path))]).toEqual(["evt_c", "evt_a"]);
    const foreign = await get<Events>(`/events?field=${encodeURIComponent("/data/customer=cus_7")}`, foreignKey);
    expect(foreign.items).toEqual([]);
  });

  it("is told to whoever asks for it in another form", async () => {
    const answer = await gateway.call("GET", "/events?field=customer%3Dcus_7");
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body)).toContain("JSON pointer");
  });
});

describe("events by their deliveries", () => {
  it("are found by a state and a destination together, finished deliveries and waiting ones alike", async () => {
    const dead = await record("stripe", "evt_dead", "{}", ["billing", "audit"]);
    await record("stripe", "evt_ready", "{}", ["audit"]);
    await tryOnce(gateway.db, dead.deliveryIds[0]!, FAILED, {
      to: "dead",
      reason: "refused",
      disableDestination: false,
    });
    expect(idsOf(await get<Events>("/events?state=dead"))).toEqual(["evt_dead"]);
    expect(idsOf(await get<Events>("/events?state=ready"))).toEqual(["evt_ready", "evt_dead"]);
    expect(idsOf(await get<Events>("/events?destination=billing"))).toEqual(["evt_dead"]);
    // Its delivery to billing is dead and its delivery to audit is ready: the two are of one delivery.
    expect(idsOf(await get<Events>("/events?state=dead&destination=audit"))).toEqual([]);
    expect(idsOf(await get<Events>("/events?state=ready&providerId=evt_ready"))).toEqual(["evt_ready"]);
    expect(idsOf(await get<Events>("/events?state=held&providerId=evt_ready"))).toEqual([]);
    expect((await get<Events>("/events?state=dead")).searched).toEqual({ newest: null, complete: true });
    expect((await get<Events>("/events")).searched).toBeNull();
  });
});

describe("what waits", () => {
  it("is counted by class, and by reason and destination, for its own tenant alone", async () => {
    const late = await record("stripe", "evt_late", "{}", ["billing"]);
    await tryOnce(gateway.db, late.deliveryIds[0]!, FAILED, { to: "scheduled", waitMs: 3_600_000 });
    const held = { sourceId: source["stripe"]!, destinationIds: [destination["audit"]!], priority: 1 };
    await recordOne(gateway.db, { ...held, providerId: "evt_held", heldReason: "destination_paused" });
    interface Queue {
      classes: { class: string; depth: Record<string, number>; oldestReadySec: number | null }[];
      ready: { destination: string; count: number; since: string }[];
      held: { reason: string; destination: string; count: number }[];
      scheduled: { destination: string; count: number }[];
      counted: { complete: boolean };
    }
    const queue = await get<Queue>("/queue");
    expect(
      queue.classes.map((one) => [one.class, one.depth["ready"], one.depth["scheduled"], one.depth["held"]]),
    ).toEqual([
      ["critical", 0, 0, 0],
      ["high", 0, 0, 1],
      ["normal", 2, 1, 0],
      ["low", 0, 0, 0],
    ]);
    expect(queue.classes[2]!.oldestReadySec).toBeGreaterThanOrEqual(0);
    expect(queue.ready).toMatchObject([{ destination: "audit", count: 2, since: expect.stringMatching(/Z$/) }]);
    expect(queue.held).toMatchObject([{ reason: "destination_paused", destination: "audit", count: 1 }]);
    expect(queue.scheduled).toMatchObject([{ destination: "billing", count: 1 }]);
    expect(queue.counted.complete).toBe(true);
    expect(await get<Queue>("/queue", foreignKey)).toMatchObject({ ready: [], held: [], scheduled: [] });
  });
});

describe("rejections", () => {
  it("are grouped by source, reason and likely cause, and listed by the same", async () => {
    const [shop] = gateway.catalog().sources.filter(({ name }) => name === "shop");
    const [stripe] = gateway.catalog().sources.filter(({ name }) => name === "stripe");
    const rejected = [await recordRejection(gateway.db, shop!), await recordRejection(gateway.db, shop!)];
    await recordRejection(gateway.db, stripe!);
    interface Groups {
      items: { source: string; reason: string; cause: string; count: number; sampleId: string }[];
      searched: { newest: number; complete: boolean };
    }
    const groups = await get<Groups>("/rejections/groups");
    expect(groups.items.map(({ source: name, reason, cause, count }) => [name, reason, cause, count])).toEqual([
      ["shop", "signature_mismatch", "unknown", 2],
      ["stripe", "signature_mismatch", "unknown", 1],
    ]);
    expect(groups.items[0]!.sampleId).toBe(toPublicId("rej", rejected.toSorted().at(-1)!));
    expect(groups.searched).toEqual({ newest: 3, complete: true });
    const listed = async (query: string): Promise<number> =>
      (await get<{ items: unknown[] }>(`/rejections?${query}`)).items.length;
    expect(await listed("source=shop&reason=signature_mismatch&cause=unknown")).toBe(2);
    expect(await listed("cause=body_reserialized")).toBe(0);
    const whole = { newest: null, complete: true };
    expect((await get<Events>("/rejections?source=shop")).searched).toEqual(whole);
    expect((await get<Events>("/rejections")).searched).toBeNull();
    expect((await get<Events>("/deliveries?state=processed")).searched).toEqual(whole);
    expect((await get<Events>("/dead-letters?status=422")).searched).toMatchObject({ complete: true });
    expect((await get<Events>("/dead-letters")).searched).toBeNull();
    expect((await get<Events>("/audit?actor=test")).searched).toEqual(whole);
    expect(await listed(`until=${new Date(Date.now() - 60_000).toISOString()}`)).toBe(0);
    expect(await listed("until=0000-01-01T00:00:00Z")).toBe(0);
    expect((await get<Groups>("/rejections/groups", foreignKey)).items).toEqual([]);
  });
});
