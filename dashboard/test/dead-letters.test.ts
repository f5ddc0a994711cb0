import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { startIngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import type { Database } from "../../gateway/src/store/database.ts";
import { copyNewest } from "./support/copy-newest.ts";
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

describe("the dead letters", () => {
  it("say that there are none, what is on its way, and what went wrong", async () => {
    const dashboard = await open();
    await dashboard.open("/dead-letters");
    await dashboard.page.getByText("No dead letters").waitFor();
    await expectSound(dashboard);
    await expectSlowAndFaulty(dashboard, "/dead-letters", /\/api\/v1\/dead-letters/);
  });

  it("stand by cause with the next step, are retried by that after their count was told, and undone", async () => {
    for (const id of ["1001", "1002", "1003"]) await recordDead(db, id, "order.paid", 422);
    await recordDead(db, "1004", "order.refunded", 503);
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/dead-letters");
    await page.getByText("The destination refuses this payload.", { exact: false }).waitFor();
    await page.getByText("order <n> is not known").first().waitFor();
    await page.getByText("docs/runbooks/dead-letters-growing.md").first().waitFor();
    await page.getByRole("button", { name: "Retry 3: billing, order.paid" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("3 deliveries").first().waitFor();
    await expectSound(dashboard);
    await dialog.getByRole("button", { name: "Retry 3 deliveries" }).click();
    await dialog.getByText("3 were retried.").waitFor();
    await expect.poll(() => page.getByRole("button", { name: /^Retry: /, includeHidden: true }).count()).toBe(1);
    await dialog.getByRole("button", { name: "Undo" }).click();
    await dialog.getByText("3 undone").waitFor();
    await expect.poll(() => page.getByRole("button", { name: /^Retry: /, includeHidden: true }).count()).toBe(4);
    await dashboard.context.close();
  });

  it("are dismissed with a reason, found among the dismissed, and opened again one by one", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/dead-letters?type=order.refunded");
    await page.getByRole("button", { name: "Dismiss 1: billing, order.refunded" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Why nothing is to be done for them").fill("test orders of the old shop");
    await dialog.getByRole("button", { name: "Dismiss 1 delivery" }).click();
    await dialog.getByText("1 was dismissed.").waitFor();
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await page.getByText("dismissed 1: test orders of the old shop").waitFor();
    await page.getByLabel("Show", { exact: true }).selectOption("true");
    await page.getByRole("button", { name: "Open again: order.refunded for billing" }).click();
    await page.getByText("None of these is dismissed").waitFor();
    await dashboard.context.close();
  });

  it("are saved as lines of JSON, as many as the filter fits", async () => {
    const dashboard = await open();
    await dashboard.open("/dead-letters?type=order.paid");
    const [download] = await Promise.all([
      dashboard.page.waitForEvent("download"),
      dashboard.page.getByRole("button", { name: "Export" }).click(),
    ]);
    const lines = (await readFile(await download.path(), "utf8")).trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { eventType: string }).eventType)).toEqual([
      "order.paid",
      "order.paid",
      "order.paid",
    ]);
    await dashboard.context.close();
  });

  it("are sound in both themes and at 360 pixels", async () => {
    for (const look of LOOKS) {
      const dashboard = await open(look);
      await dashboard.open("/dead-letters");
      await dashboard.page.getByText("By cause").waitFor();
      expect(await dashboard.width()).toBeLessThanOrEqual(look.viewport.width);
      await expectSound(dashboard);
      await dashboard.context.close();
    }
  });

  it("of the last hour are shown beyond the first fifty", async () => {
    await recordDead(db, "1005", "order.many", 422);
    await copyNewest(gateway, "finished_delivery", 50);
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/dead-letters?last=1h&type=order.many");
    const rows = page.getByRole("button", { name: /^Retry: / });
    await expect.poll(() => rows.count()).toBe(50);
    await page.getByRole("button", { name: "Show older dead letters" }).click();
    await expect.poll(() => rows.count()).toBe(51);
    await dashboard.context.close();
  });

  it("of a cause are retried as far as the filter shows them", async () => {
    for (const id of ["1006", "1007", "1008"]) await recordDead(db, id, "order.aged", 422);
    await gateway.query(
      `UPDATE holdfast.finished_delivery SET finished_at = finished_at - interval '30 minutes'
        WHERE event_id = (SELECT id FROM holdfast.event WHERE provider_event_id = '1006')`,
    );
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/dead-letters?last=15m&type=order.aged");
    await page.getByRole("button", { name: "Retry 2: billing, order.aged" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Retry 2 deliveries" }).click();
    await page.getByRole("dialog").getByText("2 were retried.").waitFor();
    await dashboard.open("/dead-letters?type=order.aged");
    await page.getByRole("button", { name: "Retry 1: billing, order.aged" }).waitFor();
    await dashboard.context.close();
  });

  it("say that none fits when all were looked at, and until then how far the search has come", async () => {
    await recordDead(db, "1009", "order.rare", 422);
    await recordDead(db, "1010", "order.flood", 422);
    await copyNewest(gateway, "finished_delivery", 4_000);
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/dead-letters?type=order.rare");
    await page.getByText("Searched the newest 2,000 dead letters; older ones were not looked at yet.").waitFor();
    expect(await page.getByText("No dead letter fits this filter").count()).toBe(0);
    await page.getByRole("button", { name: "Show older dead letters" }).click();
    await page.getByText("Searched the newest 4,000 dead letters; older ones were not looked at yet.").waitFor();
    await page.getByRole("button", { name: "Retry all that fit" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Retry 1 delivery" }).click();
    await page.getByRole("dialog").getByText("1 was retried.").waitFor();
    await dashboard.open("/dead-letters?type=order.none");
    const more = page.getByRole("button", { name: "Show older dead letters" });
    await more.click();
    await more.click();
    await page.getByText("No dead letter fits this filter").waitFor();
    await dashboard.context.close();
  });
});
