import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { SECRET, post, startIngestGateway, stripeEvent, until } from "../support/ingest-gateway.ts";

const payments = {
  provider: "stripe",
  key: "payments-key",
  secrets: [SECRET],
  priority: "high",
  lane: "body:/account",
};

let gateway: IngestGateway;

beforeAll(async () => {
  gateway = await startIngestGateway({
    content: {
      sources: {
        payments,
        plain: { ...payments, key: "plain-source-key", priority: undefined, lane: undefined },
      },
      destinations: {
        all: { url: "https://all.example" },
        large: { url: "https://large.example" },
        low: { url: "https://low.example" },
      },
      routes: [
        { source: "payments", destination: "all" },
        { source: "payments", destination: "large", when: "event.body.amount > 100" },
        { source: "payments", destination: "low", priority: "low", when: 'event.headers["x-env"] == "test"' },
        { source: "plain", destination: "all" },
      ],
    },
  });
});
afterAll(() => gateway?.close());

interface Queued extends Record<string, unknown> {
  readonly name: string;
  readonly priority: number;
  readonly lane: string;
}

async function queuedOf(id: string): Promise<Queued[]> {
  return gateway.query<Queued>(
    `SELECT t.name, d.priority, d.lane FROM holdfast.delivery d
       JOIN holdfast.event e ON e.bucket = d.bucket AND e.id = d.event_id
       JOIN holdfast.destination t ON t.id = d.destination_id
      WHERE e.provider_event_id = $1 ORDER BY t.name`,
    [id],
  );
}

async function askRoute(name: string): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${gateway.gateway.adminToken}` };
  const answer = await fetch(`${gateway.adminUrl}/api/v1/routes/${name}`, { headers });
  return (await answer.json()) as Record<string, unknown>;
}

describe("an event", () => {
  it("has the priority of its source where the route says none, and the lane that the source's selector finds", async () => {
    await post(gateway.url, stripeEvent("evt_lane", { account: "acct_1", amount: 5 }));
    expect(await queuedOf("evt_lane")).toEqual([{ name: "all", priority: 1, lane: "default/acct_1" }]);
    await post(gateway.url, stripeEvent("evt_plain", { account: "acct_1" }, "plain-source-key"));
    expect(await queuedOf("evt_plain")).toEqual([{ name: "all", priority: 2, lane: "default" }]);
  });

  it("is in the tenant's lane when there is nothing at the selector's place", async () => {
    await post(gateway.url, stripeEvent("evt_no_lane", { account: { id: 1 }, amount: 1 }));
    expect(await queuedOf("evt_no_lane")).toEqual([{ name: "all", priority: 1, lane: "default" }]);
  });

  it("goes where a filter is true for it, in the priority of that route", async () => {
    const event = stripeEvent("evt_large", { amount: 101 });
    await post(gateway.url, { ...event, headers: [...event.headers, ["X-Env", "test"]] });
    expect(await queuedOf("evt_large")).toEqual([
      { name: "all", priority: 1, lane: "default" },
      { name: "large", priority: 1, lane: "default" },
      { name: "low", priority: 3, lane: "default" },
    ]);
  });

  it("that a filter cannot be worked out for is left out by it, counted, told of once, and shown on the route", async () => {
    expect(await askRoute("payments-all")).toMatchObject({
      filterFaults: null,
      priority: "high",
      priorityFrom: "source",
    });
    const before = await gateway.metric("holdfast_route_filter_faults_total", 'route="payments-large"').catch(() => 0);
    await post(gateway.url, stripeEvent("evt_fault_1"));
    await post(gateway.url, stripeEvent("evt_fault_2"));
    expect((await queuedOf("evt_fault_1")).map(({ name }) => name)).toEqual(["all"]);
    expect(await gateway.metric("holdfast_route_filter_faults_total", 'route="payments-large"')).toBe(before + 2);
    await until(async () => (await askRoute("payments-large"))["filterFaults"] !== null);
    expect(await askRoute("payments-large")).toMatchObject({
      when: "event.body.amount > 100",
      filterFaults: { last: "No such key: amount", count: expect.any(Number) },
    });
    const told = gateway.logged.filter(
      (line) => line.includes("filter could not be worked out") && line.includes("payments-large"),
    );
    expect(told.length).toBe(1);
  });
});

it("a duplicate that comes again and again does not move its lane", async () => {
  const rankOf = async (id: string) => {
    const [row] = await gateway.query<{ rank: number }>(
      `SELECT d.rank FROM holdfast.delivery d JOIN holdfast.event e ON e.bucket = d.bucket AND e.id = d.event_id
        WHERE e.provider_event_id = $1 AND d.lane = 'default/acct_again'`,
      [id],
    );
    return row!.rank;
  };
  await post(gateway.url, stripeEvent("evt_again", { account: "acct_again", amount: 1 }));
  for (let i = 0; i < 5; i++) await post(gateway.url, stripeEvent("evt_again", { account: "acct_again", amount: 1 }));
  await post(gateway.url, stripeEvent("evt_next", { account: "acct_again", amount: 1 }));
  expect((await rankOf("evt_next")) - (await rankOf("evt_again"))).toBe(1_000);
});
