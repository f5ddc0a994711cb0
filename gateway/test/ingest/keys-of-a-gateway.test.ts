import { expect, it, onTestFinished } from "vitest";
import { faultOf, post, startIngestGateway, until } from "../support/ingest-gateway.ts";
import { requestOf } from "../support/keyed-pipeline.ts";

const SECRET = "plaid-secret-of-the-test";

it("a whole gateway fetches through its guarded egress, stores nothing while that is refused, and drains", async () => {
  const audience = "arn:aws:sns:eu-west-1:1:t";
  const sns = { provider: "aws-sns", key: "sns-source-key", audience, certHostPattern: "localhost" };
  const gateway = await startIngestGateway({ content: { sources: { sns } } });
  onTestFinished(() => gateway.close());
  const { headers, body } = requestOf("aws-sns");
  const near = Buffer.from(body.toString().replace(/sns\.[a-z0-9-]+\.amazonaws\.com/, "localhost"));
  const refused = await post(gateway.url, { path: "/in/sns-source-key", headers, body: near });
  expect([refused.status, Number(refused.headers["retry-after"]) >= 3]).toEqual([503, true]);
  expect(refused.body).toContain("urn:holdfast:fault:key_unavailable");
  expect(await gateway.metric("holdfast_key_fetches_total", 'result="failed"')).toBe(1);
  expect(await gateway.metric("holdfast_rejections_total")).toBe(0);
  expect(await gateway.query("select 1 from holdfast.event")).toEqual([]);
  expect(gateway.logged.join("\n")).toContain("egress refused a host because of its addresses");
});

it("a stored source that lacks what its provider's scheme needs puts genuine requests off, keeps them, and is named in the log", async () => {
  const audience = "arn:aws:sns:eu-west-1:1:t";
  const sns = { provider: "aws-sns", key: "sns-source-key", audience };
  const gateway = await startIngestGateway({ content: { sources: { sns, old: { ...sns, key: "old-source-key" } } } });
  onTestFinished(() => gateway.close());
  const lines = () => gateway.logged.filter((line) => line.includes("lacks what its provider"));
  expect(lines()).toEqual([]);
  await gateway.query("update holdfast.source set receiver = receiver - 'audience' where name = 'old'");
  await gateway.query("update holdfast.setting set value = (value::bigint + 1)::text where name = 'catalog_version'");
  await until(async () => lines().length > 0);

  const { headers, body } = requestOf("aws-sns");
  const putOff = await post(gateway.url, { path: "/in/old-source-key", headers, body: Buffer.from(body) });
  expect([putOff.status, faultOf(putOff)]).toEqual([503, "source_incomplete"]);
  expect(Number(putOff.headers["retry-after"])).toBeGreaterThanOrEqual(3);
  const kept = () => gateway.query("select reason, status from holdfast.rejection");
  await until(async () => (await kept()).length > 0);
  expect(await kept()).toEqual([{ reason: "receiver_incomplete", status: 503 }]);
  expect(lines().map((line) => JSON.parse(line) as object)).toMatchObject([{ source: "old", missing: "audience" }]);
});

it("Plaid's client secret is stored sealed, is never shown, and is needed where there is a client id", async () => {
  const plaid = { provider: "plaid", key: "plaid-source-key", clientId: "client-1", clientSecret: SECRET };
  const gateway = await startIngestGateway({ content: { sources: { plaid } } });
  onTestFinished(() => gateway.close());
  const rows = await gateway.query(
    "select receiver::text as open, sealed_receiver::text as sealed from holdfast.source",
  );
  expect(rows).toMatchObject([{ open: '{"clientId": "client-1"}' }]);
  expect(JSON.stringify(rows)).not.toContain(SECRET);
  expect(Object.keys(JSON.parse((rows[0] as { sealed: string }).sealed) as object)).toEqual(["clientSecret"]);
  const half = { provider: "plaid", key: "plaid-source-key", clientId: "client-1" };
  await expect(startIngestGateway({ content: { sources: { half } } })).rejects.toThrow(/clientSecret.*is needed too/s);
});
