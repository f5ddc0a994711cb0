import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startGateway } from "../../src/main.ts";
import { silentLog } from "../../src/platform/log.ts";
import { deliveryConfig, openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";

it("a gateway whose database fails while its last role starts says so and leaves nothing open", async () => {
  const desk = await openDesk();
  const proxy = await startFaultProxy(desk.database.url);
  onTestFinished(() => proxy.close());
  proxy.toServer = (bytes, wire) => {
    if (!bytes.includes("INSERT INTO holdfast.api_key")) return bytes;
    wire.cutBoth();
    return null;
  };
  const config = await deliveryConfig(desk, { databaseUrl: proxy.url });
  const started = await startGateway({ ...config, roles: ["worker", "admin"] }, silentLog);
  if (started.ok) onTestFinished(() => started.gateway.drain());
  expect(started).toMatchObject({
    ok: false,
    code: "start_failed",
    remedy: expect.stringContaining("holdfast doctor"),
  });
  const open = `SELECT application_name FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name LIKE 'holdfast %'`;
  await expect.poll(() => desk.query(open)).toEqual([]);
});

it("a start says in one line what of the declared configuration it has changed, and nothing when it is as it was", async () => {
  const desk = await openDesk();
  const destinations = { d: { url: "https://d.example/" }, gone: { url: "https://gone.example/" } };
  const { d } = destinations;
  const told: unknown[] = [];
  for (const declared of [destinations, destinations, { d: { ...d, timeoutMs: 5_000 } }]) {
    const { gateway, logged } = await startDeliveries(desk, { destinations: declared });
    told.push(logged.filter(({ text }) => text === "the declared configuration was applied"));
    await gateway.drain();
  }
  expect(told).toMatchObject([
    [{ created: ["source/payments", "destination/d", "destination/gone"], updated: [], disabled: [] }],
    [],
    [{ created: [], updated: ["destination/d (policy)"], disabled: ["destination/gone"] }],
  ]);
});

it("a gateway without a key makes none for a database whose secrets another one has sealed, however often it starts", async () => {
  const desk = await openDesk();
  await (await startDeliveries(desk, { destinations: { d: { url: "https://d.example/" } } })).gateway.drain();
  const stored = () =>
    desk.query("SELECT s.*, v.value AS catalog FROM holdfast.secret_version s, holdfast.setting v ORDER BY v.name");
  const before = await stored();
  const config = { ...(await deliveryConfig(desk, { destinations: {} })), secretKey: null };
  for (const _ of [1, 2]) {
    const started = await startGateway(config, silentLog);
    if (started.ok) onTestFinished(() => started.gateway.drain());
    expect(started).toMatchObject({
      ok: false,
      code: "secret_key",
      remedy: expect.stringMatching(/HOLDFAST_SECRET_KEY.*secret\.key/),
    });
  }
  expect(existsSync(join(config.dataDir, "secret.key"))).toBe(false);
  expect(await stored()).toEqual(before);
});
