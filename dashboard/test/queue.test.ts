import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { post, startIngestGateway, stripeEvent } from "../../gateway/test/support/ingest-gateway.ts";
import { copyDelivery } from "../../gateway/test/support/many-deliveries.ts";
import { expectSound, useBrowser } from "./support/dashboard.ts";
import { expectSlowAndFaulty, LOOKS, refuse } from "./support/screen-states.ts";

const browser = useBrowser();
let gateway: IngestGateway;

beforeAll(async () => {
  gateway = await startIngestGateway();
});
afterAll(() => gateway.close());

const open = async (options?: Parameters<typeof browser.openDashboard>[2]) =>
  browser.openDashboard(gateway.adminUrl, (await gateway.gateway.signInLink())!, options);

async function callAdmin(method: string, path: string, body: unknown): Promise<unknown> {
  const answer = await fetch(`${gateway.adminUrl}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${gateway.gateway.adminToken}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect([path, answer.ok]).toEqual([path, true]);
  return answer.json();
}

describe("the queue", () => {
  it("says that nothing waits and that no worker lives, what is on its way, and what went wrong", async () => {
    const dashboard = await open();
    await dashboard.open("/queue");
    await dashboard.page.getByText("Nothing waits").waitFor();
    await dashboard.page.getByText("Everything is accepted").waitFor();
    await dashboard.page.getByText("No worker is alive", { exact: false }).waitFor();
    await expectSound(dashboard);
    await expectSlowAndFaulty(dashboard, "/queue", /\/api\/v1\/queue/);
  });

  it("says that no process takes in where none says so, and not that everything is accepted, as the overview does", async () => {
    const idle = await startIngestGateway({ content: { roles: ["worker", "admin"] } });
    try {
      const dashboard = await browser.openDashboard(idle.adminUrl, (await idle.gateway.signInLink())!);
      await dashboard.open("/queue");
      await dashboard.page.getByText("No process says how it takes in").waitFor();
      expect(await dashboard.page.getByText("Everything is accepted").count()).toBe(0);
      expect(await dashboard.page.getByText("not known", { exact: true }).count()).toBe(4);
      await expectSound(dashboard);
      await dashboard.open("/");
      await dashboard.page.getByText("No process says how it takes in").waitFor();
      await expectSound(dashboard);
      await dashboard.context.close();
    } finally {
      await idle.close();
    }
  });

  it("says of the gates and of the processes that they are not known while they cannot be had", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    const calls = /\/api\/v1\/(?:destinations|status)/;
    await refuse(page, calls);
    await dashboard.open("/queue");
    const faults = page.getByRole("alert").filter({ hasText: "The database cannot be reached" });
    await expect.poll(() => faults.getByRole("button", { name: "Try again" }).count()).toBe(2);
    await page.getByText("Nothing waits").waitFor();
    expect(await page.getByText("Every destination takes what comes.").count()).toBe(0);
    expect(await page.getByText("0 alive", { exact: false }).count()).toBe(0);
    expect(await dashboard.findBarriers()).toEqual([]);
    // Both are asked for again by themselves, which may be before a click gets there.
    await page.unroute(calls);
    await page.getByText("Every destination takes what comes.").waitFor();
    await page.getByText("No worker is alive", { exact: false }).waitFor();
    await dashboard.context.close();
  });

  it("tells what waits, why and what to do, and leads to those events", async () => {
    await post(gateway.url, stripeEvent("evt_ready"));
    await post(gateway.url, stripeEvent("evt_ready_too"));
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/queue");
    const ready = page.getByRole("listitem").filter({ hasText: "a worker takes them in their turn" });
    await ready.getByText("2", { exact: true }).waitFor();
    await ready.getByRole("link", { name: "billing", exact: true }).waitFor();
    await expectSound(dashboard);
    await page.getByRole("link", { name: "See them: ready, for billing" }).click();
    await page.getByText("evt_ready_too").waitFor();
    await callAdmin("PATCH", "/destinations/billing", { state: "paused", stateReason: "the ledger is being moved" });
    await post(gateway.url, stripeEvent("evt_held"));
    await dashboard.open("/queue");
    await page.getByText("it is paused (the ledger is being moved)", { exact: false }).waitFor();
    await page.getByText("Resume the destination; what is held follows in order.").waitFor();
    await page.getByRole("row", { name: /^normal/i }).waitFor();
    await expectSound(dashboard);
    await page.getByRole("link", { name: "See them: held, for billing" }).click();
    await page.getByRole("heading", { level: 1, name: "Events" }).waitFor();
    expect(new URL(page.url()).searchParams.get("state")).toBe("held");
    await page.getByText("evt_held").waitFor();
    await dashboard.context.close();
  });

  it("lets an operator slow a class down for a while and end it, and asks plainly before all of it is refused", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/queue");
    await page.getByRole("button", { name: "Slow down" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Is to be").selectOption("refuse");
    await dialog.getByText("All of it will be answered 503.").waitFor();
    await dialog.getByLabel("Is to be").selectOption("throttle");
    await dialog.getByLabel("Percent that is let in").fill("35");
    await dialog.getByLabel("Why").fill("the database is being moved");
    await expectSound(dashboard);
    await dialog.getByRole("button", { name: "Slow down" }).click();
    await page.getByText("slowed down to 35 %").waitFor();
    await page.getByText("slowed down by hand").waitFor();
    await page.getByRole("button", { name: "End: Class low" }).click();
    await page.getByText("Nothing is slowed down by hand.", { exact: false }).waitFor();
    await dashboard.context.close();
  });

  it("says of a destination that the configuration file has dropped that it is to be declared again", async () => {
    await callAdmin("PATCH", "/destinations/billing", { state: "active" });
    await callAdmin("POST", "/configuration", { definition: {} });
    const dashboard = await open();
    const { page } = dashboard;
    const said = page.getByText("the configuration file does not declare it any more");
    for (const [path, times] of [
      ["/queue", 2],
      ["/destinations/billing", 1],
      ["/", 1],
    ] as const) {
      await dashboard.open(path);
      await expect.poll(() => said.count()).toBe(times);
      expect([path, await page.getByText("not_declared").count()]).toEqual([path, 0]);
    }
    await dashboard.context.close();
  });

  it("says of a long backlog that it counted what comes next, and nothing of the newest", async () => {
    const [delivery] = await gateway.query<{ id: string }>("SELECT id FROM holdfast.delivery LIMIT 1");
    await copyDelivery(gateway, delivery!.id, 10_000);
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/queue");
    await page.getByText("Counted at most 10,000 deliveries of each state", { exact: false }).waitFor();
    expect(await page.getByText("newest", { exact: false }).count()).toBe(0);
    await expectSound(dashboard);
    await dashboard.context.close();
  });

  it("is sound in both themes and at 360 pixels", async () => {
    for (const look of LOOKS) {
      const dashboard = await open(look);
      await dashboard.open("/queue");
      await dashboard.page.getByText("Why they wait").waitFor();
      expect(await dashboard.width()).toBeLessThanOrEqual(look.viewport.width);
      await expectSound(dashboard);
      await dashboard.context.close();
    }
  });
});
