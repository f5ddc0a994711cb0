import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runCli } from "../support/cli.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { testFolder } from "../support/folder.ts";
import type { ReplayGateway, Service } from "../support/replay-desk.ts";
import { openService, settled, startReplayGateway } from "../support/replay-desk.ts";

const ONE_TRY = { scheduleSec: [], refusalsMax: 1 };

interface Setup {
  readonly desk: Desk;
  readonly service: Service;
  readonly gateway: ReplayGateway;
}

/** Five letters that died of 422 and three of 500. */
async function letters(): Promise<Setup> {
  const desk = await openDesk();
  const service = await openService();
  service.answer = (body) => (/evt_[0-4]"/.test(body) ? 422 : 500);
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: service.url, retry: ONE_TRY } } });
  for (let i = 0; i < 8; i++) await gateway.post(`evt_${i}`);
  await settled(desk);
  return { desk, service, gateway };
}

async function open(gateway: ReplayGateway): Promise<{ id: string }[]> {
  return (await gateway.call("GET", "/dead-letters?limit=200")).body["items"] as { id: string }[];
}

interface Group {
  readonly id: string;
  readonly count: number;
  readonly status: number;
  readonly suggestion: string;
  readonly runbook: string;
}

async function groups(gateway: ReplayGateway): Promise<Group[]> {
  return (await gateway.call("GET", "/dead-letters/groups")).body["items"] as Group[];
}

it("groups letters by cause, the largest first, with what to do next", async () => {
  const { gateway } = await letters();
  const found = await gateway.call("GET", "/dead-letters/groups");
  expect(found.body["searched"]).toEqual({ newest: 8, complete: true });
  const [first, second] = await groups(gateway);
  expect([first, second]).toMatchObject([
    { count: 5, status: 422, outcome: "refused", destination: "billing", eventType: "invoice.paid" },
    { count: 3, status: 500, outcome: "transient", reason: "attempts_exhausted" },
  ]);
  expect(first!.suggestion).toContain("mend the consumer");
  expect(first!.runbook).toBe("docs/runbooks/dead-letters-growing.md");
  const filtered = (await gateway.call("GET", `/dead-letters?group=${second!.id}`)).body["items"] as unknown[];
  expect(filtered).toHaveLength(3);
});

it("retries all of a cause, once counted, and takes the retry back while nobody has tried it", async () => {
  const { desk, service, gateway } = await letters();
  const [, second] = await groups(gateway);
  const filter = { group: second!.id };
  const counted = await gateway.call("POST", "/dead-letters/retry", { filter });
  expect(counted.body).toMatchObject({ impact: 3, handled: 0, handlingId: null });
  const wrong = await gateway.call("POST", "/dead-letters/retry", { filter, expected: 2 });
  expect([wrong.status, wrong.body["detail"]]).toEqual([409, expect.stringContaining("3 fit by now, not 2")]);
  expect(await open(gateway)).toHaveLength(8);

  await gateway.call("PATCH", "/destinations/billing", { state: "paused" });
  const queued = await gateway.call("POST", "/dead-letters/retry", { filter, expected: 3, by: "ann" });
  expect(queued.body).toMatchObject({ handled: 3 });
  expect(await open(gateway)).toHaveLength(5);
  const undone = await gateway.call("POST", "/dead-letters/restore", { handling: queued.body["handlingId"] });
  expect(undone.body).toEqual({ restored: 3, tooLate: 0 });
  expect(await open(gateway)).toHaveLength(8);
  expect(await desk.query("SELECT id FROM holdfast.delivery")).toEqual([]);

  service.answer = () => 200;
  await gateway.call("PATCH", "/destinations/billing", { state: "active" });
  const again = await gateway.call("POST", "/dead-letters/retry", { filter, expected: 3 });
  await settled(desk);
  expect(service.effects.size).toBe(3);
  expect(new Set(service.seen.map(({ key }) => key)).size).toBe(8);
  const late = await gateway.call("POST", "/dead-letters/restore", { handling: again.body["handlingId"] });
  expect(late.body).toEqual({ restored: 0, tooLate: 3 });
  const done = (await gateway.call("GET", "/dead-letters/handlings")).body["items"] as Record<string, unknown>[];
  expect(done.map(({ kind, deliveries, handledBy }) => [kind, deliveries, handledBy])).toEqual([
    ["retry", 3, "local"],
    ["retry", 3, "ann (local)"],
  ]);
});

it("takes back what replays retried, and they count it as withdrawn and complete", async () => {
  const { desk, service, gateway } = await letters();
  const dead = (await open(gateway)).map(({ id }) => id);
  await gateway.call("PATCH", "/destinations/billing", { state: "paused" });
  const planned = (await gateway.call("POST", "/replays", { ratePerSec: 1_000 })).body;
  await gateway.call("POST", "/replays/run", { token: planned["token"] });
  await until(async () => (await desk.query("SELECT FROM holdfast.delivery")).length === 8);
  const ids = dead.slice(0, 3);
  expect((await gateway.call("POST", "/dead-letters/restore", { ids })).body).toEqual({ restored: 3, tooLate: 0 });
  expect((await open(gateway)).map(({ id }) => id)).toEqual(ids);
  service.answer = () => 200;
  await gateway.call("PATCH", "/destinations/billing", { state: "active" });
  expect(await gateway.ended(String(planned["id"]))).toMatchObject({
    state: "completed",
    summary: { events_scanned: 8, replayed: 5, processed: 5, integrity_check: "pass" },
    notReplayed: { withdrawn: 3 },
  });
});

