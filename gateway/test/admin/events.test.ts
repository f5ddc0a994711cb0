import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toPublicId } from "../../src/domain/id.ts";
import type { AdminGateway, Answer } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";
import { recordOne, recordRejection, REJECTED, tryOnce } from "../support/recorded-events.ts";

let gateway: AdminGateway;
let sourceId: string;
let destinationId: string;

beforeAll(async () => {
  gateway = await startAdminGateway();
  await gateway.call("POST", "/configuration", {
    definition: {
      sources: { stripe: { provider: "stripe", secrets: ["whsec_a-secret-of-enough-length-0001"] } },
      destinations: { billing: { url: "https://billing.example.com/in" } },
      routes: [{ source: "stripe", destination: "billing" }],
    },
  });
  sourceId = gateway.catalog().sources[0]!.id;
  destinationId = gateway.catalog().destinations[0]!.id;
});
afterAll(() => gateway.close());

interface Item {
  id: string;
  providerEventId: string | null;
  [field: string]: unknown;
}
function items(answer: Answer): Item[] {
  return (answer.body as { items: Item[] }).items;
}
function fields(answer: Answer): Record<string, unknown> {
  return answer.body as Record<string, unknown>;
}
async function record(providerId: string, more: Partial<Parameters<typeof recordOne>[1]> = {}) {
  return recordOne(gateway.db, { sourceId, destinationIds: [destinationId], providerId, ...more });
}

const ANSWERED_500 = { kind: "answered", status: 500, retryAfterMs: null } as const;
const GIVEN_UP = { to: "dead", reason: "attempts_exhausted", disableDestination: false } as const;

describe("a list of events", () => {
  it("goes through every event once, newest first, also while new ones come", async () => {
    const at = Date.now() - 60_000;
    const made: string[] = [];
    for (let i = 0; i < 7; i++) {
      const type = i % 2 === 0 ? "invoice.paid" : "charge_failed";
      made.unshift(toPublicId("evt", (await record(`evt_list_${i}`, { at: new Date(at + i * 1_000), type })).eventId));
    }
    const seen: string[] = [];
    let cursor = "";
    do {
      const answer = await gateway.call("GET", `/events?limit=3${cursor}`);
      expect(answer.status).toBe(200);
      seen.push(...items(answer).map(({ id }) => id));
      const next = fields(answer)["nextCursor"];
      cursor = next === null ? "" : `&cursor=${String(next)}`;
      await record(`evt_late_${seen.length}`);
    } while (cursor !== "");
    expect(seen).toEqual(made);

    const typed = items(await gateway.call("GET", "/events?type=charge_*"));
    expect(typed).toHaveLength(3);
    const since = new Date(at + 2_000).toISOString();
    const until = new Date(at + 4_000).toISOString();
    const spanned = items(await gateway.call("GET", `/events?since=${since}&until=${until}&source=stripe`));
    expect(spanned.map(({ providerEventId }) => providerEventId)).toEqual(["evt_list_3", "evt_list_2"]);
  });

  it("refuses a cursor of another query, a source that is not there, and fields that it does not know", async () => {
    const cursor = String(fields(await gateway.call("GET", "/events?limit=1"))["nextCursor"]);
    const faults = async (query: string): Promise<unknown> => {
      const answer = await gateway.call("GET", `/events?${query}`);
      expect(answer.status).toBe(422);
      return (fields(answer)["faults"] as { path: string }[]).map(({ path }) => path);
    };
    expect(await faults(`type=x&cursor=${cursor}`)).toEqual(["cursor"]);
    expect(await faults("cursor=x")).toEqual(["cursor"]);
    expect(await faults("source=nope")).toEqual(["source"]);
    expect(await faults("limit=201&sort=asc&type=a&type=b")).toEqual(["type", "limit", "sort"]);
    expect(await faults("type=a%00b")).toEqual(["type"]);
    expect(await faults("since=yesterday")).toEqual(["since"]);
  });

  it("finds an event by the provider's own id, whatever the form of its key", async () => {
    await record("evt_text");
    await record("4503599627370497001", { eventKey: "number:4503599627370497001" });
    for (const id of ["evt_text", "4503599627370497001"]) {
      expect(items(await gateway.call("GET", `/events?providerId=${id}`)).map((item) => item.providerEventId)).toEqual([
        id,
      ]);
    }
    expect(items(await gateway.call("GET", "/events?providerId=evt_tex"))).toEqual([]);
    expect(items(await gateway.call("GET", "/events?providerId=evt_text&type=none"))).toEqual([]);
  });
});

