import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type CliResult, runCli, startCli, whenReady } from "../support/cli.ts";
import { testDatabase } from "../support/database.ts";
import { testFolder } from "../support/folder.ts";

/** Every refusal: the exit code, words on standard error, nothing on standard output, and never a stack. */
function expectRefusal(result: CliResult, code: number, words: RegExp): void {
  expect(result).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(words) });
  expect(result.stderr).not.toMatch(/\n\s+at .*:\d+:\d+|node:internal/);
}

/** A taken port of this machine. */
async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function ownDatabase(): Promise<Record<string, string>> {
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  return { DATABASE_URL: database.url };
}

describe("bad input ends with 2 and says what is wrong", () => {
  it.each([
    [["strat"], /unknown command 'strat'[\s\S]*Did you mean start/],
    [["events", "--limti", "5"], /unknown option '--limti'/],
    [["events", "--limit", "0"], /--limit must be a whole number from 1 to 1000/],
    [["send", "stripe", "--count", "x"], /--count must be/],
    [["send", "stripe", "--data", "@nowhere.json"], /nowhere\.json, which cannot be read \(ENOENT\)/],
    [["send"], /missing required argument 'provider'/],
    [["deliveries", "--state", "done"], /--state must be one of ready/],
    [["events", "--url", "localhost"], /is no http URL/],
    [["events", "--url", "http://127.0.0.1:9"], /there is no API key[\s\S]*--token/],
    [["events", "--url", "http://127.0.0.1:9", "--data-dir", "x"], /--url and --data-dir name two gateways/],
    [["start", "--config", "nowhere.ts"], /nowhere\.ts: there is no such file/],
    [["apply"], /there is no configuration file here[\s\S]*holdfast init/],
    [["verify", "--provider", "strpe", "--request", "x"], /Did you mean stripe/],
    [["db", "import", "nowhere"], /there is no file/],
    [["dev", "--receiver-port", "70000"], /--receiver-port must be/],
  ])("%j", async (args, words) => {
    expectRefusal(await runCli(args, { cwd: testFolder() }), 2, words);
  });

  it.each([
    [["events", "--json", "--limti", "5"], "unknown option '--limti'", "Did you mean --limit?"],
    [["db", "--json"], "unknown option '--json'", null],
    [["strat", "--json"], "unknown command 'strat'", "Did you mean start?"],
    [["verify", "--json"], "required option '--provider <slug>' not specified", null],
    [["events", "show", "", "--json"], "argument 'id' is \"\", which names nothing", null],
    [["help", "strat", "--json"], "the command is not complete, or not known", "Add --help to see what may follow."],
  ])("%j is refused as JSON, as any error is with --json", async (args, problem, remedy) => {
    const { code, stdout, stderr } = await runCli(args, { cwd: testFolder() });
    expect([code, stdout, JSON.parse(stderr)]).toEqual([2, "", { error: { problem, remedy } }]);
  });

  it("tells five mistakes of a configuration file at once, each with its place", async () => {
    const cwd = testFolder();
    const content = {
      prot: 1,
      worker: { leaseMs: "long" },
      sources: { stripe: { provider: "stripe", secrets: [""] } },
      destinations: { app: { url: "ftp://a.example/" } },
      routes: [{ source: "stripe", destination: "ap" }],
    };
    await writeFile(join(cwd, "holdfast.config.mjs"), `export default ${JSON.stringify(content)}`);
    const result = await runCli(["start"], { cwd });
    expectRefusal(result, 2, /has 5 faults/);
    for (const place of [
      /prot /,
      /worker\.leaseMs /,
      /sources\.stripe\.secrets\[0\]/,
      /destinations\.app\.url /,
      /routes\[0\]\.destination /,
    ]) {
      expect(result.stderr).toMatch(place);
    }
    const json = await runCli(["start", "--json"], { cwd });
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { faults: { length: 5 } } });
  });

  it("names the line of a syntax error in the configuration file", async () => {
    const cwd = testFolder();
    await writeFile(join(cwd, "holdfast.config.ts"), "export default {\n  port: 1,,\n};\n");
    expectRefusal(await runCli(["start"], { cwd }), 2, /holdfast\.config\.ts: line 2: /);
  });

  it("names the port that is taken, and the flag", async () => {
    const port = await takenPort();
    const env = await ownDatabase();
    const cwd = testFolder();
    expectRefusal(
      await runCli(["start", "--port", `${port}`, "--admin-port", "0"], { cwd, env }),
      2,
      new RegExp(`port ${port} .*\\n.*--port`),
    );
    expectRefusal(
      await runCli(["start", "--port", "0", "--admin-port", `${port}`], { cwd, env }),
      2,
      new RegExp(`${port}[\\s\\S]*--admin-port`),
    );
  });

  it("refuses a second gateway on one embedded data folder, and says who has it", async () => {
    const cwd = testFolder();
    const first = startCli(["start", "--json", "--port", "0", "--admin-port", "0"], { cwd });
    await whenReady(first);
    const second = await runCli(["start", "--json", "--port", "0", "--admin-port", "0"], { cwd });
    expectRefusal(second, 2, new RegExp(`process ${first.process.pid}[\\s\\S]*--data-dir`));
    expect((await first.stop()).code).toBe(0);
  });
});

describe("what is not the input's fault ends with 1", () => {
  it("says that no gateway runs, and how to start one", async () => {
    const cwd = testFolder();
    expectRefusal(await runCli(["events"], { cwd }), 1, /no gateway is running[\s\S]*npx holdfast dev/);
    const json = await runCli(["events", "--json"], { cwd });
    expect(JSON.parse(json.stderr)).toMatchObject({
      error: { problem: expect.stringContaining("no gateway"), remedy: expect.any(String) },
    });
  });

  it("says that no gateway answers where one is said to be", async () => {
    const env = { HOLDFAST_ADMIN_URL: "http://127.0.0.1:9", HOLDFAST_ADMIN_TOKEN: "hfk_x" };
    expectRefusal(
      await runCli(["events"], { cwd: testFolder(), env }),
      1,
      /no gateway answers at http:\/\/127\.0\.0\.1:9/,
    );
  });

  it("says what to check when the database cannot be reached", async () => {
    const env = { DATABASE_URL: "postgres://holdfast:hunter2@127.0.0.1:9/none" };
    const result = await runCli(["start"], { cwd: testFolder(), env });
    expectRefusal(result, 1, /cannot connect to the database[\s\S]*DATABASE_URL/);
    expect(result.stderr).not.toContain("hunter2");
  });
});

it("init writes a file that starts as it is, and never writes over one", async () => {
  const cwd = testFolder();
  expect(await runCli(["init"], { cwd })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("holdfast.config.ts"),
  });
  const written = await readFile(join(cwd, "holdfast.config.ts"), "utf8");
  expectRefusal(await runCli(["init"], { cwd }), 2, /is there already/);
  expect(await readFile(join(cwd, "holdfast.config.ts"), "utf8")).toBe(written);
  const dev = startCli(["dev", "--json", "--port", "0", "--admin-port", "0"], { cwd, env: await ownDatabase() });
  expect(await whenReady(dev)).not.toHaveProperty("receiverUrl");
  expect((await dev.stop("SIGINT")).code).toBe(0);
  expect(existsSync(join(cwd, ".holdfast", "cli.json"))).toBe(false);
});
