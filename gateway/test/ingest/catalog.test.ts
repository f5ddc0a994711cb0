import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { testDatabase } from "../support/database.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import type { Definition, IngestGateway } from "../support/ingest-gateway.ts";
import {
  SECRET,
  faultOf,
  post,
  signedWebhook,
  startIngestGateway,
  stripeEvent,
  until,
} from "../support/ingest-gateway.ts";

const OTHER_SECRET = "whsec_YW5vdGhlci1zZWNyZXQtb2YtdGhlLXRlc3RzLTMyLWI=";
let gateway: IngestGateway;

const source = (more: Definition = {}): Definition => ({ provider: "stripe", secrets: [SECRET], ...more });
const definition = (more: Definition = {}): Definition => ({
  sources: {
    payments: source({ key: "payments-key" }),
    unrouted: source({ key: "unrouted-key" }),
    leaving: source({ key: "leaving-key" }),
    ...more,
  },
  destinations: {
    billing: { url: "https://billing.example/webhooks" },
    audit: { url: "https://audit.example/webhooks" },
    paused: { url: "https://paused.example/webhooks" },
  },
  routes: [
    { source: "payments", destination: "billing", eventTypes: ["invoice.*"], priority: "low" },
    { source: "payments", destination: "billing", eventTypes: ["*.paid"], priority: "high", name: "urgent" },
    { source: "payments", destination: "audit" },
    { source: "payments", destination: "paused", eventTypes: ["charge.refunded"] },
  ],
});

beforeAll(async () => {
  gateway = await startIngestGateway({ content: definition() });
  await gateway.query(
    "update holdfast.destination set state = 'paused', state_reason = 'by hand' where name = 'paused'",
  );
  await bumpCatalog();
});
afterAll(() => gateway.close());

async function bumpCatalog({ query }: Pick<IngestGateway, "query"> = gateway): Promise<void> {
  await query("update holdfast.setting set value = (value::int + 1)::text where name = 'catalog_version'");
}

/** Brings the catalog to a definition, as `holdfast apply` does. */
async function apply(content: Definition): Promise<void> {
  const response = await fetch(`${gateway.adminUrl}/api/v1/configuration`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.gateway.adminToken}`, "content-type": "application/json" },
    body: JSON.stringify({ definition: content }),
  });
  if (!response.ok) throw new Error(await response.text());
}

async function deliveriesOf(type: string, id: string, key = "payments-key"): Promise<unknown[]> {
  expect((await post(gateway.url, stripeEvent(id, { type }, key))).status).toBe(200);
  return gateway.query(
    `select s.name, d.priority, d.state, d.held_reason from holdfast.delivery d
       join holdfast.destination s on s.id = d.destination_id join holdfast.event e on e.id = d.event_id
      where e.provider_event_id = $1 order by s.name`,
    [id],
  );
}

describe("routes", () => {
  it("fan an event out to every destination that wants it, once each, with the most urgent priority", async () => {
    const made = await deliveriesOf("invoice.paid", "evt_fan");
    expect(made).toEqual([
      { name: "audit", priority: 2, state: "ready", held_reason: null },
      { name: "billing", priority: 1, state: "ready", held_reason: null },
    ]);
  });

  it("pass over the destinations whose patterns do not fit", async () => {
    expect(await deliveriesOf("customer.created", "evt_other")).toMatchObject([{ name: "audit" }]);
  });

  it("to a paused destination hold the delivery", async () => {
    let tries = 0;
    const isHeld = async (): Promise<boolean> =>
      JSON.stringify(await deliveriesOf("charge.refunded", `evt_paused_${tries++}`)).includes('"state":"held"');
    await until(isHeld);
    expect(await deliveriesOf("charge.refunded", "evt_paused")).toEqual([
      { name: "audit", priority: 2, state: "ready", held_reason: null },
      { name: "paused", priority: 2, state: "held", held_reason: "destination_paused" },
    ]);
  });

  it("are not needed: an event without any is stored, with no delivery", async () => {
    expect(await deliveriesOf("invoice.paid", "evt_unrouted", "unrouted-key")).toEqual([]);
    expect(await gateway.query("select 1 from holdfast.event where provider_event_id = 'evt_unrouted'")).toHaveLength(
      1,
    );
  });
});

describe("a change of the catalog takes effect without a restart (F53)", () => {
  const sendWith = async (secret: string, id: string): Promise<number> =>
    (
      await post(
        gateway.url,
        signedWebhook({ provider: "stripe", key: "payments-key", body: `{"id":"${id}"}`, secret }),
      )
    ).status;

  it("for a new secret, beside the old one", async () => {
    expect(await sendWith(OTHER_SECRET, "evt_new_secret")).toBe(401);
    await apply(definition({ payments: source({ key: "payments-key", secrets: [SECRET, OTHER_SECRET] }) }));
    await until(async () => (await sendWith(OTHER_SECRET, "evt_new_secret")) === 200);
    expect(await sendWith(SECRET, "evt_old_secret")).toBe(200);
    const versions = await gateway.query<{ secret_version: string }>(
      "select secret_version from holdfast.event where provider_event_id in ('evt_new_secret', 'evt_old_secret')",
    );
    expect(new Set(versions.map((row) => row.secret_version)).size).toBe(2);
  });

  it("for a source that is disabled, and one that is enabled again", async () => {
    const send = () => post(gateway.url, stripeEvent("evt_leaving", {}, "leaving-key"));
    expect((await send()).status).toBe(200);
    await gateway.query("update holdfast.source set state = 'disabled' where name = 'leaving'");
    await bumpCatalog();
    await until(async () => (await send()).status !== 200);
    const refused = await send();
    expect([refused.status, faultOf(refused)]).toEqual([410, "source_disabled"]);
    await gateway.query("update holdfast.source set state = 'active' where name = 'leaving'");
    await bumpCatalog();
    await until(async () => (await send()).status === 200);
  });
});

it("the catalog stays while the database is away, and is followed again afterwards", async () => {
  const database = await testDatabase();
  const proxy = await startFaultProxy(database.url);
  onTestFinished(() => proxy.close());
  // Of its own: it waits for a refusal that no other shall get, however slow the machine is.
  const content = { ...definition(), ingest: { recordDeadlineMs: 500 } };
  const cutOff = await startIngestGateway({ database, content, reach: () => proxy.url });
  onTestFinished(() => cutOff.close());
  await proxy.stop();
  expect((await post(cutOff.url, stripeEvent("evt_away"))).status).toBe(503);
  const forged = signedWebhook({ provider: "stripe", key: "payments-key", body: "{}", secret: `${SECRET}x` });
  expect((await post(cutOff.url, forged)).status).toBe(401);
  await cutOff.query("update holdfast.source set state = 'disabled' where name = 'leaving'");
  await bumpCatalog(cutOff);
  await proxy.start();
  await until(async () => (await post(cutOff.url, stripeEvent("evt_away"))).status === 200);
  await until(async () => (await post(cutOff.url, stripeEvent("evt_leaving", {}, "leaving-key"))).status === 410);
});
