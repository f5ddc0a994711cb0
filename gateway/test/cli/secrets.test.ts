import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { type CliResult, type ReadyLine, type RunningCli, runCli, startCli, whenReady } from "../support/cli.ts";
import { testDatabase } from "../support/database.ts";
import { testFolder } from "../support/folder.ts";

const FIRST = "a-secret-of-some-length-for-github-1";
const SECOND = "a-secret-of-some-length-for-github-2";

/** A gateway on a database of the test's own. */
async function openDesk() {
  const cwd = testFolder();
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  const start = async (secretKey: string): Promise<RunningCli & { readonly ready: ReadyLine }> => {
    const env = { DATABASE_URL: database.url, HOLDFAST_SECRET_KEY: secretKey };
    const args = [
      "start",
      "--json",
      "--port",
      "0",
      "--admin-port",
      "0",
      "--role",
      "ingest,admin",
      "--data-dir",
      ".holdfast",
    ];
    const gateway = startCli(args, { cwd, env });
    return { ...gateway, ready: await whenReady(gateway) };
  };
  const run = (args: string, more: { readonly input?: string; readonly env?: Record<string, string> } = {}) =>
    runCli([...args.split(" "), "--data-dir", ".holdfast"], { cwd, ...more });
  return { cwd, start, run };
}

/** Makes `hub`, and others, through the API: the secrets of what a file declares are changed in the file. */
async function makeSources({ adminUrl, adminToken }: ReadyLine, more: object = {}): Promise<void> {
  const headers = { authorization: `Bearer ${adminToken}`, "content-type": "application/json" };
  for (const [name, source] of Object.entries({ hub: { provider: "github", secrets: [FIRST] }, ...more })) {
    const body = JSON.stringify({ name, ...source });
    expect((await fetch(`${adminUrl}/api/v1/sources`, { method: "POST", headers, body })).status).toBe(201);
  }
}

const key = (): string => randomBytes(32).toString("base64");
const versions = (result: CliResult): string[] =>
  result.stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { version: string; state: string; uses: number })
    .map(({ version, state, uses }) => `${version} ${state} ${uses}`);

it("a secret is added from standard input, a variable and a file, promoted, seen in use and retired, and never printed", async () => {
  const { cwd, start, run } = await openDesk();
  const gateway = await start(key());
  await makeSources(gateway.ready, { shop: { provider: "shopify", secrets: [`${FIRST}-of-the-shop`] } });
  const said: CliResult[] = [];
  const ask = async (...args: Parameters<typeof run>): Promise<CliResult> => {
    const result = await run(...args);
    said.push(result);
    return result;
  };

  expect(await ask("secrets add hub", { input: `${SECOND}\n` })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("npx holdfast secrets promote hub v2"),
  });
  expect(await ask("secrets add hub --from-env NEXT --name next", { env: { NEXT: `${SECOND}-env` } })).toMatchObject({
    code: 0,
  });
  await writeFile(join(cwd, "secret.txt"), `${SECOND}-file\r\n`);
  expect(await ask("secrets add hub --from-file secret.txt")).toMatchObject({ code: 0 });
  expect((await ask("secrets promote hub v2 --overlap-hours 1")).stdout).toContain("retiring");
  expect(await ask("send github push --count 3")).toMatchObject({ code: 0 });
  await expect
    .poll(async () => versions(await run("secrets list hub --json")))
    .toEqual(["v2 active 3", "v1 retiring 0", "next pending 0", "v3 pending 0"]);
  const { stdout: table } = await ask("secrets");
  expect(table).toMatch(/hub +v1 +retiring +0 +never .* yes: it was never used, and v2 has been used/);
  // One table of all sources, under one head.
  expect([...table.matchAll(/^(source|hub|shop) /gm)].map(([, first]) => first)).toEqual([
    "source",
    "hub",
    "hub",
    "hub",
    "hub",
    "shop",
  ]);
  expect(await ask("secrets retire hub v2")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("within the last hour"),
  });
  expect((await ask("secrets retire hub v1 --json")).stdout).toContain('"retired"');
  expect((await ask("secrets retire hub v2 --force")).code).toBe(0);

  const generated = await run("secrets add hub --generate --json");
  const { value } = JSON.parse(generated.stdout) as { value: string };
  expect(value).toMatch(/^[\w-]{32}$/);
  said.push(await run("secrets list hub --json"), await gateway.stop());
  for (const { stdout, stderr } of said) {
    for (const secret of [FIRST, SECOND, value]) expect(stdout + stderr).not.toContain(secret);
  }
});

it("what cannot be added says why, with exit code 2", async () => {
  const { start, run } = await openDesk();
  await makeSources((await start(key())).ready);
  for (const [args, words, input] of [
    ["secrets add hub", "no secret on standard input", ""],
    ["secrets add hub", "too short|least", "short"],
    ["secrets add hub --from-env NOT_SET", "NOT_SET is empty or not set"],
    ["secrets add hub --from-file nowhere.txt", "cannot be read"],
    ["secrets add hub --generate --from-env X", "exclude each other"],
    ["secrets promote hub v1 --overlap-hours 169", "0 to 168"],
    ["secrets list nowhere", "nowhere"],
  ] as const) {
    const result = await run(args, input === undefined ? {} : { input });
    expect([args, result.code, result.stdout]).toEqual([args, 2, ""]);
    expect(result.stderr).toMatch(new RegExp(words));
  }
});

it("the master key is changed in three starts, and every secret verifies under the new one alone", async () => {
  const { start, run } = await openDesk();
  const [old, fresh] = [key(), key()];
  const first = await start(old);
  await makeSources(first.ready);
  expect((await first.stop()).code).toBe(0);

  const both = await start(`${fresh},${old}`);
  expect(await run("send github push")).toMatchObject({ code: 0 });
  expect(await run("secrets reseal")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("1 sealed anew, 0 were already"),
  });
  expect(await run("secrets reseal")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("0 sealed anew, 1 were already"),
  });
  expect((await both.stop()).code).toBe(0);

  const last = await start(fresh);
  expect(await run("send github push")).toMatchObject({ code: 0 });
  expect((await last.stop()).code).toBe(0);

  const stranger = await start(key());
  expect(await run("secrets reseal")).toMatchObject({ code: 1, stderr: expect.stringContaining("source/hub/v1") });
  expect((await stranger.stop()).code).toBe(0);
});

it("a retry loop is listed with its cause and the page that helps", async () => {
  const { start, run } = await openDesk();
  const { ready } = await start(key());
  await makeSources(ready);
  expect(await run("loops")).toMatchObject({ code: 0, stdout: "Nothing comes again and again.\n" });
  const api = await fetch(`${ready.adminUrl}/api/v1/sources/hub`, {
    headers: { authorization: `Bearer ${ready.adminToken}` },
  });
  const { ingestUrl } = (await api.json()) as { ingestUrl: string };
  for (let i = 0; i < 3; i++) await fetch(ingestUrl, { method: "POST", body: "{}" });
  await expect
    .poll(async () => (await run("loops")).stdout)
    .toMatch(/hub +body 44136fa355b3678a… +3 .*refused \(missing_header\)/);
  expect((await run("loops")).stdout).toContain("What to do: docs/runbooks/retry-loop.md");
});
