import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { post, startIngestGateway, stripeEvent } from "../../gateway/test/support/ingest-gateway.ts";
import { copyNewest } from "./support/copy-newest.ts";
import { expectSound, useBrowser } from "./support/dashboard.ts";
import { expectSlowAndFaulty, LOOKS } from "./support/screen-states.ts";

const browser = useBrowser();
let gateway: IngestGateway;

beforeAll(async () => {
  gateway = await startIngestGateway();
  for (const [id, customer] of [
    ["evt_1", "cus_1"],
    ["evt_2", "cus_2"],
    ["evt_3", "cus_1"],
  ] as const)
    await post(gateway.url, stripeEvent(id, { data: { object: { customer } } }));
});
afterAll(() => gateway.close());

const open = async (options?: Parameters<typeof browser.openDashboard>[2]) =>
  browser.openDashboard(gateway.adminUrl, (await gateway.gateway.signInLink())!, options);

describe("events", () => {
  it("are found by a field of the body, with how far was searched; the filter is a view that the browser keeps", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/events");
    const rows = page.locator("main li a");
    await expect.poll(() => rows.count()).toBe(3);
    const field = page.getByLabel("Field of the body (Enter searches)");
    await field.fill("customer");
    await field.press("Enter");
    await page.getByText("A JSON pointer, = and the exact value", { exact: false }).waitFor();
    await field.fill("/data/object/customer = cus_1");
    await field.press("Enter");
    await expect.poll(() => rows.count()).toBe(2);
    await page.getByText("Searched all 3 events.").waitFor();
    await page.getByRole("button", { name: "Save this view" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Customer 1");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Everything" }).click();
    await expect.poll(() => rows.count()).toBe(3);
    await page.reload();
    await page.getByRole("button", { name: "Customer 1", exact: true }).click();
    await expect.poll(() => rows.count()).toBe(2);
    await expectSound(dashboard);
    await page.getByRole("button", { name: "Forget the view Customer 1" }).click();
    expect(await page.getByRole("button", { name: "Customer 1", exact: true }).count()).toBe(0);
    await dashboard.context.close();
  });

  it("are filtered by state, destination and time together, all of it in the address", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/events");
    const rows = page.locator("main li a");
    await page.getByLabel("State of a delivery").selectOption("ready");
    await page.getByLabel("Destination").selectOption("billing");
    await page.getByLabel("When").selectOption("1h");
    await expect.poll(() => rows.count()).toBe(3);
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
      state: "ready",
      destination: "billing",
      last: "1h",
    });
    await page.getByLabel("State of a delivery").selectOption("dead");
    await page.getByText("No event fits this filter").waitFor();
    await page.getByRole("button", { name: "Clear" }).click();
    await expect.poll(() => rows.count()).toBe(3);
    await dashboard.context.close();
  });

  it("are filtered by what is typed, letter by letter where the cursor stands", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/events?state=ready");
    const typeField = page.getByLabel("Event type");
    const typeInAddress = () => new URL(page.url()).searchParams.get("type");
    await typeField.fill("voice.paid");
    await expect.poll(typeInAddress).toBe("voice.paid");
    await page.getByText("No event fits this filter").waitFor();
    await typeField.press("Home");
    await page.keyboard.type("in");
    expect(await typeField.inputValue()).toBe("invoice.paid");
    await page.getByLabel("State of a delivery").selectOption("");
    await expect.poll(() => page.locator("main li a").count()).toBe(3);
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({ type: "invoice.paid" });
    await typeField.fill("half of a w");
    await page.getByRole("button", { name: "Everything" }).click();
    await expect.poll(() => typeField.inputValue()).toBe("");
    expect(new URL(page.url()).search).toBe("");
    await dashboard.context.close();
  });

  it("are told to be on their way, and what went wrong", async () => {
    await expectSlowAndFaulty(await open(), "/events", /\/api\/v1\/events\?/);
  });
});