it("dismisses with a reason, deletes nothing, and opens again for seven days and not after (F140)", async () => {
  const { desk, gateway } = await letters();
  const [first] = await groups(gateway);
  const filter = { group: first!.id };
  const without = await gateway.call("POST", "/dead-letters/dismiss", { filter, expected: 5 });
  expect(without.status).toBe(422);
  const body = { filter, expected: 5, reason: "orders of the old test shop" };
  const nul = await gateway.call("POST", "/dead-letters/dismiss", { ...body, reason: "old\0shop" });
  expect(nul).toMatchObject({ status: 422, body: { faults: [{ path: "reason" }] } });
  const dismissed = await gateway.call("POST", "/dead-letters/dismiss", body);
  expect(dismissed.body).toMatchObject({ handled: 5 });
  expect(await open(gateway)).toHaveLength(3);
  const kept = (await gateway.call("GET", "/dead-letters?dismissed=true")).body["items"] as Record<string, unknown>[];
  expect(kept).toHaveLength(5);
  expect(kept[0]!["dismissed"]).toMatchObject({ reason: "orders of the old test shop", by: "local" });
  // What is dismissed is not retried by accident, nor replayed.
  expect((await gateway.call("POST", `/deliveries/${String(kept[0]!["id"])}/retry`, {})).status).toBe(409);
  expect(await gateway.replay({})).toMatchObject({ summary: { replayed: 3 }, notReplayed: { dismissed: 5 } });

  const handling = dismissed.body["handlingId"];
  await desk.query("UPDATE holdfast.handling SET handled_at = handled_at - interval '8 days'");
  expect((await gateway.call("POST", "/dead-letters/restore", { handling })).status).toBe(409);
  await desk.query("UPDATE holdfast.handling SET handled_at = now()");
  expect((await gateway.call("POST", "/dead-letters/restore", { handling })).body).toEqual({ restored: 5, tooLate: 0 });
  expect((await groups(gateway)).find(({ id }) => id === first!.id)?.count).toBe(5);
});

it("refuses a filter that says nothing, and shows nobody another tenant's letters", async () => {
  const { desk, gateway } = await letters();
  expect((await gateway.call("POST", "/dead-letters/retry", { filter: {}, expected: 8 })).status).toBe(422);
  // A word that is none would find nothing, and look like good news.
  for (const query of ["outcome=refusd", "reason=gone_away"])
    expect((await gateway.call("GET", `/dead-letters?${query}`)).status).toBe(422);
  expect((await gateway.call("POST", "/replays", null)).status).toBe(422);
  await desk.query("INSERT INTO holdfast.tenant VALUES ('other', now()) ON CONFLICT DO NOTHING");
  await desk.query("UPDATE holdfast.finished_delivery SET tenant = 'other'");
  expect(await groups(gateway)).toEqual([]);
  const [one] = await desk.query<{ id: string }>("SELECT id FROM holdfast.finished_delivery LIMIT 1");
  expect(one).toBeDefined();
  expect((await gateway.call("POST", "/dead-letters/retry", { filter: { status: 422 }, expected: 5 })).status).toBe(
    409,
  );
});

it("is all there on the command line: list by cause, dismiss, restore, export", async () => {
  const { gateway } = await letters();
  const cwd = testFolder();
  const tokenFile = join(cwd, "token");
  await writeFile(tokenFile, gateway.gateway.adminToken!);
  const env = { HOLDFAST_ADMIN_URL: gateway.gateway.adminUrl!, HOLDFAST_ADMIN_TOKEN_FILE: tokenFile, USER: "ann" };
  const cli = async (...args: string[]) => {
    const result = await runCli(args, { cwd, env });
    expect(result, result.stderr).toMatchObject({ code: 0 });
    return result.stdout;
  };
  const listed = await cli("dead", "list");
  expect(listed).toContain("5 × refused, status 422 at billing, invoice.paid");
  expect(listed).toContain("What to do: docs/runbooks/dead-letters-growing.md");
  const group = /group ([0-9a-f]{16})/.exec(listed)![1]!;
  const counted = await cli("dead", "dismiss", "--group", group, "--reason", "test orders");
  expect(counted).toContain("5 fit. Nothing was done yet.");
  const done = await cli("dead", "dismiss", "--group", group, "--reason", "test orders", "--expect", "5");
  const handling = /hdl_\w+/.exec(done)![0];
  expect(await cli("dead", "restore", handling)).toContain("5 open again.");
  const lines = (await cli("dead", "export", "--group", group)).trim().split("\n");
  const first = JSON.parse(lines[0]!) as { request: { bodyBase64: string; headers: [string, string][] } };
  expect(lines).toHaveLength(5);
  expect(Buffer.from(first.request.bodyBase64, "base64").toString()).toContain('"object":"event"');
});
