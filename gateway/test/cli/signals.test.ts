import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { expect, it, onTestFinished } from "vitest";
import { isPostmaster, readPostmasterFile } from "../../src/store/embedded/postmaster.ts";
import { runCli, startCli } from "../support/cli.ts";
import { testDatabase } from "../support/database.ts";
import { madeOnce, query, until } from "../support/embedded.ts";
import { testFolder } from "../support/folder.ts";

const madeDatabase = madeOnce();

/** Whether an embedded server runs on the data folder. */
function hasServer(dataDir: string): boolean {
  return serverOf(dataDir) !== null;
}

function serverOf(dataDir: string): number | null {
  const pgdata = join(dataDir, "postgres");
  const found = readPostmasterFile(pgdata);
  return found !== null && isPostmaster(found.pid, pgdata) ? found.pid : null;
}

/** A data folder with an embedded database; a server that is left on it is ended with the test. */
function embeddedFolder(): string {
  const dataDir = madeDatabase();
  onTestFinished(async () => {
    const left = serverOf(dataDir);
    if (left !== null) process.kill(left, "SIGQUIT");
    await until(() => !hasServer(dataDir));
  });
  return dataDir;
}

const FREE_PORTS = ["--port", "0", "--admin-port", "0"];

/** A gateway in the middle of a delivery to a service that never answers: a drain has something to wait for. */
async function busyGateway() {
  const cwd = testFolder();
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  let onArrival: () => void = () => {};
  const arrived = new Promise<void>((resolve) => (onArrival = resolve));
  const server = createServer(() => onArrival());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const content = {
    sources: { hub: { provider: "github", secrets: ["a-secret-of-some-length-for-github"] } },
    destinations: { app: { url: `http://127.0.0.1:${port}/` } },
    routes: [{ source: "hub", destination: "app" }],
  };
  await writeFile(join(cwd, "holdfast.config.mjs"), `export default ${JSON.stringify(content)}`);
  const gateway = startCli(["dev", "--port", "0", "--admin-port", "0"], { cwd, env: { DATABASE_URL: database.url } });
  await gateway.line(/^Try/);
  expect(await runCli(["send", "github"], { cwd })).toMatchObject({ code: 0 });
  await arrived;
  return gateway;
}

it("drains and ends with 0 when one press of Ctrl-C comes twice, as it does under npx", async () => {
  const gateway = await busyGateway();
  // Both stand with it when it goes on, however late we are with the second; of two that are alike one would be left.
  for (const signal of ["SIGSTOP", "SIGINT", "SIGTERM", "SIGCONT"] as const) gateway.process.kill(signal);
  expect(await gateway.ended).toMatchObject({ code: 0, stderr: expect.stringContaining("Stopping") });
});

it("ends at once with 1 when it is told a second time while it drains (F09)", async () => {
  const gateway = await busyGateway();
  for (let over: unknown = null; over === null; over = await Promise.race([gateway.ended, pause(50, null)])) {
    gateway.process.kill("SIGTERM");
  }
  expect(await gateway.ended).toMatchObject({ code: 1, stderr: expect.stringContaining("Stopping") });
});

it("drains and takes its database along when the terminal that it writes its errors to is gone", async () => {
  const dataDir = embeddedFolder();
  const gateway = startCli(["start", ...FREE_PORTS, "--data-dir", dataDir], { cwd: testFolder() });
  await gateway.line(/holdfast doctor/);
  gateway.process.stderr!.destroy();
  expect((await gateway.stop("SIGTERM")).code).toBe(0);
  expect([hasServer(dataDir), existsSync(join(dataDir, "cli.json"))]).toEqual([false, false]);
});

it("drains and takes its database along when the reader of what it prints has seen enough", async () => {
  const dataDir = embeddedFolder();
  const gateway = startCli(["start", ...FREE_PORTS, "--data-dir", dataDir], { cwd: testFolder() });
  gateway.process.stdout!.destroy();
  expect(await gateway.ended).toMatchObject({ code: 0, stderr: expect.stringContaining("Stopping") });
  expect([hasServer(dataDir), existsSync(join(dataDir, "cli.json"))]).toEqual([false, false]);
});

it("an export that nobody reads ends with 1 and takes its database along", async () => {
  const dataDir = embeddedFolder();
  const exporting = startCli(["db", "export", "-", "--data-dir", dataDir], { cwd: testFolder() });
  exporting.process.stdout!.destroy();
  expect(await exporting.ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/broke off: .*EPIPE/) });
  expect(hasServer(dataDir)).toBe(false);
});

it("drains and takes its database along when its terminal is closed", async () => {
  const dataDir = embeddedFolder();
  const gateway = startCli(["dev", ...FREE_PORTS, "--receiver-port", "0", "--data-dir", dataDir], {
    cwd: testFolder(),
  });
  await gateway.line(/^Try/);
  expect(await gateway.stop("SIGHUP")).toMatchObject({ code: 0, stderr: expect.stringContaining("Stopping") });
  expect([hasServer(dataDir), existsSync(join(dataDir, "cli.json"))]).toEqual([false, false]);
});

const TOLD = expect.stringMatching(/Stopping[\s\S]*told to stop/);

it("an import that is told to stop ends with 1 and takes its database along", async () => {
  const dataDir = embeddedFolder();
  const importing = startCli(["db", "import", "-", "--data-dir", dataDir], { cwd: testFolder(), input: null });
  await until(() => hasServer(dataDir));
  expect(await importing.stop("SIGINT")).toMatchObject({ code: 1, stderr: TOLD });
  expect(hasServer(dataDir)).toBe(false);
});

/** A session that holds what the commands on the database need, until it lets go, and says who waits for it. */
async function holdUp(url: string, statement: string) {
  const client = new Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query("BEGIN");
  await client.query(statement);
  // In a session of its own: a transaction sees the same activity until it ends.
  const waiting = async (name: string): Promise<boolean> => {
    const found = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    return (await query(url, `${found} AND application_name = '${name}'`)).length > 0;
  };
  return { waiting, letGo: () => client.query("ROLLBACK") };
}

it("an export that is told to stop ends with 1 and leaves no part of a file", async () => {
  const cwd = testFolder();
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  const { waiting } = await holdUp(database.url, "LOCK TABLE holdfast.event");
  const exporting = startCli(["db", "export", "backup"], { cwd, env: { DATABASE_URL: database.url } });
  await until(() => waiting("holdfast db export"));
  expect(existsSync(join(cwd, "backup.unfinished"))).toBe(true);
  expect(await exporting.stop("SIGINT")).toMatchObject({ code: 1, stderr: TOLD });
  expect(await readdir(cwd)).toEqual([]);
});

it("a migration that is told to stop ends with 1 when the step that is under way is done", async () => {
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  // The lock of whoever migrates.
  const { waiting, letGo } = await holdUp(database.url, "SELECT pg_advisory_xact_lock(7214355901)");
  const migrating = startCli(["migrate"], { cwd: testFolder(), env: { DATABASE_URL: database.url } });
  await until(() => waiting("holdfast migrate"));
  migrating.process.kill("SIGTERM");
  await migrating.told(/Stopping/);
  await letGo();
  expect(await migrating.ended).toMatchObject({ code: 1, stderr: TOLD });
});

it("an export into a folder that is not there is refused, and takes its database along", async () => {
  const dataDir = embeddedFolder();
  const refused = await runCli(["db", "export", "nowhere/backup", "--data-dir", dataDir], { cwd: testFolder() });
  expect(refused).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/cannot be written: .*ENOENT/) });
  expect(hasServer(dataDir)).toBe(false);
});
