import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** A Chromium that starts on this machine; empty in a run without a test of the dashboard. */
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

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Finds a Chromium for the tests of the dashboard; where there is none, gets one: as a package of the distribution when this
 * is root on a Debian, else into playwright's own cache. Builds the dashboard that it will show. A run that names none of these
 * tests needs nothing of it.
 */
export default function browser(project: TestProject): void {
  const files = project.vitest.state.getPaths();
  if (!files.some((file) => file.startsWith(join(ROOT, "dashboard/")))) {
    project.provide("holdfastBrowser", "");
    return;
  }
  build();
  const executablePath = find() ?? install();
  if (executablePath === null)
    throw new Error(
      "The tests of the dashboard need a Chromium, and none could be had. Install one (Debian: apt-get install chromium), or name one in HOLDFAST_BROWSER.",
    );
  project.provide("holdfastBrowser", executablePath);
}

// `npm test` has built it a moment ago.
function build(): void {
  const built = join(ROOT, "gateway/dist/dashboard/index.html");
  const sources = ["dashboard/src", "dashboard/public", "dashboard/index.html", "dashboard/vite.config.ts"];
  const since = existsSync(built) ? statSync(built).mtimeMs : 0;
  if ([...sources, "client/src", "package-lock.json"].every((path) => newest(join(ROOT, path)) < since)) return;
  const made = spawnSync("npm", ["run", "--silent", "build", "-w", "dashboard"], { cwd: ROOT, encoding: "utf8" });
  if (made.status !== 0) throw new Error(`the dashboard could not be built:\n${made.stdout}${made.stderr}`);
}

/** When the last change was made to a file, or below a folder (one that lost a file is changed itself), in ms since 1970. */
function newest(path: string): number {
  const at = statSync(path);
  if (!at.isDirectory()) return at.mtimeMs;
  return Math.max(at.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
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
