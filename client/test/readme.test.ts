import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../gateway/test/support/database.ts";
import { signDelivery } from "../src/sign-delivery.ts";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));

/** The first JavaScript example of the README, as a stranger would copy it. */
async function readExample(): Promise<string> {
  const readme = await readFile(join(PACKAGE, "README.md"), "utf8");
  const [, example] = /```js\n(.*?)```/s.exec(readme) ?? [];
  if (example === undefined) throw new Error("the README has no example");
  return example;
}

interface Example {
  readonly url: string;
  readonly process: ChildProcess;
  /** Resolves as soon as the example has said this on standard error. */
  told(pattern: RegExp): Promise<void>;
}

async function runExample(env: Record<string, string>): Promise<Example> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-readme-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "example.mjs"), await readExample());
  await symlink(join(PACKAGE, "..", "node_modules"), join(folder, "node_modules"), "dir");
  const { HOLDFAST_SIGNING_SECRET: _secret, ...inherited } = process.env;
  const child = spawn(process.execPath, [join(folder, "example.mjs")], {
    env: { ...inherited, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  const [line] = (await Promise.race([once(child.stdout, "data"), once(child, "exit").then(() => ["ended"])])) as [
    Buffer | string,
  ];
  const port = /listening on (\d+)/.exec(String(line))?.[1];
  const told = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(errors)) {
      if (child.exitCode !== null) throw new Error(`the example ended with ${child.exitCode}: ${errors}`);
      await Promise.race([once(child.stderr, "data"), once(child, "exit")]);
    }
  };
  return { url: `http://127.0.0.1:${port}/`, process: child, told };
}

interface Receiver extends Example {
  readonly database: TestDatabase;
  /** Delivers `body` and gives the status; `tampered` is what arrives instead. */
  deliver(id: string, body: Buffer, tampered?: Buffer): Promise<number>;
}

async function startReceiver(): Promise<Receiver> {
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const example = await runExample({ DATABASE_URL: database.url, HOLDFAST_SIGNING_SECRET: secret });
  const deliver = async (id: string, body: Buffer, tampered = body): Promise<number> => {
    const headers = { ...signDelivery({ secret, id, body }) };
    return (await fetch(example.url, { method: "POST", headers, body: tampered as Uint8Array<ArrayBuffer> })).status;
  };
  return { ...example, database, deliver };
}

const event = (id: string, amount: unknown) => Buffer.from(JSON.stringify({ id, data: { object: { amount } } }));

async function ask(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test("the README's example verifies deliveries and acts on each of them once", async () => {
  const { database, deliver } = await startReceiver();
  expect(await deliver("dlv_1", event("evt_1", 100))).toBe(204);
  expect(await deliver("dlv_1", event("evt_1", 100))).toBe(204);
  expect(await Promise.all(Array.from({ length: 5 }, () => deliver("dlv_2", event("evt_2", 200))))).toEqual([
    204, 204, 204, 204, 204,
  ]);
  expect(await deliver("dlv_3", event("evt_3", 300), event("evt_3", 999))).toBe(401);
  expect(await deliver("dlv_4", event("evt_4", "not a number"))).toBe(500);
  expect(await deliver("dlv_4", event("evt_4", 400))).toBe(204);

  expect(await ask(database.url, "SELECT event, cents FROM payment ORDER BY event")).toEqual([
    { event: "evt_1", cents: "100" },
    { event: "evt_2", cents: "200" },
    { event: "evt_4", cents: "400" },
  ]);
});

test("a stranger who sends half a body, or too large a one, costs the README's example nothing", async () => {
  const { url, deliver, told } = await startReceiver();
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\nhalf");
  // Its handler runs: it has asked for the rest.
  await once(socket, "data");
  socket.destroy();
  await told(/aborted|ECONNRESET/);
  expect(await deliver("dlv_1", Buffer.alloc(1_048_577, " "))).toBe(413);
  expect(await deliver("dlv_2", event("evt_2", 200))).toBe(204);
});

test("the README's example goes on when the database has cut its idle connections", async () => {
  const { database, deliver, told } = await startReceiver();
  expect(await deliver("dlv_1", event("evt_1", 100))).toBe(204);
  const cut =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
  expect(await ask(database.adminUrl, cut)).not.toEqual([]);
  await told(/terminating connection/);
  expect(await deliver("dlv_2", event("evt_2", 200))).toBe(204);
});

test("the README's example without its secret refuses everything and says why", async () => {
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  const { url } = await runExample({ DATABASE_URL: database.url });
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const body = event("evt_1", 100);
  const headers = { ...signDelivery({ secret, id: "dlv_1", body }) };
  const answer = await fetch(url, { method: "POST", headers, body: body as Uint8Array<ArrayBuffer> });
  expect([answer.status, await answer.text()]).toEqual([401, "secret_unusable"]);
});
