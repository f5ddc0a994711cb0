// Pictures of every screen, light and dark, for the README and the docs.
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const BROWSER = process.env.HOLDFAST_BROWSER ?? "/usr/bin/chromium";
const WIDE = { width: 1_280, height: 720 };
const NO_SCREEN = "There is no such screen";
const BYTES_MAX = 200_000;

/**
 * @param {{ gateway: { adminUrl: string, signInLink(): Promise<string> } }} stage
 * @param {Readonly<Record<string, string>>} paths name of the picture → address of the screen
 * @param {{ folder: string, viewport?: { width: number, height: number } }} where
 * @returns {Promise<string[]>} what is wrong with the pictures: empty when nothing is
 */
export async function takeShots({ gateway }, paths, { folder, viewport = WIDE }) {
  mkdirSync(folder, { recursive: true });
  // Whoever runs this ends in order at a signal; the browser's own handlers would end the process before.
  const signals = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  const browser = await chromium.launch({ executablePath: BROWSER, args: ["--no-sandbox"], ...signals });
  const faults = [];
  try {
    for (const colorScheme of ["light", "dark"]) {
      const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce", timezoneId: "UTC" });
      const page = await context.newPage();
      page.on("pageerror", (error) => faults.push(`${page.url()}: ${error.message}`));
      await page.goto(await gateway.signInLink());
      await page.locator("#content").waitFor();
      for (const [name, path] of Object.entries(paths)) {
        await page.goto(`${gateway.adminUrl}${path}`);
        await page.getByRole("heading", { level: 1 }).waitFor();
        if ((await page.getByRole("heading", { level: 1 }).textContent()) === NO_SCREEN) {
          faults.push(`there is no screen at ${path}`);
          continue;
        }
        await page.waitForLoadState("networkidle").catch(() => {});
        await page
          .locator("[aria-label=Loading]")
          .waitFor({ state: "detached", timeout: 5_000 })
          .catch(() => {});
        const file = join(folder, `${name}-${colorScheme}.png`);
        await page.screenshot({ path: file });
        if (statSync(file).size > BYTES_MAX) faults.push(`${file} has more than ${BYTES_MAX} bytes`);
      }
      await context.close();
    }
  } finally {
    await browser.close();
  }
  return faults;
}