describe("one event", () => {
  it("tells its whole way in the field's words", async () => {
    const { eventId, deliveryIds } = await record("evt_way", { type: "invoice.paid" });
    const delivery = deliveryIds[0]!;
    await tryOnce(gateway.db, delivery, ANSWERED_500, { to: "scheduled", waitMs: 1_000 });
    await tryOnce(gateway.db, delivery, { kind: "failed", fault: "dns", detail: "no such host" }, GIVEN_UP);
    await record("evt_way", { body: Buffer.from("other bytes") });
    const answer = await gateway.call("GET", `/events/${toPublicId("evt", eventId)}`);
    const timeline = fields(answer)["timeline"] as Record<string, unknown>[];
    expect(timeline.map(({ step, attempt, outcome, status, next }) => [step, attempt, outcome, status, next])).toEqual([
      ["received", undefined, undefined, undefined, undefined],
      ["validated", undefined, undefined, undefined, undefined],
      ["queued", undefined, undefined, undefined, undefined],
      ["processing", 1, "transient", 500, "scheduled"],
      ["processing", 2, "transient", null, "dead"],
      ["failed permanently", undefined, undefined, undefined, undefined],
    ]);
    expect(fields(answer)).toMatchObject({
      source: "stripe",
      duplicateCount: 1,
      duplicates: { count: 1, variants: 1 },
      deliveryStates: { dead: 1 },
      deliveries: [{ state: "dead", reason: "attempts_exhausted", attempt: 2, destination: "billing" }],
    });
  });

  it("gives back its exact bytes and its headers in order", async () => {
    const body = Buffer.from([0, 255, 60, 115, 99, 114, 105, 112, 116, 62, 13, 10]);
    const id = toPublicId("evt", (await record("evt_bytes", { body })).eventId);
    const raw = await gateway.call("GET", `/events/${id}/raw`);
    expect(fields(raw)).toMatchObject({
      method: "POST",
      bodyBase64: body.toString("base64"),
      headers: [
        ["Content-Type", "application/json"],
        ["X-Twice", "1"],
        ["X-Twice", "2"],
      ],
    });
    const file = await gateway.call("GET", `/events/${id}/raw?part=body`);
    expect(file.bytes).toEqual(body);
    expect(file.headers.get("content-type")).toBe("application/octet-stream");
    expect(file.headers.get("content-disposition")).toBe(`attachment; filename="${id}.bin"`);
    expect(file.headers.get("content-security-policy")).toContain("sandbox");
  });
});

describe("deliveries", () => {
  it("are listed by state, destination and event, each page going on where the last one ended", async () => {
    const processed = await record("evt_processed");
    const answered = { headers: [["content-type", "text/plain"]] as [string, string][], body: "thanks" };
    const ok = { kind: "answered", status: 200, retryAfterMs: null } as const;
    await tryOnce(gateway.db, processed.deliveryIds[0]!, ok, { to: "processed" }, answered);
    const all: string[] = [];
    let cursor = "";
    do {
      const answer = await gateway.call("GET", `/deliveries?limit=4&destination=billing${cursor}`);
      all.push(...items(answer).map(({ id }) => id));
      const next = fields(answer)["nextCursor"];
      cursor = next === null ? "" : `&cursor=${String(next)}`;
    } while (cursor !== "");
    expect(new Set(all).size).toBe(all.length);
    const counted = await gateway.db.pool.query<{ n: number }>(
      "SELECT (SELECT count(*) FROM holdfast.delivery) + (SELECT count(*) FROM holdfast.finished_delivery) AS n",
    );
    expect(all).toHaveLength(counted.rows[0]!.n);

    const only = items(await gateway.call("GET", "/deliveries?state=processed"));
    expect(only.map(({ id }) => id)).toEqual([toPublicId("dlv", processed.deliveryIds[0]!)]);
    const ready = items(await gateway.call("GET", "/deliveries?state=ready&limit=2"));
    expect(ready.map((item) => item["state"])).toEqual(["ready", "ready"]);
    const ofEvent = items(await gateway.call("GET", `/deliveries?event=${toPublicId("evt", processed.eventId)}`));
    expect(ofEvent).toMatchObject([{ state: "processed" }]);

    const detail = await gateway.call("GET", `/deliveries/${toPublicId("dlv", processed.deliveryIds[0]!)}`);
    expect(fields(detail)["attempts"]).toMatchObject([
      {
        number: 1,
        outcome: "succeeded",
        status: 200,
        response: { bodyBase64: Buffer.from("thanks").toString("base64"), headers: answered.headers, truncated: false },
      },
    ]);
  });
});

describe("dead letters", () => {
  it("are grouped by reason and destination, with the last attempt of each", async () => {
    const answer = await gateway.call("GET", "/dead-letters?limit=1");
    expect(fields(answer)).toMatchObject({
      items: [{ state: "dead", reason: "attempts_exhausted", lastAttempt: { number: 2, detail: "dns: no such host" } }],
      reasons: [{ reason: "attempts_exhausted", count: 1 }],
      groups: [{ reason: "attempts_exhausted", destination: "billing", count: 1 }],
      counted: { newest: 1, complete: true },
    });
  });
});

