import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** A Chromium that starts on this machine. */
    holdfastBrowser: string;
  }
}

/** Where distributions put it. */
const USUAL = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/**
 * Finds a Chromium for the tests of the dashboard; where there is none, gets one: as a package of the distribution when this
 * is root on a Debian, else into playwright's own cache. Builds the dashboard that it will show.
 */
export default function browser(project: TestProject): void {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const built = spawnSync("npm", ["run", "--silent", "build", "-w", "dashboard"], { cwd: root, encoding: "utf8" });
  if (built.status !== 0) throw new Error(`the dashboard could not be built:\n${built.stdout}${built.stderr}`);
  const path = find() ?? install();
  if (path === null)
    throw new Error(
      "The tests of the dashboard need a Chromium, and none could be had. Install one (Debian: apt-get install chromium), or name one in HOLDFAST_BROWSER.",
    );
  project.provide("holdfastBrowser", path);
}

function find(): string | null {
  const named = process.env["HOLDFAST_BROWSER"];
  return [...(named === undefined ? [] : [named]), ...USUAL, chromium.executablePath()].find(existsSync) ?? null;
}

function install(): string | null {
  process.stderr.write("getting a Chromium for the tests of the dashboard (once, about a minute) …\n");
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const apt = (...args: string[]) =>
      spawnSync("apt-get", args, { env, stdio: "ignore", timeout: 600_000 }).status === 0;
    const wanted = ["install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"];
    if (apt(...wanted) || (apt("update") && apt(...wanted))) return find();
  }
  const cli = createRequire(import.meta.url).resolve("playwright-core/cli.js");
  spawnSync(process.execPath, [cli, "install", "chromium"], { stdio: "ignore", timeout: 600_000 });
  return find();
}
