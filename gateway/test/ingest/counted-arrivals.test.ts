import { afterAll, beforeAll, expect, it } from "vitest";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { faultOf, post, signedWebhook, startIngestGateway, stripeEvent, until } from "../support/ingest-gateway.ts";

let gateway: IngestGateway;
beforeAll(async () => {
  gateway = await startIngestGateway();
});
afterAll(() => gateway?.close());

const forged = () =>
  signedWebhook({
    provider: "stripe",
    key: "payments-key",
    body: '{"id":"evt_forged"}',
    secret: "whsec_nobody-here-has-this-secret-0001",
  });

/** The results that are shown of a source, as Prometheus reads them. */
async function shownOf(source: string): Promise<readonly string[]> {
  const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  const shown = text.matchAll(/^holdfast_ingest_requests_total\{source="(.+)",result="(.+)"\} (\d+)$/gm);
  return [...shown].flatMap(([, name, result, count]) => (name === source ? [`${result} ${count}`] : []));
}

const acks = () => gateway.metric("holdfast_ingest_ack_seconds_count");

it("what was unavailable is shown as 0 of each source before anything has come, also of one that is made later", async () => {
  expect(await shownOf("payments")).toEqual(["unavailable 0"]);
  const { adminUrl, adminToken } = gateway.gateway;
  const made = await fetch(`${adminUrl}/api/v1/sources`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "refunds", provider: "stripe", secrets: ["whsec_a-secret-of-enough-length-01"] }),
  });
  expect(made.status).toBe(201);
  await until(async () => (await shownOf("refunds")).join() === "unavailable 0");
});

it("forgeries, which are answered at once, do not count among the acks: they would hide that genuine arrivals wait", async () => {
  expect((await post(gateway.url, stripeEvent("evt_1"))).status).toBe(200);
  expect((await post(gateway.url, stripeEvent("evt_1"))).headers["holdfast-duplicate"]).toBe("true");
  for (let i = 0; i < 3; i++) expect((await post(gateway.url, forged())).status).toBe(401);
  expect(await acks()).toBe(2);
});

it("a genuine arrival that the database does not take counts among the acks", async () => {
  const before = await acks();
  await gateway.query("ALTER TABLE holdfast.event ADD CONSTRAINT takes_none CHECK (false) NOT VALID");
  const putOff = await post(gateway.url, stripeEvent("evt_2"));
  expect([putOff.status, faultOf(putOff)]).toEqual([503, "database_unavailable"]);
  expect(await acks()).toBe(before + 1);
});
