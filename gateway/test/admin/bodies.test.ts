import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adminOperations } from "../../src/http/admin/create-admin-api.ts";
import { roleFor } from "../../src/http/admin/operation.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";

let gateway: AdminGateway;

beforeAll(async () => {
  gateway = await startAdminGateway();
});
afterAll(() => gateway.close());

const json = { "content-type": "application/json" };

async function send(path: string, body: string, more: Record<string, string> = {}) {
  const headers = { ...json, ...more };
  const response = await fetch(`${gateway.url}/api/v1${path}`, { method: "POST", headers, body });
  const answer = (await response.json()) as { faults?: { path: string; problem: string }[]; detail?: string };
  return { status: response.status, ...answer };
}

const asKey = () => ({ authorization: `Bearer ${gateway.key}` });
const unknownFields = (count: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 0])));

describe("a body from somebody who has shown nothing yet", () => {
  const open = adminOperations.filter((operation) => roleFor(operation) === null && operation.method === "post");

  it.each(open.map(({ path }) => path))("has 16 KiB at most: %s", async (path) => {
    const refused = await send(path, JSON.stringify({ filling: "x".repeat(16_384) }));
    expect([refused.status, refused.detail]).toEqual([413, "The body may have 16384 bytes."]);
    expect((await send(path, JSON.stringify({ filling: "x".repeat(16_000) }))).status).toBe(422);
  });

  it("may be the longest return of a provider", async () => {
    expect((await send("/session/oidc/return", JSON.stringify({ query: "q".repeat(8_000) }))).status).toBe(409);
  });

  it("is documented with its own bound", async () => {
    const answer = await fetch(`${gateway.url}/api/v1/openapi.json`);
    type Described = { post?: { responses: Record<string, { description: string }> } };
    const { paths } = (await answer.json()) as { paths: Record<string, Described> };
    const told = (path: string) => paths[`/api/v1${path}`]?.post?.responses["413"]?.description;
    expect([told("/session"), told("/keys")]).toEqual([
      "The body has more than 16 KiB",
      "The body has more than 1 MiB",
    ]);
  });
});

describe("a body that is wrong in very many places", () => {
  it("is told of a hundred of them at most, the last one saying how many more there are", async () => {
    const some = await send("/keys", unknownFields(98), asKey());
    expect([some.status, some.faults?.length]).toEqual([422, 99]);
    const { status, faults = [] } = await send("/keys", unknownFields(50_000), asKey());
    expect([status, faults.length]).toEqual([422, 100]);
    expect(faults.at(-1)).toEqual({ path: "", problem: "and 49902 more" });
  });

  it("is refused as any other, however many items one of its lists has", async () => {
    const list = `{"name":[${"0,".repeat(400_000)}0]}`;
    expect((await send("/keys", list, asKey())).status).toBe(422);
    const refused = await send("/keys", `{"name":"k","more":[${"0,".repeat(400_000)}"\\u0000"]}`, asKey());
    expect(refused.faults?.[0]).toEqual({
      path: "more[400000]",
      problem: "holds a NUL character, which cannot be stored",
    });
  });
});

describe("a body that is nested", () => {
  const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${"}".repeat(levels - 1)}`;
  const problem = "is nested more than 64 levels deep";

  it.each([{}, { "idempotency-key": "deep" }])("is refused beyond 64 levels, with %j", async (more) => {
    for (const levels of [65, 170_000]) {
      const refused = await send("/keys", nested(levels), { ...asKey(), ...more });
      expect([levels, refused.status, refused.faults]).toEqual([levels, 422, [{ path: "", problem }]]);
    }
    const lists = `{"name":${"[".repeat(400_000)}${"]".repeat(400_000)}}`;
    expect((await send("/keys", lists, { ...asKey(), ...more })).faults).toEqual([{ path: "", problem }]);
  });

  it("is looked at as any other up to there", async () => {
    const refused = await send("/keys", nested(64), asKey());
    expect([refused.status, refused.faults]).toMatchObject([422, [{ path: "name" }, { path: "a" }]]);
  });
});
