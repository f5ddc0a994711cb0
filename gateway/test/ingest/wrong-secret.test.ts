import { sign } from "@holdfast/verify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Source } from "../../src/domain/catalog.ts";
import { DEFAULT_SOURCE_POLICY } from "../../src/domain/source-policy.ts";
import type { Arrival } from "../../src/pipeline/arrival.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { explainRefusal } from "../../src/pipeline/explain-refusal.ts";
import { verifyArrival } from "../../src/pipeline/verify-arrival.ts";
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

const NOW = new Date("2026-03-04T05:06:07Z");
const DAY = 86_400_000;

function source(name: string, more: Partial<Source> = {}): Source {
  return {
    id: name,
    tenant: "default",
    name,
    key: `${name}-key`,
    provider: "stripe",
    receiver: {},
    receiverUnreadable: [],
    secrets: [{ version: "v1", state: "active", value: secretOf(name), notAfter: null, retiredAt: null }],
    bodyBytesMax: 1_000_000,
    policy: DEFAULT_SOURCE_POLICY,
    state: "active",
    origin: "api",
    createdAt: NOW,
    updatedAt: NOW,
    ...more,
  };
}

/** What is said to a request for the first source that is signed with a secret, and how many searches were made. */
function explain(
  sources: readonly Source[],
  secret: string,
  options: { readonly mayTry?: boolean; readonly body?: Buffer } = {},
) {
  const index = indexCatalog({ version: 1, sources, destinations: [], routes: [], throttles: [] });
  const ready = index.findSource(sources[0]!.key)!;
  const { provider } = sources[0]!;
  const unsigned = { method: "POST", url: "/in/x", headers: [], body: options.body ?? Buffer.from("{}") };
  const headers = sign({ provider, receiver: { secrets: [secret] }, request: unsigned, now: NOW });
  const arrival: Arrival = { ...unsigned, headers, remoteAddress: "192.0.2.1", receivedAt: NOW };
  const verification = verifyArrival(ready, arrival, null);
  if (verification.kind !== "refused") throw new Error(`expected a refusal, got ${verification.kind}`);
  let asked = 0;
  const mayTry = (): boolean => {
    asked++;
    return options.mayTry ?? true;
  };
  const signers = { suspects: index.findSuspects, mayTry };
  const { reason, diagnosis } = explainRefusal({ signers, publicUrl: null }, ready, arrival, verification);
  return { reason, cause: diagnosis.likelyCause, summary: diagnosis.summary, asked };
}

const retired = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    version: `v${i + 1}`,
    state: "retired" as const,
    value: secretOf(`old-${i + 1}`),
    notAfter: null,
    retiredAt: new Date(NOW.getTime() - (count - i) * DAY),
  }));
const own = source("own", {
  secrets: [...source("own").secrets.map((one) => ({ ...one, version: "v99" })), ...retired(12)],
});

describe("the search for the secret that was signed with", () => {
  it("finds the ten versions that were retired last, and names the one to move to", () => {
    const newest = explain([own], secretOf("old-12"));
    expect(newest).toMatchObject({ reason: "secret_expired", cause: "secret_retired" });
    expect(newest.summary).toContain("signed with version v12, which was retired on 2026-03-03 05:06:07 UTC");
    expect(newest.summary).toContain("move the sender to v99");
    expect(explain([own], secretOf("old-3")).cause).toBe("secret_retired");
    expect(explain([own], secretOf("old-2")).cause).toBe("body_or_secret_differs");
  });

  it("tries twenty secrets at most, own ones first", () => {
    const others = Array.from({ length: 30 }, (_, i) => source(`other-${i}`));
    const found = (i: number) => explain([own, ...others], secretOf(`other-${i}`)).cause;
    expect([found(0), found(9), found(10), found(29)]).toEqual([
      "secret_of_other_source",
      "secret_of_other_source",
      "body_or_secret_differs",
      "body_or_secret_differs",
    ]);
    const index = indexCatalog({ version: 1, sources: [own, ...others], destinations: [], routes: [], throttles: [] });
    expect(index.findSuspects(own, NOW).length).toBe(20);
  });

  it("tries fewer over a large body: four megabytes are hashed at most", () => {
    const others = Array.from({ length: 10 }, (_, i) => source(`other-${i}`));
    const body = Buffer.alloc(1_000_000, "{");
    const found = (i: number) => explain([source("own"), ...others], secretOf(`other-${i}`), { body }).cause;
    expect([found(3), found(4)]).toEqual(["secret_of_other_source", "body_or_secret_differs"]);
  });

  it("is not made when too many were made at this source, and finds nobody where there is nobody to suspect", () => {
    expect(explain([own], secretOf("old-12"), { mayTry: false })).toMatchObject({
      cause: "body_or_secret_differs",
      asked: 1,
    });
    expect(explain([source("own")], secretOf("else"))).toMatchObject({ cause: "body_or_secret_differs", asked: 1 });
  });

  it("never tries the secrets of another provider or another tenant, retired ones of others, or what cannot be read", () => {
    const hub = source("hub", { provider: "github" });
    const gone = source("gone", { secrets: retired(1) });
    const closed = source("closed", {
      secrets: [{ version: "v1", state: "active", value: null, notAfter: null, retiredAt: null }],
    });
    const foreign = source("foreign", { tenant: "acme" });
    for (const name of ["hub", "old-1", "closed", "foreign"])
      expect([name, explain([source("own"), hub, gone, closed, foreign], secretOf(name)).cause]).toEqual([
        name,
        "body_or_secret_differs",
      ]);
  });

  it.each(["github", "gitlab", "standard-webhooks", "slack", "shopify"])("works for %s as well", (provider) => {
    const value = (name: string): string =>
      `whsec_${Buffer.from(`the secret of source ${name}, long enough`).toString("base64")}`;
    const of = (name: string): Source =>
      source(name, {
        provider,
        secrets: [{ version: "v1", state: "active", value: value(name), notAfter: null, retiredAt: null }],
      });
    expect(explain([of("one"), of("two")], value("two"))).toMatchObject({ cause: "secret_of_other_source" });
  });

  it("explains a source that has no live secret left by the one that was retired", () => {
    expect(explain([source("own", { secrets: retired(1) })], secretOf("old-1"))).toMatchObject({
      reason: "secret_expired",
      cause: "secret_retired",
    });
  });
});
