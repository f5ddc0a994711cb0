import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createFairQueue } from "../../src/domain/fair-queue.ts";
import { toPublicId } from "../../src/domain/id.ts";
import { createApiKey } from "../../src/http/admin/api-keys.ts";
import { createAdminApi } from "../../src/http/admin/create-admin-api.ts";
import { createRecentKeys } from "../../src/http/admin/recent-keys.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { openDatabase } from "../../src/store/database.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";

let gateway: AdminGateway;

beforeAll(async () => {
  gateway = await startAdminGateway();
});
afterAll(() => gateway.close());

/** The admin API as on every address, over a pool of its own that can go away, under a clock that can be put forward. */
function openApi() {
  const { connectionString = "" } = gateway.db.pool.options;
  const pool = { connectionsMax: 2, connectTimeoutMs: 10_000, statementTimeoutMs: 10_000, applicationName: "away" };
  const db = openDatabase({ ...pool, url: connectionString, log: silentLog });
  let aheadMs = 0;
  const app = createAdminApi({
    db,
    catalog: { current: () => gateway.catalog(), refresh: async () => {} },
    box: gateway.box,
    clock: { ...systemClock, monotonicMs: () => performance.now() + aheadMs },
    databaseNow: () => new Date(),
    random: (size: number) => randomBytes(size),
    ranks: createFairQueue(),
    egressPolicy: { allowCidrs: [] },
    ingestUrl: "http://127.0.0.1:4400",
    metrics: gateway.metrics,
    readiness: async () => ({ ok: true, reasons: [] }),
    status: async () => ({}),
    wake: () => {},
    log: silentLog,
    version: "0.0.0-test",
  });
  const ask = async (path: string, key: string | null): Promise<number> => {
    const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
    const request = new Request(`http://holdfast.example${path}`, { headers });
    return (await app.fetch(request, { loopbackBind: false })).status;
  };
  return { ask, goAway: () => db.close(), putForward: (ms: number) => void (aheadMs += ms) };
}

function makeKey(name: string) {
  const deps = { db: gateway.db, clock: systemClock, random: (size: number) => randomBytes(size) };
  return createApiKey(deps, { tenant: "default", name });
}

it("shows metrics to a key that was good a moment ago while the database is away, and nothing else to anybody", async () => {
  const { ask, goAway, putForward } = openApi();
  const [unused, revoked] = [await makeKey("unused"), await makeKey("revoked")];
  expect([await ask("/metrics", gateway.key), await ask("/metrics", revoked.key)]).toEqual([200, 200]);
  expect((await gateway.call("DELETE", `/keys/${toPublicId("key", revoked.id)}`)).status).toBe(200);
  expect(await ask("/metrics", revoked.key)).toBe(401);

  await goAway();
  expect(await ask("/metrics", gateway.key)).toBe(200);
  expect(await ask("/api/v1/status", gateway.key)).toBe(503);
  expect([await ask("/metrics", unused.key), await ask("/metrics", revoked.key)]).toEqual([503, 503]);
  expect([await ask("/metrics", `${gateway.key}x`), await ask("/metrics", null)]).toEqual([401, 401]);
  putForward(300_000);
  expect(await ask("/metrics", gateway.key)).toBe(503);
});

it("remembers the last sixteen keys, however many ask", () => {
  const recent = createRecentKeys({ clock: systemClock });
  const keys = Array.from({ length: 17 }, (_, i) => `hfk_${i}`);
  for (const key of keys) recent.note(key);
  expect(keys.filter((key) => !recent.has(key))).toEqual(["hfk_0"]);
});
