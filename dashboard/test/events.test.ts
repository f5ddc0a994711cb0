import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import {
  PAYMENTS,
  post,
  SECRET,
  signedWebhook,
  startIngestGateway,
  stripeEvent,
} from "../../gateway/test/support/ingest-gateway.ts";
import { tryOnce } from "../../gateway/test/support/recorded-events.ts";
import { expectSound, useBrowser } from "./support/dashboard.ts";
import { openBeside } from "./support/dead-gateway.ts";

/** A source whose provider signs several events at once. */
const MANDATES = { provider: "gocardless", key: "mandates-key", secrets: [SECRET], batch: "item" };

const browser = useBrowser();
let gateway: IngestGateway;

beforeAll(async () => {
  const sources = { ...(PAYMENTS["sources"] as object), mandates: MANDATES };
  gateway = await startIngestGateway({ content: { ...PAYMENTS, sources } });
});
afterAll(() => gateway.close());

const link = async (): Promise<string> => (await gateway.gateway.signInLink())!;

describe("the events", () => {
  it("say what to do while there are none, in both themes and at 360 pixels", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const dashboard = await browser.openDashboard(gateway.adminUrl, await link(), {
        colorScheme,
        viewport: { width: 360, height: 740 },
      });
      await dashboard.open("/events");
      await dashboard.page.getByText("No events yet").waitFor();
      await dashboard.page.getByText("holdfast send stripe invoice.paid").waitFor();
      expect(await dashboard.width()).toBeLessThanOrEqual(360);
      await expectSound(dashboard);
      await dashboard.context.close();
    }
  });

  it("are found by the provider's id, keep their place while new ones come, and open by keyboard", async () => {
    for (const id of ["evt_first", "evt_second", "evt_third"]) await post(gateway.url, stripeEvent(id));
    const dashboard = await browser.openDashboard(gateway.adminUrl, await link());
    const { page } = dashboard;
    await dashboard.open("/events");
    const rows = page.locator("main li a");
    await expect.poll(() => rows.count()).toBe(3);
    await post(gateway.url, stripeEvent("evt_fourth"));
    await page.getByRole("button", { name: "1 new event: show" }).waitFor();
    expect(await rows.count()).toBe(3);
    await page.getByRole("button", { name: "1 new event: show" }).click();
    await expect.poll(() => rows.count()).toBe(4);
    await page.getByLabel("Any id of the provider").fill("evt_second");
    await expect.poll(() => rows.count()).toBe(1);
    expect(page.url()).toContain("providerId=evt_second");
    await page.reload();
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByRole("heading", { level: 1, name: "Events" }).click();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
    await expectSound(dashboard);
    await dashboard.context.close();
  });

  it("are shown by a browser whose streams cannot be iterated, as Safari's cannot", async () => {
    await post(gateway.url, stripeEvent("evt_in_safari"));
    const dashboard = await browser.openDashboard(gateway.adminUrl, await link());
    const { page } = dashboard;
    await dashboard.context.addInitScript("delete ReadableStream.prototype[Symbol.asyncIterator]");
    await dashboard.open("/events?providerId=evt_in_safari");
    expect(await page.evaluate("Symbol.asyncIterator in ReadableStream.prototype")).toBe(false);
    await expect.poll(() => page.locator("main li a").count()).toBe(1);
    await expectSound(dashboard);
    await dashboard.context.close();
  });

  it("tell by what they were verified: one of several by the signature of the whole request", async () => {
    const event = { id: "EV1", resource_type: "payments", action: "paid_out" };
    const body = JSON.stringify({ events: [event] });
    await post(gateway.url, signedWebhook({ provider: "gocardless", key: "mandates-key", body }));
    await post(gateway.url, stripeEvent("evt_by_itself"));
    const dashboard = await browser.openDashboard(gateway.adminUrl, await link());
    const { page } = dashboard;
    for (const [id, verifiedBy] of [
      ["EV1", /^signature of the whole request, secret \S+/],
      ["evt_by_itself", /^signature, secret \S+/],
    ] as const) {
      await dashboard.open(`/events?providerId=${id}`);
      await page.locator("main li a").first().click();
      await page.getByText(verifiedBy).waitFor();
    }
    await dashboard.context.close();
  });

  it("show a hostile payload as text, and break no policy (F90)", async () => {
    const hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>";
    await post(gateway.url, stripeEvent("evt_hostile", { note: hostile }));
    const dashboard = await browser.openDashboard(gateway.adminUrl, await link());
    const { page } = dashboard;
    let alerts = 0;
    page.on("dialog", (dialog) => {
      alerts++;
      void dialog.dismiss();
    });
    await dashboard.open("/events?providerId=evt_hostile");
    await page.locator("main li a").first().click();
    await page.getByText(hostile, { exact: false }).first().waitFor();
    await page.getByRole("tab", { name: /Headers/ }).click();
    await page.getByText("stripe-signature", { exact: false }).first().waitFor();
    expect(alerts).toBe(0);
    await expectSound(dashboard);
    await dashboard.context.close();
  });

  it("of the last hour are shown beyond the first fifty", async () => {
    for (let i = 1; i <= 51; i++) await post(gateway.url, stripeEvent(`evt_many_${i}`, { type: "order.many" }));
    const dashboard = await browser.openDashboard(gateway.adminUrl, await link());
    const { page } = dashboard;
    await dashboard.open("/events?last=1h&type=order.many");
    const rows = page.locator("main li a");
    await expect.poll(() => rows.count()).toBe(50);
    await page.getByRole("button", { name: "Show older events" }).click();
    await expect.poll(() => rows.count()).toBe(51);
    await expectSound(dashboard);
    await dashboard.context.close();
  });

  it("show how their deliveries stand by now, and count as new what no row shows", async () => {
    for (const id of ["evt_live_1", "evt_live_2"]) await post(gateway.url, stripeEvent(id, { type: "order.live" }));
    const dashboard = await browser.openDashboard(gateway.adminUrl, await link());
    const { page } = dashboard;
    await page.clock.install();
    await dashboard.open("/events?type=order.live&state=ready");
    const rows = page.locator("main li a");
    await expect.poll(() => rows.count()).toBe(2);
    await processDelivery("evt_live_2");
    await post(gateway.url, stripeEvent("evt_live_3", { type: "order.live" }));
    await page.clock.fastForward(20_000);
    await page.getByRole("button", { name: "1 new event: show" }).waitFor();
    await dashboard.open("/events?type=order.live");
    await expect.poll(() => rows.allInnerTexts()).toEqual(matching(/Ready/, /Processed/, /Ready/));
    await processDelivery("evt_live_1");
    await expect.poll(() => rows.allInnerTexts()).toEqual(matching(/Ready/, /Processed/, /Processed/));
    await dashboard.context.close();
  });
});

function matching(...words: RegExp[]): unknown[] {
  return words.map((word) => expect.stringMatching(word) as unknown);
}

/** Lets the delivery of an event be processed, as a worker does. */
async function processDelivery(providerId: string): Promise<void> {
  const [delivery] = await gateway.query<{ id: string }>(
    `SELECT d.id FROM holdfast.delivery d
       JOIN holdfast.event e ON e.bucket = d.bucket AND e.id = d.event_id WHERE e.provider_event_id = $1`,
    [providerId],
  );
  const db = openBeside(gateway);
  await tryOnce(db, delivery!.id, { kind: "answered", status: 200, retryAfterMs: null }, { to: "processed" });
  await db.close();
}
