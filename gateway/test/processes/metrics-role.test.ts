import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { createApiKey } from "../../src/http/admin/api-keys.ts";
import { createProbeApi } from "../../src/http/admin/serve-probes.ts";
import { startGateway } from "../../src/main.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { deliveryConfig, openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { startReceiver } from "../support/receiver.ts";

type Roles = Awaited<ReturnType<typeof deliveryConfig>>["roles"];

async function startWith(desk: Desk, roles: Roles) {
  const started = await startGateway({ ...(await deliveryConfig(desk, {})), roles }, silentLog);
  if (!started.ok) throw new Error(started.message);
  onTestFinished(() => started.gateway.drain());
  return started.gateway;
}

test("a process that delivers and has no admin API shows its metrics and its health, and nothing else", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  await (await startDeliveries(desk, { destinations: { billing: { url: receiver.url } } })).gateway.drain();
  const gateway = await startWith(desk, ["worker", "metrics"]);
  const { adminUrl, adminToken, metricsUrl } = gateway;
  expect([adminUrl, adminToken]).toEqual([null, null]);
  const [id] = await desk.record({ to: ["billing"] });
  await desk.finished(id!);
  // An attempt is counted once it is written.
  await until(async () => {
    const answer = await fetch(`${metricsUrl}/metrics`);
    expect(answer.status).toBe(200);
    const attempts = /^holdfast_delivery_attempts_total\{.*outcome="succeeded".*\} (\S+)$/m.exec(await answer.text());
    return Number(attempts?.[1]) === 1;
  });
  expect(await (await fetch(`${metricsUrl}/healthz`)).json()).toMatchObject({ ok: true });
  expect(await (await fetch(`${metricsUrl}/readyz`)).json()).toEqual({ ok: true, reasons: [] });
  for (const path of ["/", "/api/v1/status", "/api/v1/openapi.json"]) {
    const answer = await fetch(`${metricsUrl}${path}`);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining("no role admin") });
  }
  await gateway.drain();
  await expect(fetch(`${metricsUrl}/healthz`)).rejects.toThrow();
});

test("whoever leads shows of each role how many have it, 0 where nobody has", async () => {
  const desk = await openDesk();
  const { metricsUrl } = await startWith(desk, ["worker", "metrics"]);
  await until(async () => {
    const text = await (await fetch(`${metricsUrl}/metrics`)).text();
    const shown = [...text.matchAll(/^holdfast_processes\{role="(\w+)"\} (\d+)$/gm)].map(
      ([, role, n]) => `${role} ${n}`,
    );
    return shown.toSorted().join() === "ingest 0,metrics 1,worker 1";
  });
});

test("without either role there is nothing to ask, and with the admin API it is the same port", async () => {
  const desk = await openDesk();
  expect((await startWith(desk, ["worker"])).metricsUrl).toBeNull();
  const { adminUrl, metricsUrl } = await startWith(desk, ["worker", "admin", "metrics"]);
  expect(metricsUrl).toBe(adminUrl);
});

test("away from loopback its metrics want a key, as those of the admin API do", async () => {
  const desk = await openDesk();
  const random = (bytes: number): Uint8Array => randomBytes(bytes);
  const parts = { db: desk.db, clock: systemClock, random, log: silentLog, version: "0.0.0-test" };
  const readiness = async () => ({ ok: true, reasons: [] });
  const app = createProbeApi({ ...parts, metrics: createMetrics("0.0.0-test"), readiness });
  const ask = async (path: string, key?: string): Promise<number> => {
    const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const bindings = { loopbackBind: false } as never;
    return (await app.fetch(new Request(`http://worker.example${path}`, { headers }), bindings)).status;
  };
  const { key } = await createApiKey(parts, { tenant: "default", name: "prometheus" });
  expect([await ask("/metrics"), await ask("/metrics", "hfk_wrong"), await ask("/metrics", key)]).toEqual([
    401, 401, 200,
  ]);
  expect([await ask("/healthz"), await ask("/readyz")]).toEqual([200, 200]);
});
