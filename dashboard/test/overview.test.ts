import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../../gateway/src/store/database.ts";
import type { IngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { startIngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { expectSound, useBrowser } from "./support/dashboard.ts";
import { openBeside, recordDead } from "./support/dead-gateway.ts";
import { expectSlowAndFaulty, LOOKS, refuse } from "./support/screen-states.ts";

const browser = useBrowser();
let gateway: IngestGateway;
let db: Database;

beforeAll(async () => {
  gateway = await startIngestGateway();
  db = openBeside(gateway);
});
afterAll(async () => {
  await db.close();
  await gateway.close();
});

const open = async (options?: Parameters<typeof browser.openDashboard>[2]) =>
  browser.openDashboard(gateway.adminUrl, (await gateway.gateway.signInLink())!, options);

describe("the overview", () => {
  it("is calm while all is well, and tells what was configured last", async () => {
    const dashboard = await open();
    await dashboard.open("/");
    await dashboard.page.getByText("All is well. Nothing waits for anybody.").waitFor();
    const changes = dashboard.page.locator("section", { hasText: "What changed" });
    expect(await changes.innerText()).toContain("payments");
    await expectSound(dashboard);
    await expectSlowAndFaulty(dashboard, "/", /\/api\/v1\/(?:status|rates)/);
  });

  it("says that what waits could not be counted in time, and shows all the rest", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await page.route(/\/api\/v1\/status/, async (route) => {
      const response = await route.fetch();
      const status = (await response.json()) as { deliveries: object };
      const deliveries = { ...status.deliveries, depth: null, oldestReadySec: null };
      await route.fulfill({ response, json: { ...status, deliveries } });
    });
    await dashboard.open("/");
    await page.getByText("1 thing wants your attention").waitFor();
    await page.getByText("What waits could not be counted in time").waitFor();
    for (const figure of ["Oldest waiting", "Waiting for a retry", "Held"])
      expect(await page.getByRole("link", { name: figure }).innerText()).toContain("not known");
    await page.getByText("Events a minute").waitFor();
    await expectSound(dashboard);
    await page.unroute(/\/api\/v1\/status/);
    await page.getByText("All is well. Nothing waits for anybody.").waitFor();
    await dashboard.context.close();
  });

  it.each(["dead-letters", "destinations", "loops", "rejections", "alerts"])(
    "calls nothing well while it cannot have the %s, nor before they have come",
    async (what) => {
      const dashboard = await open();
      const { page } = dashboard;
      const call = new RegExp(`/api/v1/${what}`);
      let release: () => void = () => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      await page.route(call, (route) => released.then(() => route.continue()));
      await dashboard.open("/");
      await page.getByText("Oldest waiting").waitFor();
      expect(await page.getByText("All is well").count()).toBe(0);
      release();
      await page.getByText("All is well").waitFor();
      await page.unroute(call);
      await refuse(page, call);
      await dashboard.open("/");
      const alert = page.getByRole("alert");
      await alert.getByText("The database cannot be reached").waitFor();
      await page.getByText("Oldest waiting").waitFor();
      expect(await page.getByText("All is well").count()).toBe(0);
      await alert.getByRole("button", { name: "Try again" }).waitFor();
      expect(await dashboard.findBarriers()).toEqual([]);
      // Each of them is asked for again by itself, which may be before a click gets there.
      await page.unroute(call);
      await page.getByText("All is well").waitFor();
      await dashboard.context.close();
    },
  );

  it("leads from what is wrong to where it is repaired, in both themes and at 360 pixels", async () => {
    await recordDead(db, "1001", "order.paid", 422);
    for (const look of LOOKS) {
      const dashboard = await open(look);
      await dashboard.open("/");
      await dashboard.page.getByText("1 thing wants your attention").waitFor();
      expect(await dashboard.width()).toBeLessThanOrEqual(look.viewport.width);
      await expectSound(dashboard);
      await dashboard.page.getByRole("link", { name: /1 for billing failed permanently/ }).click();
      await dashboard.page.getByRole("button", { name: "Retry 1: billing, order.paid" }).waitFor();
      await dashboard.context.close();
    }
  });
});
