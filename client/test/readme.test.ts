import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { testDatabase } from "../../gateway/test/support/database.ts";
import { signDelivery } from "../src/sign-delivery.ts";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));

/** The first JavaScript example of the README, as a stranger would copy it. */
async function readExample(): Promise<string> {
  const readme = await readFile(join(PACKAGE, "README.md"), "utf8");
  const [, example] = /```js\n(.*?)```/s.exec(readme) ?? [];
  if (example === undefined) throw new Error("the README has no example");
  return example;
}

async function runExample(env: Record<string, string>): Promise<{ url: string; process: ChildProcess }> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-readme-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "example.mjs"), await readExample());
  await symlink(join(PACKAGE, "..", "node_modules"), join(folder, "node_modules"), "dir");
  const stdio = ["ignore", "pipe", "ignore"] as const;
  const child = spawn(process.execPath, [join(folder, "example.mjs")], {
    env: { ...process.env, PORT: "0", ...env },
    stdio: [...stdio],
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  const [line] = (await Promise.race([once(child.stdout!, "data"), once(child, "exit").then(() => ["ended"])])) as [
    Buffer | string,
  ];
  const port = /listening on (\d+)/.exec(String(line))?.[1];
  return { url: `http://127.0.0.1:${port}/`, process: child };
}

test("the README's example verifies deliveries and acts on each of them once", async () => {
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const { url } = await runExample({ DATABASE_URL: database.url, HOLDFAST_SIGNING_SECRET: secret });

  const event = (id: string, amount: unknown) => Buffer.from(JSON.stringify({ id, data: { object: { amount } } }));
  const deliver = async (id: string, body: Buffer, tampered = body): Promise<number> => {
    const headers = { ...signDelivery({ secret, id, body }) };
    return (await fetch(url, { method: "POST", headers, body: tampered as Uint8Array<ArrayBuffer> })).status;
  };
  expect(await deliver("dlv_1", event("evt_1", 100))).toBe(204);
  expect(await deliver("dlv_1", event("evt_1", 100))).toBe(204);
  expect(await Promise.all(Array.from({ length: 5 }, () => deliver("dlv_2", event("evt_2", 200))))).toEqual([
    204, 204, 204, 204, 204,
  ]);
  expect(await deliver("dlv_3", event("evt_3", 300), event("evt_3", 999))).toBe(401);
  expect(await deliver("dlv_4", event("evt_4", "not a number"))).toBe(500);
  expect(await deliver("dlv_4", event("evt_4", 400))).toBe(204);

  const client = new Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query("SELECT event, cents FROM payment ORDER BY event");
  await client.end();
  expect(rows).toEqual([
    { event: "evt_1", cents: "100" },
    { event: "evt_2", cents: "200" },
    { event: "evt_4", cents: "400" },
  ]);
});
