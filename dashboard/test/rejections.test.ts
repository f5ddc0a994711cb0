import { createApi } from "@holdfast/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { post, SECRET, signedWebhook, startIngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { copyNewest } from "./support/copy-newest.ts";
import { expectSound, useBrowser } from "./support/dashboard.ts";
import { expectSlowAndFaulty, LOOKS, refuse } from "./support/screen-states.ts";

const browser = useBrowser();
let gateway: IngestGateway;

beforeAll(async () => {
  // No route: what a replay makes an event of is delivered to nobody, and the worker has nothing else to do.
  gateway = await startIngestGateway({ content: { roles: ["ingest", "admin", "worker"] } });
  const source = { name: "payments", provider: "stripe", key: "payments-key", secrets: [SECRET] };
  const { status } = await callAdmin("/sources", source);
  expect(status).toBe(201);
});
afterAll(() => gateway.close());

const open = async (options?: Parameters<typeof browser.openDashboard>[2]) =>
  browser.openDashboard(gateway.adminUrl, (await gateway.gateway.signInLink())!, options);

function callAdmin(path: string, body: unknown): Promise<Response> {
  return fetch(`${gateway.adminUrl}/api/v1${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.gateway.adminToken}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

const OTHER = "whsec_YW5vdGhlci1zZWNyZXQtb2YtdGhlLXRlc3RzLTMy";
const LATE = "whsec_bGF0ZS1zZWNyZXQtb2YtdGhlLXRlc3RzLTMyLWJ5dGVz";
const HOSTILE = "<img src=x onerror=alert(1)>";

function sendWith(secret: string, id: string): Promise<unknown> {
  const body = JSON.stringify({ id, object: "event", type: "invoice.paid", created: 1_700_000_000, note: HOSTILE });
  return post(gateway.url, signedWebhook({ provider: "stripe", key: "payments-key", body, secret }));
}

/** Sends one that is refused, and waits for its record: that is written behind the answer. */
async function sendRefused(secret: string, id: string): Promise<void> {
  const recorded = async (): Promise<number> =>
    (await gateway.query<{ n: number }>("SELECT count(*)::int AS n FROM holdfast.rejection"))[0]!.n;
  const before = await recorded();
  await sendWith(secret, id);
  await expect.poll(recorded).toBe(before + 1);
}

describe("the rejections", () => {
  it("say that there are none and how to see one, what is on its way, and what went wrong", async () => {
    const dashboard = await open();
    await dashboard.open("/rejections");
    await dashboard.page.getByText("Nothing was rejected").waitFor();
    await dashboard.page.getByText("/in/payments-key", { exact: false }).waitFor();
    await expectSound(dashboard);
    await expectSlowAndFaulty(dashboard, "/rejections", /\/api\/v1\/rejections/);
  });

  it("stand by cause, and lead to what failed, what was compared and what to do, beside the request", async () => {
    for (const id of ["evt_1", "evt_2"]) await sendWith(OTHER, id);
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/rejections");
    await page.getByText("Compare the secret with the one at the provider first", { exact: false }).waitFor();
    await page.getByText("Searched all 2 rejections.").waitFor();
    await page.getByRole("button", { name: "Only these" }).click();
    await expect.poll(() => page.url()).toContain("cause=body_or_secret_differs");
    await page.getByRole("link", { name: /^Diagnosis of the newest/ }).click();
    await page.getByRole("heading", { level: 1, name: "The body or the secret differs" }).waitFor();
    const steps = page.getByRole("list", { name: "Steps of the check" });
    await steps.getByText("Signature").waitFor();
    expect(await steps.innerText()).toMatch(/Signature\s*: failed/);
    expect(await steps.innerText()).toMatch(/Headers\s*: passed/);
    const theirs = page.locator("dl", { hasText: "Their signature begins" }).first();
    expect(await theirs.innerText()).toMatch(/[0-9a-f]{8} …\s+Ours would begin\s+[0-9a-f]{8} …/);
    await page.getByText(/^v1=[0-9a-f]{64}$/).waitFor();
    await page.getByText(HOSTILE, { exact: false }).first().waitFor();
    await page.getByRole("tab", { name: "Exact bytes" }).click();
    await page.getByText("000000", { exact: false }).first().waitFor();
    await expectSound(dashboard);
    await dashboard.context.close();
  });

  it("become events by a replay once the secret is here, and not before", async () => {
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/rejections");
    await page.getByRole("button", { name: "Replay" }).click();
    await page
      .getByRole("dialog")
      .getByText("None of them verifies with the secrets of today.", { exact: false })
      .waitFor();
    expect(await page.getByRole("button", { name: "Nothing to replay" }).isDisabled()).toBe(true);
    await page.getByRole("dialog").getByText("whatever its likely cause", { exact: false }).waitFor();
    await page.keyboard.press("Escape");
    const { status } = await callAdmin("/sources/payments/secrets", { value: OTHER });
    expect(status).toBe(201);
    await page.getByRole("button", { name: "Replay" }).click();
    await page.getByRole("button", { name: "Replay 2 into events" }).click();
    await page.getByRole("dialog").getByText("2 replayed", { exact: false }).waitFor();
    await expectSound(dashboard);
    await page.keyboard.press("Escape");
    await page.getByText("2 replayed", { exact: true }).waitFor();
    await page.locator("main li a[href^='/rejections/rej_']").last().click();
    await page.getByRole("link", { name: "A replay made it an event" }).click();
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
    await dashboard.context.close();
  });

  it("show what the replay has come to when it ends: in the dialog, on the screen, and when it was closed before", async () => {
    for (const id of ["evt_3", "evt_4", "evt_5"]) await sendRefused(LATE, id);
    expect((await callAdmin("/sources/payments/secrets", { value: LATE })).status).toBe(201);
    const api = createApi({ url: gateway.adminUrl, token: gateway.gateway.adminToken! });
    const [inSight, closed, broken] = (await api.rejections.page({ limit: 3 })).items;
    const dashboard = await open();
    const { page } = dashboard;
    const dialog = page.getByRole("dialog");
    const run = async (id: string): Promise<void> => {
      await dashboard.open(`/rejections/${id}`);
      await page.getByRole("button", { name: "Replay into an event" }).click();
      await page.getByRole("button", { name: "Replay 1 into an event" }).click();
      await dialog.getByRole("link", { name: "Follow the replay" }).waitFor();
    };
    await run(inSight!.id);
    await dialog.getByText("Completed", { exact: true }).waitFor();
    await page.getByText("A replay made it an event").waitFor();
    await dialog.getByText("1 replayed", { exact: false }).waitFor();
    await run(closed!.id);
    await page.keyboard.press("Escape");
    await page.getByText("A replay made it an event").waitFor();
    await expectSound(dashboard);
    const followed = /\/api\/v1\/replays\/\w+_\w+$/;
    await refuse(page, followed);
    await run(broken!.id);
    await dialog.getByRole("alert").getByText("The database cannot be reached").waitFor();
    await page.unroute(followed);
    await page.route(followed, async (route) => {
      const answer = (await (await route.fetch()).json()) as Record<string, unknown>;
      await route.fulfill({ json: { ...answer, state: "failed", endReason: "the source is gone" } });
    });
    await dialog.getByText("Failed", { exact: true }).waitFor();
    await dialog.getByText("the source is gone").waitFor();
    expect(await dashboard.findBarriers()).toEqual([]);
    await dashboard.context.close();
  });

  it("are sound in both themes and at 360 pixels, the list and the diagnosis", async () => {
    for (const look of LOOKS) {
      const dashboard = await open(look);
      await dashboard.open("/rejections");
      await dashboard.page.getByText("By cause").waitFor();
      expect(await dashboard.width()).toBeLessThanOrEqual(look.viewport.width);
      await expectSound(dashboard);
      await dashboard.page
        .getByRole("link", { name: /^Diagnosis of the newest/ })
        .first()
        .click();
      await dashboard.page.getByText("Why it was refused").waitFor();
      await dashboard.page.getByText("Their signature begins").waitFor();
      expect(await dashboard.width()).toBeLessThanOrEqual(look.viewport.width);
      await expectSound(dashboard);
      await dashboard.context.close();
    }
  });

  it("of the last hour are shown beyond the first fifty", async () => {
    await sendRefused("whsec_b25lLW1vcmUtc2VjcmV0LW9mLXRoZS10ZXN0cy0zMg==", "evt_many");
    await copyNewest(gateway, "rejection", 50);
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/rejections?last=1h");
    const rows = page.locator("main li a time");
    await expect.poll(() => rows.count()).toBe(50);
    await page.getByRole("button", { name: "Show older rejections" }).click();
    await expect.poll(() => rows.count()).toBeGreaterThan(50);
    await dashboard.context.close();
  });

  it("are said not to fit once all were looked at, and until then how far the search has come", async () => {
    await sendRefused("whsec_b25lLWFnYWluLXNlY3JldC1vZi10aGUtdGVzdHMtMzI=", "evt_flood");
    await copyNewest(gateway, "rejection", 20_000);
    const dashboard = await open();
    const { page } = dashboard;
    await dashboard.open("/rejections?cause=none_of_these");
    await page.getByText("Searched the newest 20,000 rejections; older ones were not looked at yet.").waitFor();
    expect(await page.getByText("No rejection fits this filter").count()).toBe(0);
    await expectSound(dashboard);
    await page.getByRole("button", { name: "Show older rejections" }).click();
    await page.getByText("No rejection fits this filter").waitFor();
    await dashboard.context.close();
  });
});
