import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { expect, it, onTestFinished } from "vitest";
import type { ReadyLine, RunningCli } from "../support/cli.ts";
import { runCli, startCli, whenReady } from "../support/cli.ts";
import { testDatabase } from "../support/database.ts";
import { until } from "../support/embedded.ts";
import { testFolder } from "../support/folder.ts";
import { post, SECRET, stripeEvent } from "../support/ingest-gateway.ts";
import { startReceiver } from "../support/receiver.ts";

interface LiveProcess {
  readonly pid: number;
  readonly roles: readonly string[];
  readonly leads: boolean;
}

async function ask<T>({ adminUrl, adminToken }: ReadyLine, what: string): Promise<T> {
  const answer = await fetch(`${adminUrl}/api/v1/${what}`, { headers: { authorization: `Bearer ${adminToken}` } });
  if (!answer.ok) throw new Error(`the ${what} was answered ${answer.status}`);
  return (await answer.json()) as T;
}

const processesOf = async (ready: ReadyLine): Promise<readonly LiveProcess[]> =>
  (await ask<{ processes: LiveProcess[] }>(ready, "status")).processes;

const settingsOf = async (ready: ReadyLine): Promise<object> =>
  (await ask<{ settings: object }>(ready, "settings")).settings;

/** Sends until it is answered 200, as a provider does. */
async function deliver(url: string, id: string): Promise<void> {
  for (;;) {
    const answer = await post(url, stripeEvent(id)).catch(() => null);
    if (answer?.status === 200) return;
    expect([429, 503, undefined]).toContain(answer?.status);
  }
}

/** Resolves when a line of the log says this. */
function told(cli: RunningCli, message: string): Promise<void> {
  return new Promise((resolve) => {
    let text = "";
    const read = (chunk: string): void => {
      text += chunk;
      if (!text.includes(message)) return;
      cli.process.stderr!.off("data", read);
      resolve();
    };
    cli.process.stderr!.on("data", read);
  });
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it("several processes serve one port on the embedded database; a restart in turn, and one that is killed, cost no event", async () => {
  const folder = testFolder();
  const receiver = await startReceiver();
  const config = {
    sources: { payments: { provider: "stripe", key: "payments-key", secrets: [SECRET] } },
    destinations: { billing: { url: `${receiver.url}/billing` } },
    routes: [{ source: "payments", destination: "billing" }],
    egress: { allowCidrs: ["127.0.0.1/32"] },
    drainTimeoutMs: 4_000,
  };
  const declare = (processes: number): void =>
    writeFileSync(join(folder, "holdfast.config.mjs"), `export default ${JSON.stringify({ ...config, processes })};`);
  declare(2);
  const args = ["start", "--json", "--port", "0", "--admin-port", "0", "--data-dir", "data"];
  const cli = startCli(args, { cwd: folder, env: { HOLDFAST_LOG_LEVEL: "info" } });
  const ready = await whenReady(cli);
  expect(ready).toMatchObject({ processes: 2 });
  // Each knows of the others: they share the machine's memory.
  expect(await settingsOf(ready)).toMatchObject({ processes: 2 });
  await until(async () => (await processesOf(ready)).length === 2);
  const before = await processesOf(ready);
  expect(before.filter(({ leads }) => leads)).toHaveLength(1);
  expect(before.filter(({ roles }) => roles.includes("admin"))).toHaveLength(1);

  let sent = 0;
  const stop = new AbortController();
  const sending = Promise.all(
    [0, 1].map(async () => {
      while (!stop.signal.aborted) await deliver(ready.ingestUrl, `evt_${sent++}`);
    }),
  );
  await until(() => sent > 20);
  // One scrape shows all of them: what both took in, and the lead that one of them has.
  await until(async () => {
    const text = await (await fetch(`${ready.adminUrl}/metrics`)).text();
    const valueOf = (name: string): number => Number(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "m").exec(text)?.[1]);
    return valueOf("holdfast_leader") === 1 && valueOf("holdfast_ingest_ack_seconds_count") > 20;
  });
  // The database is their parent's, and its disk is the one that they fill.
  await until(async () => {
    const text = await (await fetch(`${ready.adminUrl}/metrics`)).text();
    return Number(/^holdfast_saturation_signal_ratio\{signal="disk"\} (\S+)$/m.exec(text)?.[1]) > 0;
  });
  // Read anew it says something else; they stay as many as they are.
  declare(1);
  cli.process.kill("SIGHUP");
  await until(async () => {
    const pids = (await processesOf(ready).catch(() => before)).map(({ pid }) => pid);
    return pids.length === 2 && before.every(({ pid }) => !pids.includes(pid));
  });
  let restarted: readonly LiveProcess[] = [];
  await until(async () => {
    restarted = await processesOf(ready).catch(() => []);
    return restarted.length > 0;
  });
  expect(await settingsOf(ready)).toMatchObject({ processes: 2 });
  const victim = restarted.find(({ roles }) => !roles.includes("admin"))!;
  process.kill(victim.pid, "SIGKILL");
  const atKill = sent;
  await until(async () => {
    const now = await processesOf(ready);
    return now.some(({ pid }) => restarted.every((one) => one.pid !== pid)) && sent > atKill + 20;
  });
  stop.abort();
  await sending;
  // What the killed one had leased comes when its lease has ended; what it had sent may come twice, by the same key.
  await until(async () => new Set(receiver.arrivals.map(({ key }) => key)).size >= sent - 128);
  const found = await runCli(["doctor", "--data-dir", "data", "--json"], { cwd: folder });
  expect(found.stdout).toContain("processes");
  const last = (await processesOf(ready)).map(({ pid }) => pid);
  const { code } = await cli.stop();
  expect(code).toBe(0);
  expect(last.filter(isAlive)).toEqual([]);
});

it("a restart in turn while one that died is being started again leaves as many processes as there were", async () => {
  const folder = testFolder();
  const database = await testDatabase();
  const client = new Client({ connectionString: database.url });
  await client.connect();
  onTestFinished(async () => {
    await client.end();
    await database.drop();
  });
  const alive = async (): Promise<readonly LiveProcess[]> =>
    (await client.query<LiveProcess>("SELECT pid, roles FROM holdfast.process")).rows.filter(({ pid }) => isAlive(pid));
  const file = join(folder, "holdfast.config.mjs");
  writeFileSync(file, "export default {};");
  const args = ["start", "--json", "--processes", "2", "--port", "0", "--admin-port", "0"];
  const cli = startCli(args, { cwd: folder, env: { HOLDFAST_LOG_LEVEL: "info", DATABASE_URL: database.url } });
  await whenReady(cli);
  await until(async () => (await alive()).length === 2);
  const first = (await alive()).find(({ roles }) => roles.includes("admin"))!;
  writeFileSync(file, "throw new Error('half written');");
  const failed = told(cli, "a process did not start");
  process.kill(first.pid, "SIGKILL");
  await failed;
  writeFileSync(file, "export default {};");
  // The second takes longer than any pause before the next try.
  for (let i = 0; i < 2; i++) {
    const restarted = told(cli, "all processes were restarted");
    cli.process.kill("SIGHUP");
    await restarted;
  }
  await until(async () => (await alive()).length === 2);
  expect(await cli.stop()).toMatchObject({ code: 0 });
});
