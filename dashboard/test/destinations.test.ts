import { createApi } from "@holdfast/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { disableGone } from "../../gateway/src/engine/caretakers/disabler.ts";
import { silentLog } from "../../gateway/src/platform/log.ts";
import { post, startIngestGateway, stripeEvent, SECRET } from "../../gateway/test/support/ingest-gateway.ts";
import { expectSound, useBrowser } from "./support/dashboard.ts";
import { openBeside } from "./support/dead-gateway.ts";
import { comeBackToTab } from "./support/screen-states.ts";
import { expectErrorAndSlow, expectSoundInEveryLook } from "./support/states.ts";

const browser = useBrowser();
let gateway: IngestGateway;
let api: ReturnType<typeof createApi>;

beforeAll(async () => {
  const sources = { payments: { provider: "stripe", key: "payments-key", secrets: [SECRET] } };
  gateway = await startIngestGateway({ content: { sources } });
  api = createApi({ url: gateway.adminUrl, token: gateway.gateway.adminToken! });
});
afterAll(() => gateway.close());

const open = async (options = {}) =>
  browser.openDashboard(gateway.adminUrl, (await gateway.gateway.signInLink())!, options);

describe("the destinations", () => {
  it("say what to do while there are none, in both themes and at 360 pixels", async () => {
    await expectSoundInEveryLook(open, { "/destinations": "npx holdfast init" });
  });

  it("are made with a route, and show the signing secret this once", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/destinations/new");
    await page.getByLabel("Name").fill("billing");
    await page.getByLabel("URL", { exact: true }).fill("http://10.0.0.1/webhooks");
    await page.getByLabel("Deliver every event of").selectOption("payments");
    await page.getByRole("button", { name: "Create it" }).click();
    await page.locator("[aria-invalid=true]").waitFor();
    await page.getByLabel("URL", { exact: true }).fill("https://billing.example/webhooks");
    await page.getByRole("button", { name: "Create it" }).click();
    await page.getByText("billing takes deliveries from now on, every event of payments").waitFor();
    const { signingSecret } = await api.destinations.signingSecret("billing");
    await page.getByText(signingSecret).waitFor();
    await page.getByRole("link", { name: "Go to it" }).click();
    await page.getByRole("heading", { level: 1, name: "billing" }).waitFor();
    await dashboard.context.close();
  });

  it("are paused with a reason once the count of what waits was shown, and resumed", async () => {
    await post(gateway.url, stripeEvent("evt_one"));
    await post(gateway.url, stripeEvent("evt_two"));
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/destinations/billing");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("2 deliveries that are not finished").waitFor();
    await page.getByLabel("Why").fill("deploy of the ledger");
    await page.getByRole("button", { name: "Pause it" }).click();
    await page.getByText("deploy of the ledger").waitFor();
    expect((await api.destinations.get("billing")).state).toBe("paused");
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("button", { name: "Resume it" }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
    expect((await api.destinations.get("billing")).state).toBe("active");
    await dashboard.context.close();
  });

  it("are disabled once the count of what waits was shown, and resumed", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/destinations/billing");
    await page.getByRole("button", { name: "Disable" }).click();
    await page.getByText("2 deliveries that are not finished").waitFor();
    await page.getByRole("button", { name: "Disable it" }).click();
    await page.getByText("disabled through the API").waitFor();
    expect((await api.destinations.get("billing")).state).toBe("disabled");
    expect(await page.getByRole("button", { name: "Keep it disabled" }).count()).toBe(0);
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("button", { name: "Resume it" }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
    expect((await api.destinations.get("billing")).state).toBe("active");
    await dashboard.context.close();
  });

  it("that their answers have disabled are kept so by somebody who says so, which ends the alert", async () => {
    const db = openBeside(gateway);
    const { rows } = await db.pool.query<{ id: string; url: string }>("SELECT id, url FROM holdfast.destination");
    const deps = { db, databaseNow: () => new Date(), refreshCatalog: async () => {}, log: silentLog };
    await disableGone(deps, rows[0]!);
    await db.close();
    await expect.poll(async () => (await api.destinations.get("billing")).state).toBe("disabled");
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/destinations/billing");
    await page.getByRole("button", { name: "Keep it disabled" }).click();
    await page.getByText("2 deliveries that are not finished").waitFor();
    await expectSound(dashboard);
    await page.getByRole("dialog").getByRole("button", { name: "Keep it disabled" }).click();
    await page.getByText("disabled through the API").waitFor();
    const alerted = `SELECT 1 FROM holdfast.destination d JOIN holdfast.destination_notice n ON n.destination_id = d.id
                      WHERE n.kind = 'disabled' AND n.detail = d.state_reason`;
    expect(await gateway.query(alerted)).toEqual([]);
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("button", { name: "Resume it" }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await dashboard.context.close();
  });

  it("show their signing secret once for each time it is asked for, however often the tab is left and come back to", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await page.clock.install();
    await dashboard.open("/destinations/billing");
    await page.getByRole("button", { name: "Signing secret" }).click();
    await page.getByRole("button", { name: "Show the secret" }).click();
    await page.getByText((await api.destinations.signingSecret("billing")).signingSecret).waitFor();
    let looks = 0;
    page.on("request", (request) => {
      if (request.url().endsWith("/signing-secret")) looks++;
    });
    // The session is asked for anew at the same moment as everything else that is too old.
    const answered = page.waitForResponse((response) => response.url().endsWith("/api/v1/session"));
    await comeBackToTab(page);
    await answered;
    expect(looks).toBe(0);
    await expectSound(dashboard);
    await dashboard.context.close();
  });

  it("take other limits, and tell which one cannot be", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/destinations/billing");
    await page.getByRole("button", { name: "Limits" }).click();
    await page.getByLabel("Attempts at once").fill("7");
    await page.getByLabel("Burst").fill("3");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("has no meaning without ratePerSec").waitFor();
    await page.getByLabel("Burst").fill("");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("at most 7 at once").first().waitFor();
    expect((await api.destinations.get("billing")).concurrency).toBe(7);
    await dashboard.context.close();
  });

  it("take the limits that were changed, and leave those that another has changed meanwhile", async () => {
    await api.destinations.update("billing", { ratePerSec: 50 });
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/destinations/billing");
    await page.getByRole("button", { name: "Limits" }).click();
    await api.destinations.update("billing", { ratePerSec: 5, timeoutMs: 4_000 });
    await page.getByLabel("Attempts at once").fill("9");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("at most 9 at once").first().waitFor();
    const { concurrency, ratePerSec, timeoutMs } = await api.destinations.get("billing");
    expect([concurrency, ratePerSec, timeoutMs]).toEqual([9, 5, 4_000]);
    await dashboard.context.close();
  });

  it("keep the limit that another has set to something else meanwhile, and say so at its field", async () => {
    await api.destinations.update("billing", { concurrency: 9 });
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/destinations/billing");
    await page.getByText("at most 9 at once").first().waitFor();
    const saveAs = async (concurrency: string) => {
      await page.getByLabel("Attempts at once").fill(concurrency);
      await page.getByRole("button", { name: "Save" }).click();
    };
    await page.getByRole("button", { name: "Limits" }).click();
    await api.destinations.update("billing", { concurrency: 3 });
    await saveAs("20");
    await page.getByText("Somebody has set it to 3 since you opened this.", { exact: false }).waitFor();
    await expectSound(dashboard);
    expect((await api.destinations.get("billing")).concurrency).toBe(3);
    await page.getByRole("button", { name: "Leave them as they are" }).click();
    await page.getByText("at most 3 at once").first().waitFor();
    await page.getByRole("button", { name: "Limits" }).click();
    // Another one is faster by a moment: after the form has looked, and before it is saved.
    await page.route("**/api/v1/destinations/*", async (route) => {
      if (route.request().method() === "PATCH") await api.destinations.update("billing", { concurrency: 4 });
      await route.fallback();
    });
    await saveAs("20");
    await page.getByText("It has been changed since you read it").waitFor();
    expect((await api.destinations.get("billing")).concurrency).toBe(4);
    await dashboard.context.close();
  });

  it("are sound in both themes and at 360 pixels when there are some, and offer a viewer nothing to change", async () => {
    await expectSoundInEveryLook(open, {
      "/destinations": "billing",
      "/destinations/billing": "What is delivered here",
      "/destinations/new": "Create a destination",
    });
    const dashboard = await open();
    const session = { name: "Vera", tenant: "default", role: "viewer", expiresAt: null };
    await dashboard.page.route("**/api/v1/session", (route) => route.fulfill({ json: session }));
    await dashboard.open("/destinations/billing");
    await dashboard.page.getByText("What is delivered here").waitFor();
    expect(await dashboard.page.getByRole("button", { name: "Pause" }).count()).toBe(0);
    await dashboard.context.close();
  });

  it("say what is wrong, and that they are on their way", async () => {
    const dashboard = await open();
    await expectErrorAndSlow(dashboard, "/destinations", "/destinations");
    await dashboard.context.close();
  });
});
