import { expect } from "vitest";
import type { Page } from "playwright-core";
import type { Dashboard } from "./dashboard.ts";

/** What a call is answered while the database is away. */
const FAULT = {
  type: "urn:holdfast:fault:store_unavailable",
  title: "The database cannot be reached",
  status: 503,
  detail: "It is being restarted.",
  id: "req_0001",
};

/**
 * Opens a screen while its call gets no answer, then while it is refused: the first shows that something is on its way, the
 * second what went wrong, with the request's id and a way to ask again. The dashboard is closed at the end.
 *
 * @param call which calls are held and refused, as a pattern of the address
 */
export async function expectSlowAndFaulty(dashboard: Dashboard, path: string, call: RegExp): Promise<void> {
  const { page } = dashboard;
  let release: () => void = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(call, async (route) => {
    await released;
    await route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify(FAULT) });
  });
  await dashboard.open(path);
  await page.getByRole("status", { name: "Loading" }).first().waitFor();
  expect(await dashboard.findBarriers()).toEqual([]);
  release();
  const alert = page.getByRole("alert").first();
  await alert.getByText("req_0001").waitFor();
  await alert.getByText("The database cannot be reached").waitFor();
  expect(await dashboard.findBarriers()).toEqual([]);
  await page.unroute(call);
  await alert.getByRole("button", { name: "Try again" }).click();
  await expect.poll(() => page.getByRole("alert").count()).toBe(0);
  await dashboard.context.close();
}

/** Has calls refused, as long as the database is away. @param call which, as a pattern of the address; of every method, or of one */
export async function refuse(page: Page, call: RegExp, method: string | null = null): Promise<void> {
  const body = JSON.stringify(FAULT);
  await page.route(call, (route) =>
    method === null || route.request().method() === method
      ? route.fulfill({ status: 503, contentType: "application/problem+json", body })
      : route.fallback(),
  );
}

/** Leaves the tab for a minute of its own clock (which has to be installed) and comes back, so that it asks anew. */
export async function comeBackToTab(page: Page): Promise<void> {
  await page.clock.fastForward(61_000);
  await page.evaluate("window.dispatchEvent(new Event('visibilitychange'))");
}

/** The ways in which every screen is looked at. */
export const LOOKS = [
  { colorScheme: "light", viewport: { width: 1_360, height: 900 } },
  { colorScheme: "dark", viewport: { width: 1_360, height: 900 } },
  { colorScheme: "light", viewport: { width: 360, height: 740 } },
] as const;
