import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
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

function showStatus(...more: readonly string[]): Promise<CliResult> {
  const { adminUrl, adminToken } = gateway.gateway;
  return runCli(["status", "--url", adminUrl!, "--token", adminToken!, ...more], { cwd: "/" });
}

async function change(method: string, path: string, body?: object): Promise<number> {
  const { adminUrl, adminToken } = gateway.gateway;
  const headers = { authorization: `Bearer ${adminToken}`, "content-type": "application/json" };
  const request = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  return (await fetch(`${adminUrl}/api/v1${path}`, request)).status;
}

it("says for how long the oldest ready delivery of each class has waited, and of no class that has none", async () => {
  expect((await showStatus()).stdout).toMatch(/^ {2}ok +oldest ready +none$/m);
  expect((await post(gateway.url, stripeEvent("evt_waits"))).status).toBe(200);
  expect((await showStatus()).stdout).toMatch(/^ {2}ok +oldest ready +normal \d[\d.]* (?:ms|s|min)\b[^,]*$/m);
});

it("finds wrong that no process delivers what waits, and not where nothing does", async () => {
  const waiting = await showStatus();
  expect([waiting.code, waiting.stdout]).toEqual([
    1,
    expect.stringMatching(/^ {2}wrong +deliveries +1 ready, .+; no process delivers$/m),
  ]);
  await gateway.query("DELETE FROM holdfast.delivery");
  const empty = await showStatus();
  expect([empty.code, empty.stdout]).toEqual([0, expect.stringMatching(/^ {2}ok +deliveries +0 ready, /m)]);
});

it("finds the one destination that takes nothing, however many there are", async () => {
  const names = Array.from({ length: 200 }, (_, i) => `d-${String(i).padStart(3, "0")}`);
  for (const name of names)
    expect(await change("POST", "/destinations", { name, url: "https://d.example/" })).toBe(201);
  const before = await showStatus();
  expect([before.code, before.stdout]).toEqual([0, expect.stringContaining("201, all of them take deliveries")]);
  expect(await change("DELETE", "/destinations/d-199")).toBe(200);
  const after = await showStatus();
  expect([after.code, after.stdout]).toEqual([1, expect.stringMatching(/wrong +destination +d-199: it is disabled/)]);
  const asJson = await showStatus("--json");
  const status = JSON.parse(asJson.stdout) as { ok: boolean; findings: { ok: boolean; found: string }[] };
  expect([asJson.code, status]).toEqual([1, expect.objectContaining({ ok: false, version: expect.any(String) })]);
  expect(status.findings.filter(({ ok }) => !ok)).toEqual([
    {
      check: "destination",
      ok: false,
      found: expect.stringMatching(/^d-199: it is disabled/),
      remedy: expect.any(String),
    },
  ]);
});

it("tells all the rest while the deliveries cannot be counted in time, and so does doctor", async () => {
  const lock = () => gateway.query("BEGIN; LOCK TABLE holdfast.delivery IN ACCESS EXCLUSIVE MODE");
  await lock();
  const { adminUrl, adminToken } = gateway.gateway;
  const address = ["--url", adminUrl!, "--token", adminToken!];
  try {
    const asJson = await showStatus("--json");
    expect([asJson.code, asJson.stderr]).toEqual([1, ""]);
    const status = JSON.parse(asJson.stdout) as { findings: { check: string; ok: boolean; found: string }[] };
    expect(status).toMatchObject({
      deliveries: { depth: null, counted: { complete: false }, oldestReadySec: null },
      processes: [{ leads: expect.any(Boolean) }],
      snapshots: { alarms: [] },
      overload: { level: expect.any(Number) },
    });
    expect(status.findings.filter(({ check }) => check === "deliveries" || check === "oldest ready")).toMatchObject([
      { check: "deliveries", ok: false, found: "could not be counted in time" },
      { check: "oldest ready", ok: false, found: "could not be read in time" },
    ]);
    // Held for a minute, it would be an old snapshot itself.
    await gateway.query("ROLLBACK");
    await lock();
    const examined = await runCli(["doctor", ...address], { cwd: "/" });
    expect(examined.stdout).toMatch(/^problem +deliveries +could not be counted in time$/m);
    expect(examined.stdout).toMatch(/^ok +old snapshots +none$/m);
    expect(examined.stdout).toMatch(/^\w+ +processes +1: /m);
  } finally {
    await gateway.query("ROLLBACK");
  }
  expect((await showStatus()).stdout).toMatch(/^ {2}ok +deliveries +0 ready, /m);
});

it("finds wrong that no process takes in, and says of no class that it is accepted", async () => {
  const idle = await startIngestGateway({ content: { roles: ["worker", "admin"] } });
  onTestFinished(idle.close);
  const { adminUrl, adminToken } = idle.gateway;
  const ask = (...command: readonly string[]): Promise<CliResult> =>
    runCli([...command, "--url", adminUrl!, "--token", adminToken!], { cwd: "/" });
  const status = await ask("status");
  expect([status.code, status.stdout]).toEqual([1, expect.stringMatching(/wrong +overload +no process takes in/)]);
  expect(status.stdout).not.toContain("accepted");
  const throttles = await ask("throttle", "show");
  expect(throttles.stdout).toContain("no process");
  expect(throttles.stdout).not.toContain("accepted");
});
