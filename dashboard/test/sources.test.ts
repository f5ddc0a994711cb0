import { createApi } from "@holdfast/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { post, SECRET, signedWebhook, startIngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { expectSound, useBrowser } from "./support/dashboard.ts";
import { expectErrorAndSlow, expectSoundInEveryLook } from "./support/states.ts";

const browser = useBrowser();
let gateway: IngestGateway;
let api: ReturnType<typeof createApi>;

beforeAll(async () => {
  gateway = await startIngestGateway({ content: {} });
  api = createApi({ url: gateway.adminUrl, token: gateway.gateway.adminToken! });
});
afterAll(() => gateway.close());

const open = async (options = {}) =>
  browser.openDashboard(gateway.adminUrl, (await gateway.gateway.signInLink())!, options);

/** A Stripe event at the source, signed with this secret. */
async function arrive(ingestUrl: string, id: string, secret: string): Promise<void> {
  const key = new URL(ingestUrl).pathname.split("/").at(-1)!;
  const body = JSON.stringify({ id, object: "event", type: "invoice.paid", created: 1_700_000_000 });
  await post(gateway.url, signedWebhook({ provider: "stripe", key, body, secret }));
}

describe("the sources", () => {
  it("say what to do while there are none, in both themes and at 360 pixels", async () => {
    await expectSoundInEveryLook(open, { "/sources": "npx holdfast init" });
  });

  it("are made by a form that asks for what the provider needs, and lead to its setup and a test event", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/sources");
    await page.getByRole("link", { name: "Create a source" }).click();
    await page.getByLabel("Provider", { exact: true }).fill("square");
    await page.getByLabel("The URL as it is registered").waitFor();
    await page.getByLabel("Provider", { exact: true }).fill("plaid");
    await page.getByLabel("Client secret").waitFor();
    await page.getByLabel("Client id").waitFor();
    await page.getByLabel("Provider", { exact: true }).fill("stripe");
    expect(await page.getByLabel("The URL as it is registered").count()).toBe(0);
    await page.getByLabel("Secret").fill("short");
    await page.getByRole("button", { name: "Create it" }).click();
    await page.locator("[aria-invalid=true]").waitFor();
    await page.getByLabel("Secret").fill(SECRET);
    await page.getByRole("button", { name: "Create it" }).click();
    await page.getByRole("heading", { level: 1, name: "stripe" }).waitFor();
    await page.getByText((await api.sources.get("stripe")).ingestUrl).waitFor();
    await page.getByRole("button", { name: "Send a test event" }).click();
    await page.getByLabel("Event type").fill("charge.refunded");
    await page.getByRole("button", { name: "Send it" }).click();
    await page.getByText("It was verified and recorded").waitFor();
    await page.getByRole("link", { name: "Follow it" }).click();
    await page.getByRole("heading", { level: 1, name: "charge.refunded" }).waitFor();
    await dashboard.context.close();
  });

  it("rotate a secret step by step: both verify, the share is shown, and the old one goes when it is safe", async () => {
    const source = await api.sources.create({ name: "rotated", provider: "stripe", secrets: [SECRET] });
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open(`/sources/${source.id}`);
    const next = "whsec_dGhlLW5leHQtc2VjcmV0LW9mLXRoZS10ZXN0cy0zMg==";
    await page.getByRole("button", { name: "Add a secret" }).click();
    await page.getByLabel(/The new secret/).fill(next);
    await page.getByRole("button", { name: "Add it" }).click();
    await page.getByRole("button", { name: "Understood" }).click();
    await page.getByText("v2 waits for the provider").waitFor();
    await arrive(source.ingestUrl, "evt_with_the_new_one", next);
    await page.getByText("The provider signs with v2 already").waitFor();
    await page.getByText("100 % of what came since you opened this (1)").waitFor();
    await page.getByRole("button", { name: "Promote v2" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Promote v2" }).click();
    await page.getByText("v1 may go").waitFor();
    await page.getByRole("button", { name: "Retire v1" }).click();
    await page.getByRole("dialog").getByText("What it signed is rejected from now on").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Retire v1" }).click();
    await page.getByText("Retired", { exact: true }).waitFor();
    await expectSound(dashboard);
    const { items } = await api.secrets.list(source.id);
    expect(items.map(({ version, state }) => [version, state])).toEqual([
      ["v2", "active"],
      ["v1", "retired"],
    ]);
    await dashboard.context.close();
  });

  it("tell what disabling does before it is done", async () => {
    await api.sources.create({ name: "doomed", provider: "stripe", secrets: [SECRET] });
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/sources/doomed");
    await page.getByRole("button", { name: "Disable" }).click();
    await page.getByText("From now on the provider gets 410").waitFor();
    expect((await api.sources.get("doomed")).state).toBe("active");
    await page.getByRole("button", { name: "Disable the source" }).click();
    await page.getByText("Disabled", { exact: true }).first().waitFor();
    expect((await api.sources.get("doomed")).state).toBe("disabled");
    await dashboard.context.close();
  });

  it("are sound in both themes and at 360 pixels when there are some", async () => {
    await expectSoundInEveryLook(open, {
      "/sources": "rotated",
      "/sources/rotated": "Paste this URL",
      "/sources/new": "Create a source",
    });
  });

  it("that are many are all looked through, and stand on the page by the hundred", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    const { ingestUrl, ...rest } = await api.sources.get("stripe");
    const many = Array.from({ length: 201 }, (_, n) => ({ ...rest, ingestUrl, id: `src_${n}`, name: `many-${n}` }));
    await page.route("**/api/v1/sources?*", (route) => {
      const isNext = route.request().url().includes("cursor=next");
      const items = isNext ? many.slice(200) : many.slice(0, 200);
      return route.fulfill({ json: { items, nextCursor: isNext ? null : "next" } });
    });
    await dashboard.open("/sources");
    await page.getByText("100 of 201 are shown.").waitFor();
    expect(await page.getByText("many-100", { exact: true }).count()).toBe(0);
    await page.getByRole("button", { name: "Show more" }).click();
    await page.getByText("many-100", { exact: true }).waitFor();
    await page.getByLabel("Name or provider").fill("many-200");
    await page.getByText("many-200", { exact: true }).waitFor();
    await dashboard.context.close();
  });

  it("say what is wrong, and that they are on their way", async () => {
    const dashboard = await open();
    await expectErrorAndSlow(dashboard, "/sources", "/sources");
    await dashboard.context.close();
  });
});

