import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { post, signedWebhook, startIngestGateway, until } from "../support/ingest-gateway.ts";

const secretOf = (name: string): string => `whsec_the-secret-of-source-${name}-0001`;

interface Kept {
  readonly reason: string;
  readonly diagnosis: { readonly summary: string; readonly likelyCause: string; readonly evidence: object };
}

describe("at the door", () => {
  let gateway: IngestGateway;

  beforeAll(async () => {
    const stripe = (name: string) => ({ provider: "stripe", key: `${name}-key`, secrets: [secretOf(name)] });
    gateway = await startIngestGateway({
      content: {
        sources: {
          live: stripe("live"),
          sandbox: stripe("sandbox"),
          hub: { provider: "github", key: "hub-source-key", secrets: [secretOf("hub")] },
        },
      },
    });
  });
  afterAll(() => gateway.close());

  /** The rejection of a request to `live` that is signed with this secret. */
  async function rejected(secret: string, body = "{}"): Promise<Kept> {
    await gateway.query("truncate holdfast.rejection");
    const answer = await post(gateway.url, signedWebhook({ provider: "stripe", key: "live-key", body, secret }));
    expect(answer.status).toBe(401);
    expect(answer.body).not.toContain("sandbox");
    const read = () =>
      gateway.query<Kept & Record<string, unknown>>("select reason, diagnosis from holdfast.rejection");
    await until(async () => (await read()).length === 1);
    return (await read())[0]!;
  }

  it("a request that is signed for another source of the provider is told so, and stays refused", async () => {
    const { reason, diagnosis } = await rejected(secretOf("sandbox"));
    expect([reason, diagnosis.likelyCause]).toEqual(["signature_mismatch", "secret_of_other_source"]);
    expect(diagnosis.summary).toContain("signed with the secret of source sandbox (version v1)");
    expect(diagnosis.evidence).toMatchObject({ secretOfSource: "sandbox", secretVersion: "v1" });
    expect(await gateway.query("select 1 from holdfast.event")).toEqual([]);
    expect(JSON.stringify(diagnosis) + gateway.logged.join("")).not.toContain(secretOf("sandbox"));
  });

  it("one that nobody here has signed is told the library's own finding", async () => {
    expect(await rejected(secretOf("nobody"))).toMatchObject({
      reason: "signature_mismatch",
      diagnosis: { likelyCause: "body_or_secret_differs" },
    });
  });
});
