import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createApi } from "@holdfast/client";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { runCli } from "../support/cli.ts";
import { until } from "../support/embedded.ts";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { PAYMENTS, SECRET, post, startIngestGateway, stripeEvent } from "../support/ingest-gateway.ts";

const API_SECRET = "rk_live_that_nobody_may_see";
/** The 29th of February: nobody but a test starts a run of it. */
const NEVER_DUE = "0 0 29 2 *";
let gateway: IngestGateway;
/** The log of a provider that has entries with and without their bodies. */
const log: { id: string; type: string; created: number; payload?: object }[] = [];
/** Its API answers 401 to everybody. */
let isRefusing = false;

beforeAll(async () => {
  const server = createServer((request, response) => {
    const isKnown = !isRefusing && request.headers.authorization === `Bearer ${API_SECRET}`;
    response.writeHead(isKnown ? 200 : 401).end(JSON.stringify({ data: log }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/log`;
  const connector = {
    kind: "http",
    url,
    auth: "bearer",
    items: "/data",
    paging: "none",
    id: "/id",
    type: "/type",
    time: "/created",
    timeFormat: "s",
    body: "/payload",
  };
  const egress = { allowCidrs: ["127.0.0.1/32"] };
  const reconciliations = {
    "stripe-log": { source: "payments", connector, secret: API_SECRET, lagSec: 0, schedule: NEVER_DUE },
  };
  gateway = await startIngestGateway({ content: { ...PAYMENTS, egress, reconciliations } });
  return async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  };
});

afterAll(() => gateway?.close());

function reconcile(...args: string[]) {
  const flags = ["--url", gateway.adminUrl, "--token", gateway.gateway.adminToken!];
  return runCli(["reconcile", ...args, ...flags], { cwd: "/" });
}

const created = () => Math.floor(Date.now() / 1_000) - 1_800;

it("compares, recovers, shows what it found, and alarms with exit code 1 until nothing is unexplained", async () => {
  const here = stripeEvent("evt_here", { created: created() });
  expect((await post(gateway.url, here)).status).toBe(200);
  log.push({ id: "evt_here", type: "invoice.paid", created: created(), payload: {} });
  const payload = { id: "evt_missed", type: "invoice.paid", created: created() };
  log.push({ id: "evt_missed", type: "invoice.paid", created: created(), payload });
  log.push({ id: "evt_bodiless", type: "invoice.paid", created: created() });

  const first = await reconcile("run", "stripe-log");
  expect(first.stderr).toContain("What to do: docs/runbooks/provider-outage.md");
  for (const line of [
    "listed                      3",
    "missing                     2",
    "recovered                   1",
    "unexplained                 1",
  ])
    expect(first.stdout).toContain(line);
  expect(first.code).toBe(1);
  await until(
    async () => (await gateway.metric("holdfast_reconciliation_unexplained_events", 'source="payments"')) === 1,
  );
  const alarm = gateway.logged.find((line) => line.includes("could not be recovered"));
  expect(alarm).toContain("docs/runbooks/provider-outage.md");

  const run = /run_\w+/.exec(first.stdout)![0];
  const shown = await reconcile("show", run, "--json");
  const { entries } = JSON.parse(shown.stdout) as {
    entries: { providerEventId: string; state: string; detail: string | null }[];
  };
  expect(entries.toSorted((a, b) => a.state.localeCompare(b.state))).toMatchObject([
    { providerEventId: "evt_missed", state: "recovered", recoveredBy: "provider_api" },
    {
      providerEventId: "evt_bodiless",
      state: "unexplained",
      detail: "the provider's log does not hold the body of this event",
    },
  ]);

  // It comes after all, long after the window: the next run looks again at what this one could not explain.
  log.pop();
  const late = stripeEvent("evt_bodiless", { created: created() });
  expect((await post(gateway.url, late)).status).toBe(200);
  const second = await reconcile("run", "stripe-log", "--json");
  expect(JSON.parse(second.stdout)).toMatchObject({
    state: "completed",
    report: { listed: 3, matched: 2, missing: 1, recovered: 1, unexplained: 0 },
  });
  expect(second.code).toBe(0);
  expect((await reconcile("list")).stdout.match(/run_/g)).toHaveLength(2);
  const status = await reconcile("status");
  expect([status.code, status.stdout]).toEqual([
    0,
    expect.stringContaining("3 listed, 1 recovered, 0 dead here, 0 unexplained"),
  ]);
});

it("refuses a second run beside the first, a window that no log holds, and a name that there is not", async () => {
  const setup = await gateway.query<{ id: string }>("SELECT id FROM holdfast.reconciliation");
  await gateway.query(
    `INSERT INTO holdfast.reconciliation_run (id, reconciliation_id, tenant, cause, started_by, continues, window_from, window_to, state, page_items, due_at, started_at)
     VALUES (gen_random_uuid(), $1, 'default', 'requested', 'Ada', false, now() - interval '1 h', now(), 'started', 100, now() + interval '1 h', now())`,
    [setup[0]!.id],
  );
  onTestFinished(
    async () => void (await gateway.query("DELETE FROM holdfast.reconciliation_run WHERE started_by = 'Ada'")),
  );
  const second = await reconcile("run", "stripe-log");
  expect([second.code, second.stderr]).toEqual([
    1,
    expect.stringMatching(/Ada has started one at 20.*which is under way: run_/),
  ]);
  const future = await reconcile("run", "stripe-log", "--from", "2026-01-01T00:00:00Z", "--to", "2999-01-01T00:00:00Z");
  expect([future.code, future.stderr]).toEqual([2, expect.stringContaining("window must not end in the future")]);
  expect((await reconcile("run", "nothing")).stderr).toContain('There is no reconciliation "nothing"');
});

it("names the run that has what is unexplained, also when a newer one has failed", async () => {
  const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
  log.push({ id: "evt_far", type: "invoice.paid", created: Math.floor(Date.parse(ago(10)) / 1_000) });
  onTestFinished(async () => {
    log.pop();
    const drop = "DELETE FROM holdfast.reconciliation_run WHERE NOT continues OR state = 'failed'";
    await gateway.query(drop);
  });
  const runs: string[] = [];
  // A window elsewhere tells of it as well: it has looked for it again.
  for (const [from, to] of [
    [11, 9],
    [6, 5],
  ] as const) {
    const run = await reconcile("run", "stripe-log", "--from", ago(from), "--to", ago(to));
    expect([run.code, run.stdout]).toEqual([1, expect.stringContaining("unexplained                 1")]);
    runs.push(/run_\w+/.exec(run.stdout)![0]);
  }
  isRefusing = true;
  onTestFinished(() => void (isRefusing = false));
  const failed = await reconcile("run", "stripe-log");
  expect(failed.code).toBe(1);
  runs.push(/run_\w+/.exec(failed.stdout)![0]);
  const status = await reconcile("status", "--json");
  expect(JSON.parse(status.stdout)).toMatchObject({
    unexplained: 1,
    unexplainedIn: [{ runId: runs[1], count: 1, startedAt: expect.any(String) }],
    lastRun: { id: runs[2], state: "failed" },
  });
  const table = await reconcile("status");
  expect(table.code).toBe(1);
  const [newest] = table.stdout.split("\n").filter((line) => line.includes(runs[2]!));
  expect(newest).toContain("failed: not all was compared");
  expect(table.stdout).toContain("stripe-log: 1 unexplained in all");
  expect(table.stdout).toContain(`1 in ${runs[1]}: npx holdfast reconcile show ${runs[1]} --state unexplained`);
  // As the metric and the alert have it, one that is disabled alarms nobody.
  await gateway.query("UPDATE holdfast.reconciliation SET state = 'disabled'");
  onTestFinished(async () => void (await gateway.query("UPDATE holdfast.reconciliation SET state = 'active'")));
  expect((await reconcile("status")).code).toBe(0);
});

it("judges by what has ended while a run is under way, and names that", async () => {
  const add = (sign: string) =>
    gateway.query(
      `UPDATE holdfast.reconciliation_run SET listed = listed ${sign} 1, missing = missing ${sign} 1, unexplained = unexplained ${sign} 1
        WHERE id = (SELECT id FROM holdfast.reconciliation_run WHERE continues ORDER BY id DESC LIMIT 1)`,
    );
  await add("+");
  onTestFinished(async () => void (await add("-")));
  await gateway.query(
    `INSERT INTO holdfast.reconciliation_run (id, reconciliation_id, tenant, cause, started_by, continues, window_from, window_to, state, page_items, due_at, started_at)
     SELECT 'ffffffff-ffff-7fff-bfff-ffffffffffff', id, 'default', 'requested', 'Grace', true, now() - interval '1 h', now(), 'started', 100, now() + interval '1 h', now()
       FROM holdfast.reconciliation`,
  );
  onTestFinished(
    async () => void (await gateway.query("DELETE FROM holdfast.reconciliation_run WHERE started_by = 'Grace'")),
  );
  const status = await reconcile("status", "--json");
  expect([status.code, JSON.parse(status.stdout)]).toMatchObject([
    1,
    { unexplained: 1, lastRun: { state: "completed" }, currentRun: { state: "started", startedBy: "Grace" } },
  ]);
  const table = await reconcile("status");
  const current = (JSON.parse(status.stdout) as { currentRun: { id: string } }).currentRun.id;
  expect([table.code, table.stdout.includes("1 unexplained"), table.stdout.includes(current)]).toEqual([1, true, true]);
});

it("never shows the API's secret, and keeps it when a change does not give it", async () => {
  const call = async (method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${gateway.gateway.adminToken}`, "content-type": "application/json" };
    const answer = await fetch(`${gateway.adminUrl}/api/v1${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const connector = { kind: "svix", applicationId: "app_1", baseUrl: "https://api.eu.svix.com", receiverId: "ep_1" };
  const made = await call("POST", "/reconciliations", {
    name: "by-api",
    source: "payments",
    connector,
    secret: API_SECRET,
  });
  expect([made.status, JSON.parse(made.text)]).toMatchObject([
    201,
    { hasSecret: true, redeliver: true, schedule: null, eventTypes: ["*"] },
  ]);
  const changed = await call("PATCH", "/reconciliations/by-api", { schedule: NEVER_DUE });
  expect([changed.status, JSON.parse(changed.text)]).toMatchObject([200, { hasSecret: true, schedule: NEVER_DUE }]);
  const texts = [made.text, changed.text, (await call("GET", "/reconciliations")).text, ...gateway.logged];
  expect(texts.filter((text) => text.includes(API_SECRET) || text.includes(SECRET))).toEqual([]);
  const faulty = await call("POST", "/reconciliations", {
    name: "x",
    source: "payment",
    connector: { kind: "stripe", baseUrl: "http://evil.example" },
    schedule: "soon",
  });
  expect(faulty.status).toBe(422);
  const { faults } = JSON.parse(faulty.text) as { faults: { path: string }[] };
  expect(faults.map(({ path }) => path)).toEqual(["source", "connector.baseUrl", "schedule"]);
});

it("says of a run that failed that it did, and shows no figures of it", async () => {
  const api = createApi({ url: gateway.adminUrl, token: gateway.gateway.adminToken! });
  const { connector } = await api.reconciliations.get("stripe-log");
  const refused = { name: "refused", source: "payments", secret: "rk_live_of_somebody_else" };
  await api.reconciliations.create({ ...refused, connector: { kind: "http", ...connector } });
  const run = await reconcile("run", "refused");
  expect([run.code, run.stdout]).toEqual([1, expect.stringContaining("401")]);
  const status = await reconcile("status");
  const [line] = status.stdout.split("\n").filter((text) => text.startsWith("refused "));
  expect([status.code, line]).toEqual([1, expect.stringContaining("failed: not all was compared")]);
  expect(line).not.toContain("0 listed");
});
