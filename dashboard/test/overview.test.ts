import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../../gateway/src/store/database.ts";
import type { IngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { startIngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { expectSound, useBrowser } from "./support/dashboard.ts";
import { openBeside, recordDead } from "./support/dead-gateway.ts";
import { expectSlowAndFaulty, LOOKS } from "./support/screen-states.ts";

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