describe("an event", () => {
  it("is held against another of its type, and shows only what differs", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/events?providerId=evt_2");
    await page.locator("main li a").first().click();
    await page.getByRole("button", { name: "Compare" }).click();
    await page.getByRole("dialog").getByRole("button", { name: /evt_1/ }).click();
    await page.getByRole("heading", { name: "Differences" }).waitFor();
    const changed = page.locator("section", { hasText: "Differences" }).locator(".cm-deletedChunk").first();
    await changed.waitFor();
    expect(await changed.innerText()).toContain("evt_1");
    expect(page.url()).toContain("compare=evt_");
    await expectSound(dashboard);
    await page.getByRole("button", { name: "Stop comparing" }).click();
    await expect.poll(() => page.getByRole("heading", { name: "Differences" }).count()).toBe(0);
    await dashboard.context.close();
  });

  it("is copied to be sent again, also signed anew, so that the door takes it today", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await dashboard.open("/events?providerId=evt_2");
    await page.locator("main li a").first().click();
    const copyAs = async (name: RegExp): Promise<string> => {
      await page.evaluate("navigator.clipboard.writeText('')");
      await page.getByRole("button", { name: "Copy as" }).click();
      await page.getByRole("menuitem", { name }).click();
      await expect.poll(() => page.evaluate("navigator.clipboard.readText()")).not.toBe("");
      return page.evaluate<string>("navigator.clipboard.readText()");
    };
    expect(await copyAs(/^fetch$/)).toContain(`await fetch("${gateway.url}/in/payments-key"`);
    const curl = await copyAs(/^curl, signed now/);
    expect(curl).toContain("base64 -d");
    const fixture = JSON.parse(await copyAs(/^Test fixture/)) as { bodyBase64: string; url: string };
    const body = JSON.parse(Buffer.from(fixture.bodyBase64, "base64").toString()) as { id: string };
    expect([body.id, fixture.url]).toEqual(["evt_2", `${gateway.url}/in/payments-key`]);
    const signature = /-H 'stripe-signature: (t=\d+,v1=[0-9a-f]+)'/i.exec(curl)?.[1] ?? "";
    const again = await fetch(fixture.url, {
      method: "POST",
      headers: { "stripe-signature": signature, "content-type": "application/json" },
      body: Buffer.from(fixture.bodyBase64, "base64"),
    });
    expect([again.status, again.headers.get("holdfast-duplicate")]).toEqual([200, "true"]);
    await expectSound(dashboard);
    await dashboard.context.close();
  });

  it("and the list are sound in both themes and at 360 pixels", async () => {
    for (const look of LOOKS) {
      const dashboard = await open(look);
      await dashboard.open("/events");
      await dashboard.page.locator("main li a").first().waitFor();
      expect(await dashboard.width()).toBeLessThanOrEqual(look.viewport.width);
      await expectSound(dashboard);
      await dashboard.page.locator("main li a").first().click();
      await dashboard.page.getByRole("tab", { name: "JSON" }).waitFor();
      expect(await dashboard.width()).toBeLessThanOrEqual(look.viewport.width);
      await expectSound(dashboard);
      await dashboard.context.close();
    }
  });

  it("are said not to fit once all were looked at, and until then how far the search has come", async () => {
    await copyNewest(gateway, "event", 10_000);
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/events");
    const field = page.getByLabel("Field of the body (Enter searches)");
    await field.fill("/data/object/customer = cus_none");
    await field.press("Enter");
    await page.getByText("Searched the newest 10,000 events; older ones were not looked at yet.").waitFor();
    expect(await page.getByText("No event fits this filter").count()).toBe(0);
    await expectSound(dashboard);
    await page.getByRole("button", { name: "Show older events" }).click();
    await page.getByText("No event fits this filter").waitFor();
    await dashboard.context.close();
  });

  it("that older pages have brought are not searched for again while one reads them, though the first page is empty", async () => {
    await post(gateway.url, stripeEvent("evt_4", { type: "customer.created" }));
    await copyNewest(gateway, "event", 20_000);
    const dashboard = await open();
    const { page } = dashboard;
    await page.clock.install();
    const older: string[] = [];
    page.on("request", (request) => void (request.url().includes("cursor=") && older.push(request.url())));
    await dashboard.open("/events?state=ready&type=invoice.paid");
    await page.getByText("Searched the newest 20,000 events; older ones were not looked at yet.").waitFor();
    await page.getByRole("button", { name: "Show older events" }).click();
    await expect.poll(() => page.locator("main li a").count()).toBe(3);
    for (let looks = 0; looks < 6; looks++) {
      const look = page.waitForResponse((response) => /\/events\?(?!.*cursor=)/.test(response.url()));
      await page.clock.fastForward(16_000);
      await look;
    }
    expect(older).toHaveLength(1);
    await dashboard.context.close();
  });
});
