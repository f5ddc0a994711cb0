import { afterAll, beforeAll, expect, it } from "vitest";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import {
  faultOf,
  post,
  signedWebhook,
  SECRET,
  startIngestGateway,
  stripeEvent,
  until,
} from "../support/ingest-gateway.ts";

const SECOND = "whsec_another-secret-of-the-same-source-02";
let gateway: IngestGateway;

beforeAll(async () => {
  gateway = await startIngestGateway({
    content: { sources: { payments: { provider: "stripe", key: "payments-key", secrets: [SECRET, SECOND] } } },
  });
});
afterAll(() => gateway.close());

/** Seals a version with a key that this process does not have, as a process with a newer master key does. */
async function sealElsewhere(version: string): Promise<void> {
  const box = createSecretsBox({ keys: [{ id: "newer-key", key: Buffer.alloc(32, 7) }] });
  const sealed = Buffer.from(box.seal(Buffer.from("unknown here"), "whatever"));
  await gateway.query("update holdfast.secret_version set sealed = $1 where version = $2", [sealed, version]);
  await gateway.query("update holdfast.setting set value = (value::bigint + 1)::text where name = 'catalog_version'");
}

const fromOther = () =>
  signedWebhook({
    provider: "stripe",
    key: "payments-key",
    body: '{"id":"evt_9"}',
    secret: "whsec_nobody-here-has-this-secret-0001",
  });

it("what a secret that cannot be read may have signed is put off, never refused; what cannot be genuine is refused", async () => {
  expect((await post(gateway.url, fromOther())).status).toBe(401);
  let refused = 1;
  await sealElsewhere("v2");
  await until(async () => {
    const { status } = await post(gateway.url, fromOther());
    if (status === 401) refused++;
    return status === 503;
  });
  // Written behind its answer, the last of them could come after all of them are taken away.
  await until(async () => (await gateway.query("select reason from holdfast.rejection")).length === refused);
  await gateway.query("truncate holdfast.rejection");

  const putOff = await post(gateway.url, fromOther());
  expect([putOff.status, faultOf(putOff)]).toEqual([503, "secrets_unavailable"]);
  expect(Number(putOff.headers["retry-after"])).toBeGreaterThan(0);
  expect((await post(gateway.url, stripeEvent("evt_1"))).status).toBe(200);
  const unsigned = { ...fromOther(), headers: [["content-type", "application/json"]] as const };
  expect((await post(gateway.url, unsigned)).status).toBe(401);

  await until(async () => (await gateway.query("select reason from holdfast.rejection")).length > 0);
  expect(await gateway.query("select reason from holdfast.rejection")).toEqual([{ reason: "missing_header" }]);
  expect(
    gateway.logged.some((line) => line.includes("payments") && line.includes("v2") && line.includes("cannot be read")),
  ).toBe(true);
  expect(await gateway.metric("holdfast_ingest_requests_total", 'result="unavailable"')).toBeGreaterThan(0);
  // Whoever knows the URL has as many put off as they like: only what was genuine tells how fast answers are.
  expect(await gateway.metric("holdfast_ingest_ack_seconds_count")).toBe(1);
});
