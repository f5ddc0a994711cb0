import { request as httpRequest } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFairQueue } from "../../src/domain/fair-queue.ts";
import { isApiKey } from "../../src/domain/api-key.ts";
import { createApiKey } from "../../src/http/admin/api-keys.ts";
import { adminOperations, createAdminApi } from "../../src/http/admin/create-admin-api.ts";
import { roleFor } from "../../src/http/admin/operation.ts";
import { startAdminServer } from "../../src/http/admin/start-admin-server.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";

let gateway: AdminGateway;
let isReady = true;

beforeAll(async () => {
  gateway = await startAdminGateway({
    readiness: async () => ({ ok: isReady, reasons: isReady ? [] : ["database away: no answer"] }),
  });
});
afterAll(() => gateway.close());

/** A request by hand, since fetch sets Host itself. */
async function send(
  path: string,
  headers: Record<string, string>,
  method = "GET",
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  const request = httpRequest(`${gateway.url}${path}`, { method, headers, agent: false });
  request.end();
  const [response] = (await once(request, "response")) as [import("node:http").IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() };
}

describe("without a key", () => {
  it("nothing but health and the documentation is answered, on every operation", async () => {
    const closed = adminOperations.filter((operation) => roleFor(operation) !== null);
    expect(adminOperations.filter((operation) => !closed.includes(operation)).map(({ path }) => path)).toEqual([
      "/session",
      "/session/ways",
      "/session/oidc",
      "/session/oidc/return",
    ]);
    for (const { method, path } of closed) {
      const answer = await send(`/api/v1${path.replaceAll(/\{\w+\}/g, "x")}`, {}, method.toUpperCase());
      expect([path, answer.status, answer.headers["www-authenticate"]]).toEqual([path, 401, 'Bearer realm="holdfast"']);
    }
    expect((await send("/api/v1/nothing", {})).status).toBe(401);
    expect((await send("/healthz", {})).body).toBe('{"ok":true,"version":"0.0.0-test"}');
    expect((await send("/api/v1/openapi.json", {})).status).toBe(200);
  });

  it("a wrong, cut or differently spelt key does not count, and is not logged", async () => {
    const { key } = gateway;
    const spellings = [
      `${key}x`,
      key.slice(0, -1),
      key.toUpperCase(),
      key.replace("hfk_", "hfk-"),
      "hfk_",
      "x".repeat(5_000),
    ];
    for (const spelling of spellings)
      expect((await gateway.call("GET", "/status", undefined, spelling)).status).toBe(401);
    expect(gateway.logged.join("\n")).not.toContain(key.slice(12));
  });
});

describe("API keys", () => {
  it("are shown once, stored as a hash, listed without themselves", async () => {
    const made = (await gateway.call("POST", "/keys", { name: "ci" })).body as { id: string; key: string };
    expect(isApiKey(made.key)).toBe(true);
    expect(made.key).toMatch(/^hfk_[0-9a-z]{32}_[0-9a-z]{6}$/);
    expect((await gateway.call("GET", "/status", undefined, made.key)).status).toBe(200);
    const listed = await gateway.call("GET", "/keys");
    expect(listed.bytes.toString()).not.toContain(made.key);
    const stored = await gateway.db.pool.query("SELECT api_key::text AS row FROM holdfast.api_key");
    expect(JSON.stringify(stored.rows)).not.toContain(made.key.slice(12));
    expect((await gateway.call("DELETE", `/keys/${made.id}`)).body).toMatchObject({ name: "ci" });
    expect((await gateway.call("GET", "/status", undefined, made.key)).status).toBe(401);
    expect((await gateway.call("DELETE", `/keys/${made.id}`)).status).toBe(200);
  });

  it("do not count after their end, and cannot revoke themselves", async () => {
    const parts = {
      db: gateway.db,
      clock: systemClock,
      random: (size: number) => crypto.getRandomValues(new Uint8Array(size)),
      ranks: createFairQueue(),
    };
    const past = new Date(Date.now() - 1_000);
    const { key } = await createApiKey(parts, { tenant: "default", name: "old", expiresAt: past });
    expect((await gateway.call("GET", "/status", undefined, key)).status).toBe(401);
    const faulty = await gateway.call("POST", "/keys", { name: "", expiresAt: "yesterday", scope: "all" });
    expect((faulty.body as { faults: { path: string }[] }).faults.map(({ path }) => path)).toEqual([
      "name",
      "expiresAt",
      "scope",
    ]);
    const own = (await gateway.call("GET", "/keys")).body as { items: { id: string; name: string }[] };
    const mine = own.items.find(({ name }) => name === "test")!;
    expect((await gateway.call("DELETE", `/keys/${mine.id}`)).status).toBe(409);
  });
});

