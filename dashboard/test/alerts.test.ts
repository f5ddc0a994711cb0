import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newUuid } from "../../gateway/src/domain/id.ts";
import type { IngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { startIngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { expectSound, useBrowser } from "./support/dashboard.ts";

const browser = useBrowser();
let gateway: IngestGateway;

beforeAll(async () => {
  gateway = await startIngestGateway();
});
afterAll(() => gateway.close());

const link = async (): Promise<string> => (await gateway.gateway.signInLink())!;

async function open(colorScheme: "light" | "dark", width: number) {
  const dashboard = await browser.openDashboard(gateway.adminUrl, await link(), {
    colorScheme,
    viewport: { width, height: 900 },
  });
  await dashboard.open("/alerts");
  await dashboard.page.getByRole("heading", { name: "Rules" }).waitFor();
  return dashboard;
}

/** A request that signs in. */
async function asLink() {
  const token = (await link()).split("#link=")[1]!;
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ link: token }) };
}

/** An alert that fires and holds: nothing in this database takes it back for a minute. */
async function fire(detail: string): Promise<void> {
  const client = new pg.Client({ connectionString: gateway.database.url });
  await client.connect();
  await client.query(
    `INSERT INTO holdfast.alert (id, tenant, rule, subject, subject_name, source_ids, severity, state, detail, since, seen_at, fired_at)
     VALUES ($1, 'default', 'breaker_open', 'd', 'destination billing', '{}', 'ticket', 'firing', $2, now(), now() + interval '1 hour', now())`,
    [newUuid(Date.now(), 0, randomBytes(8)), detail],
  );
  await client.end();
}

/** So many alerts that came and went after whatever fires. */
async function resolveMany(count: number): Promise<void> {
  const ids = Array.from({ length: count }, () => newUuid(Date.now() + 1_000, 0, randomBytes(8)));
  await gateway.query(
    `INSERT INTO holdfast.alert (id, tenant, rule, subject, subject_name, source_ids, severity, state, detail, since, seen_at, fired_at,
       resolved_at)
     SELECT id, 'default', 'retry_loop', id::text, 'source payments', '{}', 'ticket', 'resolved', 'it came again', now(), now(), now(), now()
       FROM unnest($1::uuid[]) AS made(id)`,
    [ids],
  );
}

describe("the alerts", () => {
  it("are calm while nothing fires, and say how to be told", async () => {
    for (const [theme, width] of [
      ["light", 360],
      ["dark", 1280],
    ] as const) {
      const dashboard = await open(theme, width);
      await dashboard.page.getByText("Nothing fires").waitFor();
      await dashboard.page.getByText("Nobody is told yet").waitFor();
      expect(await dashboard.width()).toBeLessThanOrEqual(width);
      await expectSound(dashboard);
      await dashboard.context.close();
    }
  });

  it("show what fires with its page, take a channel and a test of it, and break no policy with hostile text", async () => {
    await fire("<img src=x onerror=alert(1)> fails");
    const dashboard = await open("light", 1280);
    const { page } = dashboard;
    await page.getByText("<img src=x onerror=alert(1)> fails").waitFor();
    await page.getByRole("button", { name: "Add a channel" }).click();
    await page.getByLabel("Name", { exact: true }).fill("on-call");
    await page.getByLabel("URL of the incoming webhook").fill("https://hooks.slack.example/services/T0/B0/x");
    await page.getByRole("button", { name: "Add it" }).click();
    await page.getByRole("button", { name: "Test on-call" }).click();
    await page.getByText("Test is on its way").waitFor();
    await page.getByRole("button", { name: "Change disk_low" }).click();
    await page.getByLabel("Threshold (mib)").fill("1000");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("below 1000 MiB").waitFor();
    await page.getByRole("heading", { level: 1 }).scrollIntoViewIfNeeded();
    await expectSound(dashboard);
    await dashboard.context.close();
    const narrow = await open("dark", 360);
    expect(await narrow.width()).toBeLessThanOrEqual(360);
    await expectSound(narrow);
    await narrow.context.close();
  });

  it("are among what the overview says is wrong while they fire", async () => {
    const dashboard = await open("light", 1280);
    const { page } = dashboard;
    await dashboard.open("/");
    await page.getByText("1 thing wants your attention").waitFor();
    await page.getByRole("link", { name: /breaker_open, destination billing/ }).click();
    await page.getByRole("heading", { name: "Alerts", level: 1 }).waitFor();
    await dashboard.context.close();
  });

  it("stand on the screen for as long as they fire, however many came and went since", async () => {
    await resolveMany(100);
    const dashboard = await open("light", 1280);
    const now = dashboard.page.locator("section", { has: dashboard.page.getByRole("heading", { name: "Now" }) });
    await now.getByText("breaker_open").waitFor();
    await now.getByText("1 standing").waitFor();
    await expectSound(dashboard);
    await dashboard.context.close();
  });

  it("are owned by source: who is told is chosen, shown, and given back to everybody", async () => {
    const key = (await (await fetch(`${gateway.adminUrl}/api/v1/session`, await asLink())).headers.get("set-cookie"))!;
    const channel = { name: "payments-on-call", kind: "slack", url: "https://hooks.slack.example/services/T0/B0/y" };
    await fetch(`${gateway.adminUrl}/api/v1/alerts/channels`, {
      method: "POST",
      headers: { cookie: key.split(";")[0]!, "holdfast-dashboard": "1", "content-type": "application/json" },
      body: JSON.stringify(channel),
    });
    const dashboard = await open("light", 360);
    const { page } = dashboard;
    await page.getByRole("button", { name: "Change who is told of payments" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("payments-on-call").check();
    await expectSound(dashboard);
    await dialog.getByRole("button", { name: "Save" }).click();
    const row = page.getByRole("listitem").filter({ has: page.getByText("payments", { exact: true }) });
    await row.getByText("payments-on-call").waitFor();
    expect(await dashboard.width()).toBeLessThanOrEqual(360);
    await row.getByRole("button").click();
    await dialog.getByLabel("payments-on-call").uncheck();
    await dialog.getByRole("button", { name: "Save" }).click();
    await row.getByText("every channel").waitFor();
    await expectSound(dashboard);
    await dashboard.context.close();
  });
});
