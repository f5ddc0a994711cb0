import { once } from "node:events";
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createApi } from "@holdfast/client";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { IngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { PAYMENTS, post, startIngestGateway, stripeEvent, until } from "../../gateway/test/support/ingest-gateway.ts";
import { expectSound, useBrowser } from "./support/dashboard.ts";
import { expectErrorAndSlow, expectSoundInEveryLook } from "./support/states.ts";

const browser = useBrowser();
let gateway: IngestGateway;
let api: ReturnType<typeof createApi>;
let log: Server;
let listed: object[] = [];
let status = 200;

beforeAll(async () => {
  log = createServer((_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ data: listed }));
  });
  log.listen(0, "127.0.0.1");
  await once(log, "listening");
  gateway = await startIngestGateway({ content: { ...PAYMENTS, egress: { allowCidrs: ["127.0.0.0/8"] } } });
  api = createApi({ url: gateway.adminUrl, token: gateway.gateway.adminToken! });
});
afterAll(async () => {
  await gateway.close();
  log.closeAllConnections();
  log.close();
  await once(log, "close");
});

/** Compares and waits for the end, without a screen. */
async function compare(name: string, window?: { from: string; to: string }) {
  const { id } = await api.reconciliations.start(name, window);
  await until(async () => (await api.reconciliations.runs.get(id)).finishedAt !== null);
  return await api.reconciliations.runs.get(id);
}

/** A reconciliation with the log of this file. */
async function setUp(name: string) {
  const url = `http://127.0.0.1:${(log.address() as AddressInfo).port}/log`;
  const places = { items: "/data", id: "/id", type: "/type", time: "/created", timeFormat: "s", body: "/payload" };
  await api.reconciliations.create({
    name,
    source: "payments",
    connector: { kind: "http", url, paging: "none", ...places },
  });
}

/** What the screen says of one reconciliation. */
const rowOf = (page: Page, name: string) =>
  page.getByRole("listitem").filter({ hasText: "payments against" }).filter({ hasText: name });

const open = async (options = {}) =>
  browser.openDashboard(gateway.adminUrl, (await gateway.gateway.signInLink())!, options);

describe("the reconciliations", () => {
  it("say what to do while there are none, in both themes and at 360 pixels", async () => {
    await expectSoundInEveryLook(open, { "/reconciliations": "npx holdfast reconcile run" });
  });

  it("are set up by a form, run by a button, and report what was missing event by event", async () => {
    await post(gateway.url, stripeEvent("evt_here"));
    const created = Math.floor(Date.now() / 1_000) - 600;
    const event = (id: string) => ({ id, object: "event", type: "invoice.paid", created });
    listed = [event("evt_here"), event("evt_lost")];
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/reconciliations/new");
    await page.getByLabel("Against").selectOption("http");
    await page.getByLabel("URL of the list").fill(`http://127.0.0.1:${(log.address() as AddressInfo).port}/log`);
    await page.getByLabel("Paging").fill("none");
    await page.getByLabel("Where the list is").fill("/data");
    await page.getByLabel("Where an event's id is").fill("/id");
    await page.getByLabel("Where its type is").fill("/type");
    await page.getByLabel("Where its time is").fill("created");
    await page.getByLabel("The time's form").fill("s");
    await page.getByLabel("When").selectOption("");
    await page.getByRole("button", { name: "Compare it" }).click();
    await page.getByText("must be a JSON pointer").waitFor();
    await page.getByLabel("Where its time is").fill("/created");
    await page.getByRole("button", { name: "Compare it" }).click();
    await page.getByRole("button", { name: /^Run now/ }).click();
    await page.getByText("Completed", { exact: true }).waitFor({ timeout: 60_000 });
    await page.getByText("evt_lost").waitFor();
    await page.getByText("recorded from what the provider's API returned").waitFor();
    const [run] = (await api.reconciliations.runs.page({})).items;
    expect(run?.report).toMatchObject({ listed: 2, matched: 1, missing: 1, recovered: 1, unexplained: 0 });
    await page.getByRole("link", { name: "evt_lost" }).click();
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
    await dashboard.context.close();
  });

  it("are sound in both themes and at 360 pixels when there are some", async () => {
    const [run] = (await api.reconciliations.runs.page({})).items;
    await expectSoundInEveryLook(open, {
      "/reconciliations": "payments-log",
      [`/reconciliations/runs/${run!.id}`]: "evt_lost",
      "/reconciliations/new": "Compare a source",
    });
  });

  it("lead to the run that has what is unexplained, also when a newer one has failed", async () => {
    const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
    await setUp("far-log");
    listed = [{ id: "evt_far", type: "invoice.paid", created: Math.floor(Date.parse(ago(10)) / 1_000) }];
    const left = await compare("far-log", { from: ago(11), to: ago(9) });
    status = 401;
    onTestFinished(() => {
      status = 200;
    });
    const newest = await compare("far-log", { from: ago(6), to: ago(5) });
    expect([left.report.unexplained, newest.state]).toEqual([1, "failed"]);
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/reconciliations");
    const row = rowOf(page, "far-log");
    await row.getByText("1 unexplained in all").waitFor();
    const line = row.getByRole("link", { name: /^Failed, / });
    expect(await line.getAttribute("href")).toContain(newest.id);
    await expectSound(dashboard);
    await row.getByRole("link", { name: /^1 in the run of/ }).click();
    const alarm = page.getByRole("alert").filter({ hasText: "could not be recovered" });
    expect(await alarm.textContent()).toContain("tries again, but leaves alone what may have been processed");
    expect(page.url()).toContain(`${left.id}?state=unexplained`);
    await page.getByText("evt_far").waitFor();
    await dashboard.context.close();
  });

  it("say of a run that failed that it did, and not that nothing is missing", async () => {
    await setUp("refused-log");
    status = 401;
    onTestFinished(() => {
      status = 200;
    });
    const run = await compare("refused-log");
    expect(run.state).toBe("failed");
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/reconciliations");
    const line = rowOf(page, "refused-log").getByRole("link");
    expect(await line.textContent()).toMatch(/^Failed, /);
    const row = page.locator(`#row-${run.id}`);
    await row.getByText(run.detail!).waitFor();
    expect(await row.getByText("nothing in the log").count()).toBe(0);
    await line.click();
    await page.getByText("It ended before all was compared").waitFor();
    expect(await page.getByText("is recorded here").count()).toBe(0);
    await dashboard.context.close();
  });

  it("say what is wrong, and that they are on their way", async () => {
    const dashboard = await open();
    await expectErrorAndSlow(dashboard, "/reconciliations", "/reconciliations");
    await dashboard.context.close();
  });
});
