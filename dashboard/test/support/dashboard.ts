import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, expect, inject } from "vitest";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A browser that is signed in to a gateway's dashboard, and what went wrong in it. */
export interface Dashboard {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of scripts, violations of the content security policy, failed requests that no test announced. */
  readonly faults: string[];
  open(path: string): Promise<void>;
  /** How wide the page is, in pixels: more than the window means that it scrolls sideways. */
  width(): Promise<number>;
  /** Rules of accessibility that this screen breaks (axe, WCAG 2.2 AA): none is what a test expects. */
  findBarriers(): Promise<string[]>;
}

export interface DashboardOptions {
  readonly colorScheme?: "light" | "dark";
  readonly viewport?: { readonly width: number; readonly height: number };
  /** What shows that the link has led somewhere; the signed-in screen unless said otherwise. */
  readonly arrivesAt?: string;
}

/** One browser for a file of tests; each `openDashboard` is a fresh profile in it. */
export function useBrowser(): {
  openDashboard(adminUrl: string, link: string, options?: DashboardOptions): Promise<Dashboard>;
} {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: inject("holdfastBrowser"), args: ["--no-sandbox"] });
  });
  afterAll(() => browser.close());
  return {
    openDashboard: async (adminUrl, link, options = {}) => {
      const viewport = options.viewport ?? { width: 1_360, height: 900 };
      const context = await browser.newContext({
        viewport,
        colorScheme: options.colorScheme ?? "light",
        reducedMotion: "reduce",
      });
      context.setDefaultTimeout(90_000);
      const page = await context.newPage();
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(error.message));
      page.on("console", (message) => {
        // Who is not signed in yet is told so by a 401, which the browser notes by itself.
        if (message.type() === "error" && !/status of 401/.test(message.text())) faults.push(message.text());
      });
      await page.goto(link);
      await page.locator(options.arrivesAt ?? "#content").waitFor();
      return {
        page,
        context,
        faults,
        open: async (path) => {
          await page.goto(`${adminUrl}${path}`);
          await page.getByRole("heading", { level: 1 }).waitFor();
        },
        width: () => page.evaluate<number>("document.documentElement.scrollWidth"),
        findBarriers: () => findBarriers(page),
      };
    },
  };
}

interface AxeResult {
  violations: { id: string; help: string; nodes: { html: string; failureSummary: string }[] }[];
}

async function findBarriers(page: Page): Promise<string[]> {
  // As an evaluation, since a script element would be refused by the page's policy.
  await page.evaluate(AXE);
  const result = (await page.evaluate(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
  )) as AxeResult;
  return result.violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`,
  );
}

/** What every screen owes, in both themes: no barrier and no fault. */
export async function expectSound(dashboard: Dashboard): Promise<void> {
  expect(await dashboard.findBarriers()).toEqual([]);
  expect(dashboard.faults).toEqual([]);
}