describe("a server on loopback", () => {
  it("answers under loopback names only, so that no foreign page can reach it by a name of its own", async () => {
    for (const host of ["evil.example", "evil.example:4401", "127.0.0.1.evil.example", "localhost.evil.example"]) {
      expect([host, (await send("/healthz", { host })).status]).toEqual([host, 421]);
    }
    for (const host of ["localhost:1", "127.0.0.1", "[::1]:4401", "LOCALHOST"]) {
      expect([host, (await send("/healthz", { host })).status]).toEqual([host, 200]);
    }
  });

  it("shows metrics without a key, and without names of tenants or events", async () => {
    const metrics = await send("/metrics", {});
    expect(metrics.body).toContain("holdfast_build_info");
  });

  it("grants no other origin anything, and lets nothing be cached, framed or sniffed", async () => {
    const headers = { authorization: `Bearer ${gateway.key}`, origin: "https://evil.example" };
    const answer = await send("/api/v1/status", headers);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    expect(answer.headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
    });
    expect((await send("/api/v1/sources", headers, "OPTIONS")).status).toBe(405);
  });
});

describe("a server on every address", () => {
  it("wants a key for metrics too, and answers under any name", async () => {
    const app = createAdminApi({ ...adminParts(), readiness: async () => ({ ok: true, reasons: [] }) });
    const bindings = { loopbackBind: false };
    const open = await app.fetch(new Request("http://holdfast.example/metrics"), bindings);
    expect(open.status).toBe(401);
    const headers = { authorization: `Bearer ${gateway.key}` };
    const closed = await app.fetch(new Request("http://holdfast.example/metrics", { headers }), bindings);
    expect(closed.status).toBe(200);
    expect((await app.fetch(new Request("http://holdfast.example/healthz"), bindings)).status).toBe(200);
  });
});

describe("health", () => {
  it("is the process's own, readiness has reasons", async () => {
    expect((await send("/readyz", {})).body).toBe('{"ok":true,"reasons":[]}');
    isReady = false;
    const answer = await send("/readyz", {});
    expect([answer.status, answer.body]).toEqual([503, '{"ok":false,"reasons":["database away: no answer"]}']);
    expect((await send("/healthz", {})).status).toBe(200);
    isReady = true;
  });
});

