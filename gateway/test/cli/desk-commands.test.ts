import { sign } from "@holdfast/verify";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { runCli, startCli, whenReady } from "../support/cli.ts";
import { testDatabase } from "../support/database.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { testFolder } from "../support/folder.ts";

async function ownDatabase(): Promise<Record<string, string>> {
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  return { DATABASE_URL: database.url };
}

const secret = "whsec_0123456789abcdefghijklmnopqrst";

/** A Stripe request as somebody captured it, with one byte of its body changed if asked. */
async function captureInto(cwd: string, change: (body: string) => string = (body) => body): Promise<void> {
  const body = '{"id":"evt_1","type":"invoice.paid"}';
  const request = { method: "POST", url: "/in/x", headers: [] as [string, string][], body: Buffer.from(body) };
  const headers = sign({ provider: "stripe", receiver: { secrets: [secret] }, request, now: new Date() });
  const lines = headers.map(([name, value]) => `${name}: ${value}`).join("\r\n");
  await writeFile(join(cwd, "request.http"), `POST /in/x HTTP/1.1\r\n${lines}\r\n\r\n${change(body)}`);
}

const saved = ["verify", "--provider", "stripe", "--request", "request.http"];

describe("verify", () => {
  it("says of a captured request that it is genuine, by which secret, and what it is", async () => {
    const cwd = testFolder();
    await captureInto(cwd);
    const result = await runCli(saved, { cwd, env: { HOLDFAST_VERIFY_SECRET: secret } });
    expect(result).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringMatching(/^genuine .*\n.*evt_1, type invoice\.paid/),
    });
  });

  it("says what is wrong with one that is not, without the secret", async () => {
    const cwd = testFolder();
    await captureInto(cwd, (body) => body.replace("paid", "void"));
    const result = await runCli([...saved, "--secret-env", "SECRET"], { cwd, env: { SECRET: secret } });
    expect(result).toMatchObject({ code: 1, stdout: expect.stringMatching(/^not genuine {2}signature_mismatch/) });
    expect(result.stdout).not.toContain(secret);
    const json = await runCli([...saved, "--secret-stdin", "--json"], { cwd, input: secret });
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, reason: "signature_mismatch" });
  });

  it("tells an old request from a forged one, and takes the moment to check at", async () => {
    const cwd = testFolder();
    await captureInto(cwd);
    const late = await runCli([...saved, "--now", "2099-01-01T00:00:00Z"], {
      cwd,
      env: { HOLDFAST_VERIFY_SECRET: secret },
    });
    expect(late).toMatchObject({ code: 1, stdout: expect.stringContaining("timestamp_too_old") });
  });
});

describe("doctor", () => {
  it("ends with 0 when all is well, and with 1 and a remedy when no gateway runs", async () => {
    const cwd = testFolder();
    const without = await runCli(["doctor", "--json"], { cwd });
    expect(without.code).toBe(1);
    expect(JSON.parse(without.stdout)).toMatchObject({
      ok: false,
      findings: expect.arrayContaining([
        expect.objectContaining({ check: "gateway", ok: false, remedy: expect.stringContaining("holdfast dev") }),
      ]),
    });
    const gateway = startCli(["start", "--json", "--port", "0", "--admin-port", "0"], {
      cwd,
      env: await ownDatabase(),
    });
    await whenReady(gateway);
    const result = await runCli(["doctor"], { cwd });
    expect(result).toMatchObject({ code: 0, stderr: "" });
    for (const check of [
      "node",
      "configuration",
      "data folder",
      "disk",
      "gateway",
      "database",
      "partitions",
      "deliveries",
    ]) {
      expect(result.stdout).toMatch(new RegExp(`^ok {7}${check} `, "m"));
    }
  });

  it("says why, as `status` does, when the gateway runs and its database is away", async () => {
    const cwd = testFolder();
    const { DATABASE_URL: url } = await ownDatabase();
    const proxy = await startFaultProxy(url!);
    onTestFinished(() => proxy.close());
    const gateway = startCli(["start", "--json", "--port", "0", "--admin-port", "0"], {
      cwd,
      env: { DATABASE_URL: proxy.url },
    });
    const { adminUrl } = await whenReady(gateway);
    onTestFinished(() => proxy.start());
    await proxy.stop();
    await expect.poll(async () => (await fetch(`${adminUrl}/readyz`)).status).toBe(503);

    const { code, stdout } = await runCli(["doctor"], { cwd });
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^problem {2}gateway .*database unreachable: /m)]);
    expect(stdout).not.toContain("holdfast dev");
    const status = await runCli(["status"], { cwd });
    expect([status.code, status.stderr]).toEqual([
      1,
      expect.stringMatching(/database unreachable: .*\n.*database\.md/),
    ]);
  });

  it("measures the disk where the embedded database is, which as root may be another folder than the data folder", async () => {
    const [cwd, home] = [testFolder(), testFolder()];
    await mkdir(join(cwd, ".holdfast"));
    await writeFile(join(cwd, ".holdfast", "database-folder"), `${home}\n`);
    expect((await runCli(["doctor"], { cwd })).stdout).toContain(`GiB free at ${home}\n`);
  });

  it("finds the faults of a configuration file", async () => {
    const cwd = testFolder();
    await writeFile(join(cwd, "holdfast.config.mjs"), "export default { port: -1, hosst: 5 }");
    const { code, stdout } = await runCli(["doctor"], { cwd });
    expect([code, stdout.match(/^problem {2}configuration/gm)?.length]).toEqual([1, 2]);
  });
});

