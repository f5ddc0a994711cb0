import { spawn } from "node:child_process";
import { appendFileSync, chownSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { silentLog } from "../../src/platform/log.ts";
import { cutLog } from "../../src/store/embedded/keep-log-short.ts";
import { superviseEmbedded } from "../../src/store/embedded/supervise-embedded.ts";
import type { SupervisedServer } from "../../src/store/embedded/supervise-embedded.ts";
import { isRunning, madeOnce, owner, query, started, until } from "../support/embedded.ts";

const madeDatabase = madeOnce();

async function supervised(dataDir: string): Promise<SupervisedServer> {
  const server = await superviseEmbedded({ log: silentLog, dataDir });
  if (!server.ok) throw new Error(server.message);
  onTestFinished(() => server.stop());
  return server;
}

/** Whether the database answers; it may be away for a moment. */
async function answers(url: string): Promise<boolean> {
  return query(url, "select 1").then(
    () => true,
    () => false,
  );
}

test("a database that somebody kills comes back by itself at the same URL with all its rows, again and again (F15, F16)", async () => {
  const server = await supervised(madeDatabase());
  await query(server.url, "create table kept (n int)");
  for (const n of [1, 2, 3]) {
    await query(server.url, `insert into kept values (${n})`);
    const before = server.pid();
    process.kill(before, n === 2 ? "SIGQUIT" : "SIGKILL");
    await until(() => server.restarts() === n);
    expect(server.pid()).not.toBe(before);
    expect(await query(server.url, "select array_agg(n order by n) as n from kept")).toEqual([
      { n: [1, 2, 3].slice(0, n) },
    ]);
  }
});

test("a killed backend cuts our session too, and the folder stays ours all the same", async () => {
  const dataDir = madeDatabase();
  const server = await supervised(dataDir);
  const [row] = await query<{ pid: number }>(
    server.adminUrl,
    "select pid from pg_stat_activity where application_name like 'holdfast owner %'",
  );
  process.kill(row?.pid ?? 0, "SIGKILL");
  const holder =
    "select count(*)::int as n from pg_stat_activity where application_name like 'holdfast owner %' and pid <> ";
  await until(() =>
    query(server.adminUrl, `${holder}${row?.pid}`).then(
      (rows) => rows[0]?.["n"] === 1,
      () => false,
    ),
  );
  expect(server.restarts()).toBe(0);
  expect((await owner({ dataDir }).said).code).toBe("data_dir_in_use");
});

test("gateway and database killed together: the next start recovers by itself", async () => {
  const dataDir = madeDatabase();
  const killed = owner({ dataDir });
  const left = await killed.said;
  await query(left.url, "create table kept as select 43 as n");
  await killed.kill("SIGKILL");
  process.kill(left.pid, "SIGKILL");
  const server = await started({ dataDir });
  expect(server.adopted).toBe(false);
  expect(await query(server.url, "select n from kept")).toEqual([{ n: 43 }]);
});

test.each(["a stranger", "a zombie"])(
  "a postmaster.pid whose number %s has by now does not keep the database down",
  async (who) => {
    const dataDir = madeDatabase();
    const { uid, gid } = statSync(join(dataDir, "postgres"));
    // The zombie is the child of a shell that became `sleep`, which never asks after it.
    const script = who === "a zombie" ? "exit 0 & echo $!; exec sleep 1000" : "echo $$; exec sleep 1000";
    const child = spawn("/bin/sh", ["-c", script], {
      stdio: ["ignore", "pipe", "ignore"],
      ...(uid === process.getuid?.() ? {} : { uid, gid }),
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const pid = Number(
      await new Promise((done) => child.stdout.once("data", (chunk: Buffer) => done(chunk.toString()))),
    );
    const server = await started({ dataDir });
    const file = readFileSync(join(dataDir, "postgres", "postmaster.pid"), "utf8");
    const lock = readFileSync(join(dataDir, "run", ".s.PGSQL.5432.lock"), "utf8");
    await server.stop();
    for (const [path, text] of [
      [join(dataDir, "postgres", "postmaster.pid"), file],
      [join(dataDir, "run", ".s.PGSQL.5432.lock"), lock],
    ] as const) {
      writeFileSync(path, text.replace(`${server.pid}`, `${pid}`), { mode: 0o600 });
      chownSync(path, uid, gid);
    }

    const again = await started({ dataDir });
    expect(again.adopted).toBe(false);
    expect(await answers(again.url)).toBe(true);
  },
);

test("stop during a restart leaves no server behind", async () => {
  const dataDir = madeDatabase();
  const server = await superviseEmbedded({ log: silentLog, dataDir });
  if (!server.ok) throw new Error(server.message);
  const first = server.pid();
  process.kill(first, "SIGKILL");
  await until(() => !isRunning(first, dataDir));
  await server.stop();
  expect(isRunning(server.pid(), dataDir)).toBe(false);
  expect(await answers(server.url)).toBe(false);
});

test("a server that ignores the polite signal is stopped all the same", async () => {
  const dataDir = madeDatabase();
  const server = await started({ dataDir, stopTimeoutMs: 200 });
  // A stopped process hears nothing but SIGKILL.
  process.kill(server.pid, "SIGSTOP");
  await server.stop();
  expect(isRunning(server.pid, dataDir)).toBe(false);
});

test("the database's log is cut when it grows, and the server goes on writing to it", async () => {
  const dataDir = madeDatabase();
  const server = await started({ dataDir });
  const log = join(server.home, "postgres.log");
  const lengthBytes = 100_000;
  appendFileSync(log, "x".repeat(lengthBytes));
  cutLog(log, lengthBytes);
  expect(statSync(`${log}.1`).size).toBeGreaterThan(lengthBytes);
  await server.stop();
  const written = readFileSync(log, "utf8");
  expect(written).toContain("shut down");
  expect(written.length).toBeLessThan(5_000);
  expect(written).not.toContain("\0");
});

test("the log tells of starts and crashes, and never what a statement carried", async () => {
  const server = await started({ dataDir: madeDatabase() });
  await expect(query(server.url, "select 'card 4242'::int")).rejects.toThrow("card 4242");
  await server.stop();
  const log = readFileSync(join(server.home, "postgres.log"), "utf8");
  expect(log).toContain("ready to accept connections");
  expect(log).not.toContain("4242");
});

/** Of a process; none of one that has ended, as an autovacuum worker does whenever it is done. */
function readPssKb(pid: string): number[] {
  try {
    return [Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1])];
  } catch {
    return [];
  }
}

test.runIf(process.platform === "linux")(
  "idle with ten connections it takes at most 60 MB of memory (PSS)",
  async () => {
    const server = await started({ dataDir: madeDatabase() });
    const clients = Array.from({ length: 10 }, () => new Client({ connectionString: server.url }));
    await Promise.all(clients.map((client) => client.connect()));
    onTestFinished(async () => {
      for (const client of clients) await client.end();
    });
    await Promise.all(
      clients.map((client) =>
        client.query("select count(*) from pg_class join pg_attribute on attrelid = pg_class.oid"),
      ),
    );
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isRunning(Number(name), server.home));
    const pssKb = pids.flatMap(readPssKb);
    expect(pssKb.length).toBeGreaterThan(10);
    const sumMb = pssKb.reduce((sum, kb) => sum + kb, 0) / 1024;
    console.log(`idle database: ${pssKb.length} processes, ${sumMb.toFixed(1)} MB PSS`);
    expect(sumMb).toBeLessThan(60);
  },
);