describe("a body", () => {
  it("is JSON of at most 1 MiB, or is refused with what is wrong", async () => {
    const big = JSON.stringify({ name: "x".repeat(1_100_000) });
    expect((await gateway.call("POST", "/keys", big)).status).toBe(413);
    const torn = await gateway.call("POST", "/keys", '{"name":');
    expect(torn.body).toMatchObject({ status: 400, type: "urn:holdfast:fault:malformed_json" });
    expect((await gateway.call("POST", "/keys")).status).toBe(422);
    expect((await gateway.call("POST", "/keys", "[]")).status).toBe(422);
    const form = await fetch(`${gateway.url}/api/v1/keys`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, "content-type": "text/plain" },
      body: '{"name":"x"}',
    });
    expect(form.status).toBe(415);
  });

  it("cannot reach a prototype", async () => {
    const before = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
    const answers = [
      await gateway.call("POST", "/sources", '{"name":"p","provider":"stripe","__proto__":{"polluted":1}}'),
      await gateway.call(
        "POST",
        "/configuration",
        '{"definition":{"sources":{"__proto__":{"provider":"stripe"},"constructor":{}}}}',
      ),
      await gateway.call("POST", "/destinations", '{"name":"p","url":"https://a.example","headers":{"__proto__":"x"}}'),
    ];
    expect(answers[0]!.status).toBe(422);
    expect(answers[1]!.status).toBe(422);
    expect(JSON.stringify(Object.getOwnPropertyNames(Object.prototype))).toBe(before);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("problems", () => {
  it("carry an id that is in the answer's header, and nothing from inside", async () => {
    const answer = await gateway.call("GET", "/events/evt_x");
    expect(answer.body).toMatchObject({ status: 404, type: "urn:holdfast:fault:not_found" });
    expect((answer.body as { id: string }).id).toBe(answer.headers.get("request-id"));
    expect((await gateway.call("PUT", "/events")).headers.get("allow")).toBe("GET");
    expect((await gateway.call("GET", "/nothing")).body).toMatchObject({ type: "urn:holdfast:fault:bad_path" });
  });

  it("tell that the database is away, and find it back when it returns", async () => {
    const lost = await startAdminGateway();
    try {
      expect((await lost.call("GET", "/events")).status).toBe(200);
      await lost.db.close();
      const answer = await lost.call("GET", "/events");
      expect(answer.status).toBe(503);
      expect(answer.headers.get("retry-after")).toBe("1");
      expect(answer.bytes.toString()).not.toMatch(/pool|pg|SELECT|\bat /);
    } finally {
      await lost.close();
    }
  });
});

describe("the start", () => {
  it("tells that a port is busy as a value, with what to do", async () => {
    const blocker = createServer();
    blocker.listen(0, "127.0.0.1");
    await once(blocker, "listening");
    const { port } = blocker.address() as AddressInfo;
    const app = { fetch: () => new Response() };
    const start = await startAdminServer({ host: "127.0.0.1", port, app, log: silentLog });
    expect(start).toMatchObject({ ok: false, code: "port_busy", remedy: expect.stringContaining("--admin-port") });
    blocker.close();
    await once(blocker, "close");
    const elsewhere = await startAdminServer({ host: "203.0.113.1", port: 0, app, log: silentLog });
    expect(elsewhere).toMatchObject({ ok: false, code: "address_unavailable" });
  });
});

describe("the documentation", () => {
  it("is OpenAPI 3.1 and names every operation with its answers", async () => {
    const document = JSON.parse((await send("/api/v1/openapi.json", {})).body) as {
      openapi: string;
      paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>;
      components: { schemas: Record<string, { example?: unknown }> };
    };
    expect(document.openapi).toBe("3.1.0");
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(documented.toSorted()).toEqual(
      adminOperations.map(({ method, path }) => `${method} /api/v1${path}`).toSorted(),
    );
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    for (const name of ["Source", "Destination", "Route", "Event", "Delivery", "Rejection", "Problem", "ApiKey"]) {
      expect([name, document.components.schemas[name]?.example !== undefined]).toEqual([name, true]);
    }
  });
});

function adminParts() {
  return {
    db: gateway.db,
    catalog: { current: () => gateway.catalog(), refresh: async () => {} },
    box: gateway.box,
    clock: systemClock,
    databaseNow: () => new Date(),
    random: (size: number) => crypto.getRandomValues(new Uint8Array(size)),
    ranks: createFairQueue(),
    egressPolicy: { allowCidrs: [] },
    ingestUrl: "http://127.0.0.1:4400",
    metrics: gateway.metrics,
    status: async () => ({}),
    wake: () => {},
    log: silentLog,
    version: "0.0.0-test",
  };
}
