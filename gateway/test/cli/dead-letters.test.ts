import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { type CliResult, runCli, startCli, whenReady } from "../support/cli.ts";
import { testDatabase } from "../support/database.ts";
import { testFolder } from "../support/folder.ts";

/** A service that answers as it is told, and counts. */
async function service(): Promise<{ url: string; answer: { status: number }; keys: string[]; next(): Promise<void> }> {
  const answer = { status: 400 };
  const keys: string[] = [];
  let arrived: (() => void) | null = null;
  const server: Server = createServer((request, response) => {
    keys.push(String(request.headers["idempotency-key"]));
    request.resume().on("end", () => {
      response.writeHead(answer.status).end(() => arrived?.());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/`, answer, keys, next: () => new Promise((resolve) => (arrived = resolve)) };
}

function items(result: CliResult): Record<string, unknown>[] {
  expect(result).toMatchObject({ code: 0, stderr: "" });
  return result.stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Asks until the answer fits: what a worker settles is there a moment after the service has answered. */
async function until(ask: () => Promise<CliResult>, fits: (items: Record<string, unknown>[]) => boolean) {
  for (;;) {
    const answer = items(await ask());
    if (fits(answer)) return answer;
  }
}

it("apply, send, dead, retry: a refused delivery is kept with its reason and goes out again with the same key", async () => {
  const cwd = testFolder();
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  const { url, answer, keys, next } = await service();
  const env = { DATABASE_URL: database.url };
  const allow = ["--data-dir", ".holdfast"];
  const gateway = startCli(["start", "--json", "--port", "0", "--admin-port", "0", ...allow], {
    cwd,
    env: { ...env, HOLDFAST_EGRESS_ALLOW_CIDRS: "127.0.0.0/8" },
  });
  await whenReady(gateway);

  const content = {
    sources: { hub: { provider: "github", secrets: ["a-secret-of-some-length-for-github"] } },
    destinations: { app: { url, retry: { scheduleSec: [1], refusalsMax: 1 } } },
    routes: [{ source: "hub", destination: "app" }],
  };
  await writeFile(join(cwd, "holdfast.config.mjs"), `export default ${JSON.stringify(content)}`);
  const planned = await runCli(["apply", "--dry-run"], { cwd });
  expect(planned).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("nothing was written") });
  expect(items(await runCli(["apply", "--json"], { cwd }))).toMatchObject([{ dryRun: false, created: { length: 3 } }]);
  expect((await runCli(["apply"], { cwd })).stdout).toContain("Nothing changes; 3 are as declared.");

  const refused = next();
  expect(items(await runCli(["send", "github", "push", "--json"], { cwd }))).toMatchObject([{ status: 200 }]);
  await refused;
  const [letter] = await until(
    () => runCli(["dead", "--json"], { cwd }),
    (found) => found.length > 0,
  );
  const id = String(letter?.["id"]);
  expect(letter).toMatchObject({ state: "dead", destination: "app", reason: expect.any(String) });
  const shown = await runCli(["dead", "show", id], { cwd });
  expect(shown.stdout).toMatch(/400/);
  expect(shown.stdout).toContain(`npx holdfast dead retry ${id}`);

  answer.status = 200;
  const delivered = next();
  const [again] = items(await runCli(["dead", "retry", id, "--json"], { cwd }));
  await delivered;
  expect(keys).toHaveLength(2);
  expect(keys[1]).toBe(keys[0]);
  const show = () => runCli(["deliveries", "show", String(again?.["id"]), "--json"], { cwd });
  expect(await until(show, ([found]) => found?.["state"] === "processed")).toMatchObject([
    { retryOf: id, trigger: "retry" },
  ]);

  expect(await runCli(["dead", "retry", id], { cwd })).toMatchObject({ code: 1, stdout: "" });
  expect(await runCli(["dead", "show", "dlv_nonsense"], { cwd })).toMatchObject({ code: 2, stdout: "" });
  expect((await gateway.stop()).code).toBe(0);
});
