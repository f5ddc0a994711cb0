import { expect, it, onTestFinished } from "vitest";
import { startGateway } from "../../src/main.ts";
import { silentLog } from "../../src/platform/log.ts";
import { deliveryConfig, openDesk } from "../support/delivery-gateway.ts";
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
