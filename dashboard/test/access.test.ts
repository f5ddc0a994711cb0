import { createApi, type Person } from "@holdfast/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { startIngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { expectSound, useBrowser } from "./support/dashboard.ts";
import { expectSlowAndFaulty, LOOKS } from "./support/screen-states.ts";

const browser = useBrowser();
let gateway: IngestGateway;

beforeAll(async () => {
  gateway = await startIngestGateway();
});
afterAll(() => gateway.close());

const open = async (options?: Parameters<typeof browser.openDashboard>[2]) =>
  browser.openDashboard(gateway.adminUrl, (await gateway.gateway.signInLink())!, options);

describe("keys and people", () => {
  it("makes a key, shows it once, rotates and revokes it", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/keys");
    await page.getByRole("button", { name: "Make a key" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("ci");
    await expectSound(dashboard);
    await page.getByRole("dialog").getByRole("button", { name: "Make the key" }).click();
    const once = page.getByRole("dialog", { name: "Keep this key now" });
    await once.getByText(/^hfk_/).waitFor();
    await once.getByRole("button", { name: "I have kept it" }).click();
    await page.getByRole("button", { name: "Rotate: ci" }).click();
    await page.getByRole("button", { name: "Make the successor" }).click();
    await once.getByRole("button", { name: "I have kept it" }).click();
    await page.getByText("Being replaced").waitFor();
    await page.getByRole("button", { name: "Revoke: ci" }).first().click();
    await page.getByRole("button", { name: "Revoke it" }).click();
    await page.getByText("Revoked").waitFor();
    await dashboard.context.close();
  });

  it("adds somebody, says what is wrong with a password, and disables them", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/keys");
    await page.getByText("Nobody has an account yet").waitFor();
    await page.getByRole("button", { name: "Add somebody" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Email address").fill("ada@example.com");
    await dialog.getByLabel("Password").fill("short");
    await dialog.getByRole("button", { name: "Add them" }).click();
    await dialog.getByText("must have at least 12 characters", { exact: false }).waitFor();
    await dialog.getByLabel("Password").fill("seven herons over the weir");
    await dialog.getByRole("button", { name: "Add them" }).click();
    await page.getByText("ada@example.com").waitFor();
    await page.getByRole("button", { name: "Disable: ada@example.com" }).click();
    await page.getByRole("button", { name: "Disable them" }).click();
    await page.getByRole("button", { name: "Let in again: ada@example.com" }).waitFor();
    expect(await dashboard.findBarriers()).toEqual([]);
    await expectSlowAndFaulty(dashboard, "/keys", /\/api\/v1\/people/);
  });
});

describe("the audit", () => {
  it("tells what was done, is filtered in the address, and says that the chain is whole, or where it is not", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/audit");
    await page.getByText("PATCH /people/{id}").waitFor();
    await page.getByRole("button", { name: "Verify the chain" }).click();
    await page.getByText("entries, whole", { exact: false }).waitFor();
    await expectSound(dashboard);
    await page.getByLabel("What", { exact: true }).fill("DELETE /keys/{id}");
    await page.getByLabel("What", { exact: true }).press("Enter");
    await page.getByText("PATCH /people/{id}").waitFor({ state: "detached" });
    expect(new URL(page.url()).searchParams.get("action")).toBe("DELETE /keys/{id}");
    await gateway.query("UPDATE holdfast.audit SET actor = 'nobody' WHERE n = 2");
    await page.getByRole("button", { name: "Verify the chain" }).click();
    await page.getByText("The chain is broken at entry 2").waitFor();
    await expectSound(dashboard);
    await expectSlowAndFaulty(dashboard, "/audit", /\/api\/v1\/audit\?/);
  });
});

describe("the settings", () => {
  it("show what is in force, without secrets, and how the configuration is taken out", async () => {
    const dashboard = await open();
    await dashboard.open("/settings");
    await dashboard.page.getByText("Settings in force").waitFor();
    await dashboard.page.getByText("drainTimeoutMs").waitFor();
    await expectSound(dashboard);
    await expectSlowAndFaulty(dashboard, "/settings", /\/api\/v1\/settings/);
  });
});

it("a form changes of somebody what was touched in it, and leaves what another has changed meanwhile", async () => {
  const api = createApi({ url: gateway.adminUrl, token: gateway.gateway.adminToken! });
  const grace = await api.people.add({ email: "grace@example.com", password: "nine larks above the fell" });
  const dashboard = await open();
  const { page } = dashboard;
  await dashboard.open("/keys");
  await page.getByRole("button", { name: "Change: grace@example.com" }).click();
  await api.people.update(grace.id, { role: "operator" });
  await page.getByRole("dialog").getByLabel("Name").fill("Grace");
  await page.getByRole("dialog").getByRole("button", { name: "Change" }).click();
  await page.getByText("Grace", { exact: true }).waitFor();
  const changed = await api.get<Person>(`/people/${grace.id}`);
  expect([changed.name, changed.role]).toEqual(["Grace", "operator"]);
  await dashboard.context.close();
});

it("all three are sound in both themes and at 360 pixels", async () => {
  for (const look of LOOKS) {
    const dashboard = await open(look);
    for (const path of ["/keys", "/audit", "/settings"]) {
      await dashboard.open(path);
      await expectSound(dashboard);
    }
    await dashboard.context.close();
  }
});

it("the audit says that no entry fits once all were looked at, and until then how far the search has come", async () => {
  const dashboard = await open();
  const { page } = dashboard;
  // An entry far above the others is to the search what a hundred thousand between them would be.
  await gateway.query(
    `INSERT INTO holdfast.audit
     SELECT r.* FROM holdfast.audit t CROSS JOIN LATERAL jsonb_populate_record(t, '{"n": 150000}') AS r WHERE t.n = 1`,
  );
  await dashboard.open("/audit?actor=none-of-these");
  await page.getByText("Searched the newest 100,000 entries; older ones were not looked at yet.").waitFor();
  expect(await page.getByText("No entry fits this filter").count()).toBe(0);
  await expectSound(dashboard);
  await page.getByRole("button", { name: "Show older entries" }).click();
  await page.getByText("No entry fits this filter").waitFor();
  await dashboard.context.close();
});