describe("migrate and db", () => {
  it("exports a database into one file, and imports it into an empty one, once", async () => {
    const cwd = testFolder();
    const [from, to] = [await ownDatabase(), await ownDatabase()];
    expect(await runCli(["migrate", "--json"], { cwd, env: from })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\{"version":\d+,"ahead":\[\]\}\n$/),
    });
    const gateway = startCli(["dev", "--json", "--port", "0", "--admin-port", "0", "--receiver-port", "0"], {
      cwd,
      env: from,
    });
    await whenReady(gateway);
    const sent = await runCli(["send", "stripe", "--json"], { cwd });
    const { eventId } = JSON.parse(sent.stdout) as { eventId: string };
    expect((await gateway.stop()).code).toBe(0);

    expect(await runCli(["db", "export", "all.holdfast"], { cwd, env: from })).toMatchObject({ code: 0 });
    expect((await stat(join(cwd, "all.holdfast"))).mode & 0o777).toBe(0o600);
    expect(await runCli(["db", "export", "all.holdfast"], { cwd, env: from })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("is there already"),
    });
    expect(await runCli(["db", "import", "all.holdfast"], { cwd, env: to })).toMatchObject({ code: 0 });
    expect(await runCli(["db", "import", "all.holdfast"], { cwd, env: to })).toMatchObject({ code: 2 });

    const moved = startCli(["start", "--json", "--port", "0", "--admin-port", "0"], { cwd, env: to });
    await whenReady(moved);
    expect(await runCli(["events", "show", eventId], { cwd })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("sample-stripe"),
    });
  });
});

it("flags say which gateway is asked, over the environment; a file that is applied goes where the environment says", async () => {
  const cwd = testFolder();
  const ports = ["--port", "0", "--admin-port", "0"];
  const gateway = startCli(["start", "--json", "--data-dir", "data", ...ports], { cwd, env: await ownDatabase() });
  const { adminUrl, adminToken } = await whenReady(gateway);
  const sources = { hub: { provider: "github", secrets: ["a-secret-of-some-length-for-github"] } };
  for (const dataDir of ["data", "nowhere"])
    await writeFile(join(cwd, `${dataDir}.mjs`), `export default ${JSON.stringify({ dataDir, sources })}`);
  const list = ["events", "--json"];
  const elsewhere = { HOLDFAST_ADMIN_URL: "http://127.0.0.1:9", HOLDFAST_ADMIN_TOKEN: "hfk_of_another" };
  for (const flags of [
    ["--data-dir", "data"],
    ["--config", "data.mjs"],
    ["--url", adminUrl, "--token", adminToken],
  ])
    expect(await runCli([...list, ...flags], { cwd, env: elsewhere })).toMatchObject({ code: 0, stderr: "" });
  expect(await runCli([...list, "--data-dir", "nowhere"], { cwd, env: elsewhere })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`no gateway is running with the data folder ${join(cwd, "nowhere")}`),
  });
  const here = { HOLDFAST_ADMIN_URL: adminUrl, HOLDFAST_ADMIN_TOKEN: adminToken };
  const applied = await runCli(["apply", "--dry-run", "--config", "nowhere.mjs"], { cwd, env: here });
  expect(applied).toMatchObject({ code: 0, stdout: expect.stringContaining("source/hub") });
});
