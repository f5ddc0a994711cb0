import { createApi } from "@holdfast/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { post, startIngestGateway, stripeEvent } from "../../gateway/test/support/ingest-gateway.ts";
import { useBrowser } from "./support/dashboard.ts";
import { expectErrorAndSlow, expectSoundInEveryLook } from "./support/states.ts";

const browser = useBrowser();
let gateway: IngestGateway;
let api: ReturnType<typeof createApi>;

beforeAll(async () => {
  gateway = await startIngestGateway();
  api = createApi({ url: gateway.adminUrl, token: gateway.gateway.adminToken! });
});
afterAll(() => gateway.close());

const open = async (options = {}) =>
  browser.openDashboard(gateway.adminUrl, (await gateway.gateway.signInLink())!, options);

describe("the replays", () => {
  it("say what to do while there are none, in both themes and at 360 pixels", async () => {
    await expectSoundInEveryLook(open, { "/replays": "npx holdfast replay plan" });
  });

  it("are counted before anything goes out, run once that was seen, and cancelled with what that means", async () => {
    for (const id of ["evt_a", "evt_b", "evt_c"]) await post(gateway.url, stripeEvent(id));
    await api.destinations.create({ name: "archive", url: "https://archive.example/in" });
    await api.routes.create({ source: "payments", destination: "archive" });
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/replays");
    await page.getByRole("link", { name: "Plan a replay" }).click();
    await page.getByLabel("Source").selectOption("payments");
    await page.getByLabel("Destination").selectOption("archive");
    await page.getByRole("checkbox", { name: /Never sent there/ }).check();
    await page.getByRole("button", { name: "Count what would happen" }).click();
    await page.getByText("Planned, not run").waitFor();
    expect((await api.replays.page({})).items.map(({ state }) => state)).toEqual(["planned"]);
    await page.getByRole("button", { name: /^Replay 3 now/ }).click();
    await page.getByText("Running", { exact: true }).waitFor();
    await page.getByRole("heading", { name: "Integrity check" }).waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Nothing more is queued").waitFor();
    await page.getByRole("button", { name: "Cancel the replay" }).click();
    await page.getByText("Cancelled", { exact: true }).waitFor();
    await dashboard.open("/replays");
    await page.getByText("Cancelled", { exact: true }).waitFor();
    await dashboard.context.close();
  });

  it("keep the chosen scope in the address", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/replays/new?source=payments&destination=billing&states=dead");
    // The choices come from the API, and what is chosen shows when they are there.
    await expect.poll(() => page.getByLabel("Source").inputValue()).toBe("payments");
    expect(await page.getByRole("checkbox", { name: /Waiting for a retry/ }).isChecked()).toBe(false);
    await page.getByLabel("Event types").fill("invoice.*");
    await expect.poll(() => decodeURIComponent(page.url())).toContain("type=invoice.*");
    await dashboard.context.close();
  });

  it("are sound in both themes and at 360 pixels when there are some", async () => {
    const [replay] = (await api.replays.page({})).items;
    await expectSoundInEveryLook(open, {
      "/replays": "events of payments",
      [`/replays/${replay!.id}`]: "Integrity check",
      "/replays/new": "Count what would happen",
    });
  });

  it("between two moments begin where it is said, and are not planned before it is", async () => {
    const before = (await api.replays.page({})).items.length;
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/replays/new?source=payments");
    await page.getByLabel("Received").selectOption({ label: "Between two moments" });
    // So low that the page scrolls: what is typed goes into the address, and the page stays where it is.
    await page.setViewportSize({ width: 1280, height: 480 });
    const to = page.getByLabel(/^To /);
    await to.evaluate((field) => field.scrollIntoView({ block: "start" }));
    const scrolledTo = await to.boundingBox();
    await to.fill("2026-03-02T12:30:00");
    await expect.poll(() => page.url()).toContain("until=");
    await to.blur();
    expect(await to.boundingBox()).toEqual(scrolledTo);
    await page.getByRole("button", { name: "Count what would happen" }).click();
    await page.getByText("From when on?", { exact: false }).waitFor();
    expect(await page.getByLabel(/^From /).getAttribute("aria-invalid")).toBe("true");
    expect((await api.replays.page({})).items).toHaveLength(before);
    await page.getByLabel(/^From /).fill("2026-03-01T09:00:00");
    await page.getByLabel("Event types").fill("invoice.*");
    await page.getByLabel("Event types").press("Enter");
    await page.getByText("Planned, not run").waitFor();
    const [planned] = (await api.replays.page({})).items;
    const { since, until, types } = planned!.scope;
    expect(Date.parse(until) - Date.parse(since)).toBe(27.5 * 3_600_000);
    expect(types).toEqual(["invoice.*"]);
    await dashboard.context.close();
  });

  it("say what is wrong, and that they are on their way", async () => {
    const dashboard = await open();
    await expectErrorAndSlow(dashboard, "/replays", "/replays");
    await dashboard.context.close();
  });
});
