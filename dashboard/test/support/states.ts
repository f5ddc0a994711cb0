import { expect } from "vitest";
import type { Dashboard, DashboardOptions } from "./dashboard.ts";
import { expectSound } from "./dashboard.ts";

const LOOKS: readonly DashboardOptions[] = [
  { colorScheme: "light" },
  { colorScheme: "dark" },
  { colorScheme: "light", viewport: { width: 360, height: 740 } },
];

/**
 * Looks at screens in both themes and as narrow as a phone: no barrier, no fault, no scrolling sideways.
 *
 * @param seen addresses of screens with a text that each must show
 */
export async function expectSoundInEveryLook(
  open: (options: DashboardOptions) => Promise<Dashboard>,
  seen: Readonly<Record<string, string | RegExp>>,
): Promise<void> {
  for (const look of LOOKS) {
    const dashboard = await open(look);
    for (const [path, text] of Object.entries(seen)) {
      await dashboard.open(path);
      await dashboard.page.getByText(text).filter({ visible: true }).first().waitFor();
      await expectSound(dashboard);
      if (look.viewport !== undefined) expect([path, await dashboard.width()]).toEqual([path, look.viewport.width]);
    }
    await dashboard.context.close();
  }
}

/** A list that cannot be had says so with the fault's id and a way to try again; one that is slow says that it comes. */
export async function expectErrorAndSlow(dashboard: Dashboard, path: string, call: string): Promise<void> {
  const { page } = dashboard;
  const problem = {
    type: "urn:holdfast:fault:store_unavailable",
    title: "The database does not answer",
    status: 503,
    id: "req-of-the-test",
    detail: null,
  };
  let isSlow = false;
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(`**/api/v1${call}**`, async (route) => {
    if (isSlow) await released;
    await route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify(problem) });
  });
  await dashboard.open(path);
  await page.getByRole("alert").getByText("The database does not answer").waitFor();
  await page.getByText("req-of-the-test").waitFor();
  await page.getByRole("button", { name: "Try again" }).waitFor();
  expect(await dashboard.findBarriers()).toEqual([]);
  isSlow = true;
  await dashboard.open(path);
  await page.getByRole("status", { name: "Loading" }).first().waitFor();
  expect(await dashboard.findBarriers()).toEqual([]);
  release();
  // What was answered late is waited for, so that nothing is left when the browser closes.
  await page.getByRole("alert").getByText("The database does not answer").waitFor();
  await page.unrouteAll({ behavior: "ignoreErrors" });
}