describe("a retry", () => {
  async function dead(providerId: string): Promise<string> {
    const { deliveryIds } = await record(providerId);
    await tryOnce(gateway.db, deliveryIds[0]!, ANSWERED_500, GIVEN_UP);
    return toPublicId("dlv", deliveryIds[0]!);
  }

  it("of a dead delivery makes one successor with the same idempotency key, also when two ask at once", async () => {
    const id = await dead("evt_retry");
    const wakes = gateway.wakes();
    const answers = await Promise.all([1, 2, 3].map(() => gateway.call("POST", `/deliveries/${id}/retry`)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409]);
    const made = fields(answers.find(({ status }) => status === 201)!);
    expect(made).toMatchObject({ state: "ready", trigger: "retry", retryOf: id, idempotencyKey: id, attempt: 0 });
    expect(gateway.wakes()).toBe(wakes + 1);
    expect(fields(await gateway.call("GET", `/deliveries/${id}`))).toMatchObject({
      state: "dead",
      retriedAs: made["id"],
    });
    const again = await gateway.call("POST", `/deliveries/${id}/retry`);
    expect(fields(again)["detail"]).toContain(String(made["id"]));
    const left = await gateway.call("GET", "/dead-letters");
    expect(items(left).map((item) => item.id)).not.toContain(id);
    expect(fields(left)["counted"]).toEqual({ newest: items(left).length, complete: true });
  });

  it("makes a waiting delivery ready at once, and refuses what is ready, leased or processed", async () => {
    const { deliveryIds } = await record("evt_waits");
    const id = toPublicId("dlv", deliveryIds[0]!);
    const retry = () => gateway.call("POST", `/deliveries/${id}/retry`, {});
    expect((await retry()).status).toBe(409);
    await tryOnce(gateway.db, deliveryIds[0]!, ANSWERED_500, { to: "scheduled", waitMs: 3_600_000 });
    expect(fields(await retry())).toMatchObject({ id, state: "ready", dueAt: null, attempt: 1 });
    await gateway.db.pool.query(
      "UPDATE holdfast.delivery SET state = 'leased', lease = id, lease_until = now(), attempt = 2 WHERE id = $1",
      deliveryIds,
    );
    expect(fields(await retry())["detail"]).toContain("A worker is trying it");
    expect((await gateway.call("POST", "/deliveries/dlv_00000000000000000000000000/retry")).status).toBe(404);
  });

  it("waits with its destination while that is paused, and is refused for what it would only hold again", async () => {
    const id = await dead("evt_paused_retry");
    const { deliveryIds } = await record("evt_held");
    await gateway.call("PATCH", "/destinations/billing", { state: "paused" });
    expect(fields(await gateway.call("POST", `/deliveries/${id}/retry`))).toMatchObject({
      state: "held",
      reason: "destination_paused",
    });
    const held = await gateway.call("POST", `/deliveries/${toPublicId("dlv", deliveryIds[0]!)}/retry`);
    expect(held.status).toBe(409);
    await gateway.call("PATCH", "/destinations/billing", { state: "active" });
  });
});

describe("rejections", () => {
  it("show what is wrong and the request as it came", async () => {
    const id = toPublicId("rej", await recordRejection(gateway.db, gateway.catalog().sources[0]!));
    const listed = items(await gateway.call("GET", "/rejections?source=stripe&reason=signature_mismatch"));
    const { diagnosis, headers } = REJECTED;
    expect(listed).toMatchObject([{ id, diagnosis, status: 401, bodyBytes: 2 }]);
    expect(items(await gateway.call("GET", "/rejections?reason=body_malformed"))).toEqual([]);
    const shown = await gateway.call("GET", `/rejections/${id}`);
    expect(fields(shown)["request"]).toMatchObject({ headers, bodyBase64: "e30=" });
  });
});

describe("the status", () => {
  it("tells the database, the queue and how far ahead partitions are", async () => {
    await record("evt_oldest", { at: new Date(Date.now() - 60_000) });
    await record("evt_younger");
    const status = fields(await gateway.call("GET", "/status"));
    // Made a day ahead, or less by now: midnight (UTC) may have passed since.
    const days = await gateway.db.pool.query<{ last: string }>(
      "SELECT max(to_char(to_date(right(relname, 8), 'YYYYMMDD'), 'YYYY-MM-DD')) AS last FROM pg_class WHERE relname ~ '^event_p[0-9]{8}$'",
    );
    const today = String(status["now"]).slice(0, 10);
    const partitionsAheadDays = (Date.parse(days.rows[0]!.last) - Date.parse(today)) / 86_400_000;
    expect(status).toMatchObject({ version: "0.0.0-test", roles: ["admin"], partitionsAheadDays });
    const { depth, oldestReadySec } = status["deliveries"] as Record<string, Record<string, number>>;
    const counted = await gateway.db.pool.query<{ n: number }>(
      "SELECT count(*) AS n FROM holdfast.delivery WHERE state = 'ready'",
    );
    expect(depth!["ready"]).toBe(counted.rows[0]!.n);
    expect(status["deliveries"]).toMatchObject({ counted: { complete: true } });
    expect(oldestReadySec!["normal"]).toBeGreaterThanOrEqual(50);
  });
});
