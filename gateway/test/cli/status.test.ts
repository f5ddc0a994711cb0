import { afterAll, beforeAll, expect, it } from "vitest";
import type { CliResult } from "../support/cli.ts";
import { runCli } from "../support/cli.ts";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { post, startIngestGateway, stripeEvent } from "../support/ingest-gateway.ts";

// Nothing is delivered here: what was posted stays ready.
let gateway: IngestGateway;
beforeAll(async () => {
  gateway = await startIngestGateway();
});
afterAll(() => gateway?.close());

function showStatus(): Promise<CliResult> {
  const { adminUrl, adminToken } = gateway.gateway;
  return runCli(["status", "--url", adminUrl!, "--token", adminToken!], { cwd: "/" });
}

it("says for how long the oldest ready delivery of each class has waited, and of no class that has none", async () => {
  expect((await showStatus()).stdout).toMatch(/^ {2}ok +oldest ready +none$/m);
  expect((await post(gateway.url, stripeEvent("evt_waits"))).status).toBe(200);
  expect((await showStatus()).stdout).toMatch(/^ {2}ok +oldest ready +normal \d[\d.]* (?:ms|s|min)\b[^,]*$/m);
});
