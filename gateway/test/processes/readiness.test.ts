import type { ServerResponse } from "node:http";
import { get } from "node:http";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createApi } from "@holdfast/client";
import { findUnreadiness } from "../../src/cli/ask-gateway.ts";
import { startGateway } from "../../src/main.ts";
import { silentLog } from "../../src/platform/log.ts";
import { startCli, whenReady } from "../support/cli.ts";
import { testDatabase } from "../support/database.ts";
import { deliveryConfig, openDesk } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { testFolder } from "../support/folder.ts";
import { post, SECRET, stripeEvent } from "../support/ingest-gateway.ts";
import { startReceiver } from "../support/receiver.ts";

/** A service that answers when it is told to. */
async function startPatient() {
  const unanswered: ServerResponse[] = [];
  const receiver = await startReceiver((_arrival, response) => void unanswered.push(response));
  const answerAll = (): void => {
    receiver.answer = () => 200;
    for (const response of unanswered) response.writeHead(200).end();
  };
  return { url: receiver.url, unanswered, answerAll };
}

/** Asks on a connection of its own. */
function askReady(adminUrl: string): Promise<{ status: number | null; body: string }> {
  return new Promise((resolve) => {
    const request = get(`${adminUrl}/readyz`, { agent: false }, async (response) => {
      let body = "";
      for await (const chunk of response) body += String(chunk);
      resolve({ status: response.statusCode ?? null, body });
    });
    request.on("error", () => resolve({ status: null, body: "" }));
  });
}

async function startDraining(role: "admin" | "metrics", isHandedOver: boolean) {
  const desk = await openDesk();
  const service = await startPatient();
  const destinations = { billing: { url: service.url } };
  const config = await deliveryConfig(desk, { destinations, drainTimeoutMs: 600_000 });
  const started = await startGateway({ ...config, roles: ["worker", role] }, silentLog);
  if (!started.ok) throw new Error(started.message);
  const { gateway } = started;
  onTestFinished(async () => {
    service.answerAll();
    await gateway.drain();
  });
  await desk.record({ to: ["billing"] });
  await until(() => service.unanswered.length === 1);
  const url = gateway.metricsUrl!;
  expect(await askReady(url)).toEqual({ status: 200, body: '{"ok":true,"reasons":[]}' });
  if (isHandedOver) gateway.handOver();
  void gateway.drain();
  return url;
}

it.each(["admin", "metrics"] as const)(
  "with the role %s it is not ready from the moment on in which it is told to stop, while it still finishes what it has",
  async (role) => {
    const url = await startDraining(role, false);
    const body = '{"ok":false,"reasons":["draining: the process is stopping"]}';
    expect(await askReady(url)).toEqual({ status: 503, body });
    expect(await findUnreadiness(createApi({ url, token: "none" }))).toEqual({
      found: "draining: the process is stopping",
      remedy: "Ask again when it has been started again.",
    });
  },
);

it("stays ready to the end when another process serves in its place", async () => {
  expect((await askReady(await startDraining("admin", true))).status).toBe(200);
});

it("nobody who asks during a restart in turn is told to send elsewhere: the machine takes in all the time", async () => {
  const folder = testFolder();
  const service = await startPatient();
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  const config = {
    sources: { payments: { provider: "stripe", key: "payments-key", secrets: [SECRET] } },
    destinations: { billing: { url: service.url, timeoutMs: 60_000 } },
    routes: [{ source: "payments", destination: "billing" }],
    egress: { allowCidrs: ["127.0.0.1/32"] },
    // So that each of the two has one of the two deliveries, and takes as long as the service to end.
    worker: { concurrency: 1 },
    drainTimeoutMs: 600_000,
  };
  writeFileSync(join(folder, "holdfast.config.mjs"), `export default ${JSON.stringify(config)};`);
  const args = ["start", "--json", "--processes", "2", "--port", "0", "--admin-port", "0"];
  const cli = startCli(args, { cwd: folder, env: { HOLDFAST_LOG_LEVEL: "info", DATABASE_URL: database.url } });
  const ready = await whenReady(cli);
  for (const id of ["evt_1", "evt_2"]) expect((await post(ready.ingestUrl, stripeEvent(id))).status).toBe(200);
  await until(() => service.unanswered.length === 2);
  cli.process.kill("SIGHUP");
  const headers = { authorization: `Bearer ${ready.adminToken}` };
  const living = async (): Promise<number> => {
    const answer = await fetch(`${ready.adminUrl}/api/v1/status`, { headers });
    return ((await answer.json()) as { processes: object[] }).processes.length;
  };
  await until(async () => (await living()) === 3);
  const restarted = cli.told(/"place":0,.*a process was restarted/);
  const statuses: (number | null)[] = [];
  while (statuses.length < 200) statuses.push((await askReady(ready.adminUrl)).status);
  service.answerAll();
  await restarted;
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  expect((await cli.stop()).code).toBe(0);
});
