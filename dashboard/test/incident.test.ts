import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { readdir } from "node:fs/promises";
import { createServer } from "node:net";
import { expect, inject, it, onTestFinished } from "vitest";
import { testFolder } from "../../gateway/test/support/folder.ts";

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

/** The demonstration as somebody runs it who only looks; all that it makes is in `folder`. */
function startDemo(args: readonly string[]) {
  const folder = testFolder();
  const demo = spawn(process.execPath, [DEMO, ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  demo.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const ended = once(demo, "close").then(([code]) => code as number | null);
  onTestFinished(async () => {
    demo.kill("SIGKILL");
    await ended;
  });
  const told = async (words: string): Promise<void> => {
    while (!log.includes(words)) {
      if (demo.exitCode !== null) throw new Error(`the demonstration has ended: ${log}`);
      await Promise.race([once(demo.stderr, "data"), ended]);
    }
  };
  return { demo, ended, told, log: () => log, left: () => readdir(folder) };
}

it("says which port of the demonstration is in use, and leaves nothing", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? String(address.port) : "";
  const { ended, log, left } = startDemo(["--port", port, "--admin-port", "0"]);
  expect(await ended).toBe(1);
  expect(log()).toMatch(new RegExp(`^error: .*${port}.*\\n  .+\\n$`));
  expect(await left()).toEqual([]);
});

it("leaves nothing of the demonstration when its story is cut short", async () => {
  const { demo, ended, told, log, left } = startDemo(["--port", "0", "--admin-port", "0"]);
  await told("six sources");
  demo.kill("SIGINT");
  expect(await ended).toBe(1);
  expect(log()).not.toMatch(/\n\s+at .*:\d+:\d+/);
  expect(await left()).toEqual([]);
});
