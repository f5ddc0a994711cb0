import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, inject, it } from "vitest";

const DEMO = fileURLToPath(new URL("../../proof/demo.mjs", import.meta.url));
const CLICKS_MAX = 4;

it("leads from the overview to cause, events and fix of each incident of the demonstration in four clicks at most", async () => {
  const demo = spawn(process.execPath, [DEMO, "--clicks"], {
    env: { ...process.env, HOLDFAST_BROWSER: inject("holdfastBrowser") ?? "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let told = "";
  let log = "";
  demo.stdout.on("data", (chunk: Buffer) => (told += chunk.toString()));
  demo.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const [code] = (await once(demo, "close")) as [number | null];
  expect([code, code === 0 ? "" : log]).toEqual([0, ""]);
  const ways = told.trim().split("\n\n");
  expect(ways.length).toBe(3);
  for (const way of ways) {
    const clicks = way.split("\n").slice(1);
    expect(clicks.length).toBeLessThanOrEqual(CLICKS_MAX);
    for (const what of ["cause", "events", "fix"]) expect(way).toContain(what);
  }
  // The story itself takes half a minute on a quiet machine.
}, 600_000);
