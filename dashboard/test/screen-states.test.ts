import { readFileSync } from "node:fs";
import { createApi } from "@holdfast/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import {
  PAYMENTS,
  post,
  SECRET,
  signedWebhook,
  startIngestGateway,
  stripeEvent,
  until,
} from "../../gateway/test/support/ingest-gateway.ts";
import type { Dashboard } from "./support/dashboard.ts";
import { expectSound, useBrowser } from "./support/dashboard.ts";
import { openBeside, recordDead } from "./support/dead-gateway.ts";
import { comeBackToTab, refuse } from "./support/screen-states.ts";

const browser = useBrowser();

/** A screen: the calls that it cannot do without (null: it asks for nothing before it shows), and what it shows then. */
interface Screen {
  readonly call: RegExp | null;
  readonly shows: string;
}

/** Every screen by its path in the router. */
const SCREENS: Readonly<Record<string, Screen>> = {
  "/": { call: /\/api\/v1\/(?:status|rates)/, shows: "your attention" },
  "/events": { call: /\/api\/v1\/events\?/, shows: "evt_stored" },
  "/events/$id": { call: /\/api\/v1\/events\/evt_/, shows: "Timeline" },
  "/rejections": { call: /\/api\/v1\/rejections/, shows: "By cause" },
  "/rejections/$id": { call: /\/api\/v1\/rejections\/rej_/, shows: "Why it was refused" },
  "/dead-letters": { call: /\/api\/v1\/dead-letters/, shows: "By cause" },
  "/queue": { call: /\/api\/v1\/queue/, shows: "Nothing is slowed down by hand." },
  "/sources": { call: /\/api\/v1\/sources/, shows: "payments" },
  "/sources/new": { call: /\/api\/v1\/providers/, shows: "Provider" },
  "/sources/$id": { call: /\/api\/v1\/sources\//, shows: "Paste this URL" },
  "/destinations": { call: /\/api\/v1\/destinations/, shows: "billing" },
  "/destinations/new": { call: /\/api\/v1\/sources/, shows: "Deliver every event of" },
  "/destinations/$id": { call: /\/api\/v1\/destinations\//, shows: "What is delivered here" },
  "/alerts": { call: /\/api\/v1\/alerts/, shows: "Rules" },
  "/replays": { call: /\/api\/v1\/replays/, shows: "events of payments" },
  "/replays/new": { call: null, shows: "Count what would happen" },
  "/replays/$id": { call: /\/api\/v1\/replays\//, shows: "Planned, not run" },
  "/reconciliations": { call: /\/api\/v1\/reconciliations/, shows: "payments-log" },
  "/reconciliations/new": { call: /\/api\/v1\/sources/, shows: "Against" },
  "/reconciliations/runs/$id": { call: /\/api\/v1\/reconciliation-runs\//, shows: "payments-log" },
  "/keys": { call: /\/api\/v1\/people/, shows: "Nobody has an account yet" },
  "/account": { call: null, shows: "" },
  "/audit": { call: /\/api\/v1\/audit\?/, shows: "What was done" },
  "/settings": { call: /\/api\/v1\/settings/, shows: "Settings in force" },
};

/** What a screen says before anything was ever configured or came; each with the step that follows where there is one. */
const EMPTY: Readonly<Record<string, string>> = {
  "/": "All is well",
  "/events": "No events yet",
  "/rejections": "Nothing was rejected",
  "/dead-letters": "No dead letters",
  "/queue": "Nothing waits",
  "/sources": "npx holdfast init",
  "/destinations": "npx holdfast init",
  "/alerts": "Nobody is told yet",
  "/replays": "npx holdfast replay plan",
  "/reconciliations": "npx holdfast reconcile run",
  "/keys": "Nobody has an account yet",
  "/audit?actor=nobody": "No entry fits this filter",
};

const FAULT = {
  type: "urn:holdfast:fault:store_unavailable",
  title: "The database cannot be reached",
  status: 503,
  detail: "It is being restarted.",
  id: "req_0001",
};

const signIn = async (gateway: IngestGateway, options?: Parameters<typeof browser.openDashboard>[2]) =>
  browser.openDashboard(gateway.adminUrl, (await gateway.gateway.signInLink())!, options);

it("every screen of the router stands in the table", () => {
  const router = readFileSync(new URL("../src/router.tsx", import.meta.url), "utf8");
  const paths = [...router.matchAll(/ screen\("([^"]+)"/g)].map((match) => match[1]!);
  expect(Object.keys(SCREENS).toSorted()).toEqual(paths.toSorted());
});

describe("a screen with nothing to show", () => {
  let gateway: IngestGateway;

  beforeAll(async () => {
    gateway = await startIngestGateway({ content: {} });
  });
  afterAll(() => gateway.close());

  describe.each([
    { colorScheme: "light", viewport: { width: 1_360, height: 900 } },
    { colorScheme: "dark", viewport: { width: 360, height: 740 } },
  ] as const)("$colorScheme, $viewport.width pixels wide", (look) => {
    let dashboard: Dashboard;

    beforeAll(async () => {
      dashboard = await signIn(gateway, look);
    });
    afterAll(() => dashboard.context.close());

    it.each(Object.entries(EMPTY))("%s says so, and what comes next", async (path, text) => {
      await dashboard.open(path);
      await dashboard.page.getByText(text).filter({ visible: true }).first().waitFor();
      await expectSound(dashboard);
      expect(await dashboard.width()).toBe(look.viewport.width);
    });
  });
});

describe("a screen whose answer does not come", () => {
  let gateway: IngestGateway;
  let dashboard: Dashboard;
  let ids: Readonly<Record<string, string>>;

  beforeAll(async () => {
    // Loopback is refused: the run of the comparison has somewhere to go, and is not to get there.
    gateway = await startIngestGateway({ content: PAYMENTS });
    ids = await fill(gateway);
    dashboard = await signIn(gateway);
  });
  afterAll(async () => {
    await dashboard.context.close();
    await gateway.close();
  });

  it.each(Object.entries(SCREENS).filter(([, { call }]) => call !== null))(
    "%s says that it is on its way, then what went wrong, and shows itself when it is asked again",
    async (path, { call, shows }) => {
      const { page } = dashboard;
      let release = (): void => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      await page.route(call!, async (route) => {
        await released;
        await route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify(FAULT) });
      });
      await dashboard.open(path.replace("$id", ids[path] ?? ""));
      await page.getByRole("status", { name: "Loading" }).first().waitFor();
      expect(await dashboard.findBarriers()).toEqual([]);
      release();
      const alert = page.getByRole("alert").first();
      await alert.getByText("req_0001").waitFor();
      await alert.getByText("The database cannot be reached").waitFor();
      await page.evaluate("document.documentElement.classList.add('dark')");
      expect(await dashboard.findBarriers()).toEqual([]);
      await page.unroute(call!);
      await alert.getByRole("button", { name: "Try again" }).click();
      await expect.poll(() => page.getByRole("alert").count()).toBe(0);
      await page.getByText(shows).filter({ visible: true }).first().waitFor();
    },
  );

  it("is in the other theme at once for whoever wants no motion, with no colour on its way", async () => {
    const { page } = dashboard;
    for (const path of ["/", "/queue"]) {
      await dashboard.open(path);
      await page.getByText(SCREENS[path]!.shows).filter({ visible: true }).first().waitFor();
      // One look: a frame later a short transition could be over.
      const moving = await page.evaluate<number>(
        "(document.documentElement.classList.add('dark'), document.getAnimations().length)",
      );
      expect([path, moving]).toEqual([path, 0]);
    }
  });

  it("is told on every screen of one thing: since when what it shows was not refreshed, and why", async () => {
    const watched = await signIn(gateway);
    const { page } = watched;
    await page.clock.install();
    for (const [path, id] of Object.entries(ids)) {
      const { call, shows } = SCREENS[path]!;
      await watched.open(path.replace("$id", id));
      await page.getByText(shows).filter({ visible: true }).first().waitFor();
      await refuse(page, call!);
      await comeBackToTab(page);
      const note = page.getByRole("status").filter({ hasText: "Not refreshed since" });
      await note.getByText("The database cannot be reached").waitFor();
      await page.getByText(shows).filter({ visible: true }).first().waitFor();
      expect([path, await watched.findBarriers()]).toEqual([path, []]);
      await page.unroute(call!);
      await comeBackToTab(page);
      await note.waitFor({ state: "detached" });
    }
    await watched.context.close();
  });
});

/** One of everything; the ids of what has a screen of its own, by that screen's path. */
async function fill(gateway: IngestGateway): Promise<Readonly<Record<string, string>>> {
  const api = createApi({ url: gateway.adminUrl, token: gateway.gateway.adminToken! });
  // A machine that is very busy answers 503 at first; sent again it is the same event.
  await until(async () => (await post(gateway.url, stripeEvent("evt_stored"))).status === 200);
  const body = JSON.stringify({ id: "evt_forged", object: "event", type: "invoice.paid", created: 1_700_000_000 });
  const secret = SECRET.toLowerCase();
  const forged = signedWebhook({ provider: "stripe", key: "payments-key", body, secret });
  await until(async () => (await post(gateway.url, forged)).status === 401);
  const db = openBeside(gateway);
  await recordDead(db, "1001", "order.paid", 422);
  await db.close();
  await api.reconciliations.create({
    name: "payments-log",
    source: "payments",
    connector: { kind: "stripe" },
    secret: "rk_live_1",
    eventTypes: ["*"],
  });
  const run = await api.reconciliations.start("payments-log");
  const replay = await api.replays.plan({ sources: ["payments"] });
  const [event] = (await api.events.page({ providerId: "evt_stored" })).items;
  // It is written behind the answer.
  await until(async () => (await api.rejections.page({})).items.length > 0);
  const [rejection] = (await api.rejections.page({})).items;
  return {
    "/events/$id": event!.id,
    "/rejections/$id": rejection!.id,
    "/sources/$id": "payments",
    "/destinations/$id": "billing",
    "/replays/$id": replay.id,
    "/reconciliations/runs/$id": run.id,
  };
}
