import { expect, it, onTestFinished } from "vitest";
import { post, startIngestGateway } from "../support/ingest-gateway.ts";
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
