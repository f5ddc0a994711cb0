import { afterAll, beforeAll, expect, it } from "vitest";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { faultOf, post, signedWebhook, startIngestGateway, stripeEvent } from "../support/ingest-gateway.ts";

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

const acks = () => gateway.metric("holdfast_ingest_ack_seconds_count");

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