describe("more sources and routes than a page of the API holds", () => {
  const names = Array.from({ length: 201 }, (_, i) => `source-${String(i).padStart(3, "0")}`);
  const last = names.at(-1)!;
  let full: IngestGateway;

  beforeAll(async () => {
    const sources = names.map((name) => [name, { provider: "stripe", key: `${name}-key`, secrets: [SECRET] }] as const);
    const destinations = { billing: { url: "https://billing.example/webhooks" } };
    const routes = names.map((source) => ({ source, destination: "billing" }));
    full = await startIngestGateway({ content: { sources: Object.fromEntries(sources), destinations, routes } });
    const channel = { name: "on-call", kind: "slack", url: "https://hooks.slack.example/services/T0/B0/x" };
    await createApi({ url: full.adminUrl, token: full.gateway.adminToken! }).post("/alerts/channels", channel);
  });
  afterAll(() => full.close());

  it("are all looked at: where the last one's events go, and who owns it", async () => {
    const dashboard = await browser.openDashboard(full.adminUrl, (await full.gateway.signInLink())!);
    const { page } = dashboard;
    await dashboard.open(`/sources/${last}`);
    await page.locator("section", { hasText: "Where its events go" }).getByRole("link", { name: "billing" }).waitFor();
    await dashboard.open("/alerts");
    await page.getByRole("button", { name: `Change who is told of ${last}` }).waitFor();
    await expectSound(dashboard);
    await dashboard.context.close();
  });
});
