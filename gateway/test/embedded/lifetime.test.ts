import { readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isAlive } from "../../src/store/embedded/postmaster.ts";
import { isRunning, madeOnce, owner, query, started } from "../support/embedded.ts";
import { testFolder } from "../support/folder.ts";
import { copyPlatformPackage } from "../support/platform-package.ts";

const madeDatabase = madeOnce();

const groupOf = (id: number): string => readFileSync(`/proc/${id}/stat`, "utf8").split(") ")[1]?.split(" ")[2] ?? "";

test("a first start makes a database that only this machine and its own password open", async () => {
  const steps: string[] = [];
  const server = await started({ dataDir: testFolder(), onProgress: ({ step }) => steps.push(step) });
  expect(server).toMatchObject({ created: true, adopted: false, version: expect.stringMatching(/^18\./) });
  expect(steps.slice(0, 2)).toEqual(["initialize", "start"]);

  const [facts] = await query(
    server.url,
    `select current_user as role, (select rolsuper from pg_roles where rolname = current_user) as super,
            current_setting('listen_addresses') as tcp, current_setting('ssl') as ssl, current_setting('fsync') as fsync,
            current_setting('max_connections') as connections, current_setting('data_checksums') as checksums,
            (select datcollate || ' ' || datlocale || ' ' || datlocprovider::text from pg_database where datname = current_database()) as locale`,
  );
  expect(facts).toEqual({
    role: "holdfast",
    super: false,
    tcp: "",
    ssl: "off",
    fsync: "on",
    connections: "60",
    checksums: "on",
    locale: "C C.UTF-8 b",
  });
  expect(statSync(join(server.home, "run")).mode & 0o777).toBe(0o700);
  expect(statSync(join(server.home, "postgres", "holdfast-credentials.json")).mode & 0o777).toBe(0o600);

  const wrong = server.url.replace(/:[^:@]+@/, ":guessed@");
  await expect(query(wrong, "select 1")).rejects.toMatchObject({ code: "28P01" });
});

test("a stopped database has no process left, and the next start finds its rows", async () => {
  const dataDir = madeDatabase();
  const first = await started({ dataDir });
  await query(first.url, "create table kept as select 41 as n");
  await first.stop();
  expect(isRunning(first.pid, first.home)).toBe(false);
  await first.exited;

  const second = await started({ dataDir });
  expect(second).toMatchObject({ created: false, adopted: false, url: first.url });
  expect(await query(second.url, "select n from kept")).toEqual([{ n: 41 }]);
});

test("after kill -9 of the gateway's process group the server goes on, and the next start adopts and stops it", async () => {
  const dataDir = madeDatabase();
  const killed = owner({ dataDir });
  const left = await killed.said;
  await query(left.url, "create table kept as select 42 as n");
  await killed.kill("SIGKILL");
  expect(isRunning(left.pid, left.home)).toBe(true);

  const server = await started({ dataDir });
  expect(server).toMatchObject({ adopted: true, created: false, pid: left.pid, url: left.url });
  expect(await query(server.url, "select n from kept")).toEqual([{ n: 42 }]);
  await server.stop();
  await server.exited;
  expect(isRunning(left.pid, left.home)).toBe(false);
});

test("a server that was left by one process is started anew for several, which need more connections than it lets in", async () => {
  const dataDir = madeDatabase();
  const killed = owner({ dataDir });
  const left = await killed.said;
  await query(left.url, "create table kept as select 43 as n");
  await killed.kill("SIGKILL");

  const server = await started({ dataDir, settings: { max_connections: "120" } });
  expect(server.adopted).toBe(false);
  expect(await query(server.url, "show max_connections")).toEqual([{ max_connections: "120" }]);
  expect(await query(server.url, "select n from kept")).toEqual([{ n: 43 }]);
  expect(isRunning(left.pid, left.home)).toBe(false);
});

test("a database whose files are on another disk, behind a link, is stopped like any other", async () => {
  const dataDir = madeDatabase();
  const elsewhere = join(dataDir, "other-disk");
  renameSync(join(dataDir, "postgres"), elsewhere);
  symlinkSync(elsewhere, join(dataDir, "postgres"));
  const server = await started({ dataDir });
  await server.stop();
  await server.exited;
  // It is told as gone when it has left its folder, a moment before its id is free.
  await expect.poll(() => isAlive(server.pid)).toBe(false);
});

test("Ctrl-C in the terminal ends the gateway, not the database before the drain", async () => {
  const interrupted = owner({ dataDir: madeDatabase() });
  const { pid, home } = await interrupted.said;
  expect(groupOf(pid)).not.toBe(groupOf(interrupted.pid));
  await interrupted.kill("SIGINT");
  expect(isRunning(pid, home)).toBe(true);
  const server = await started({ dataDir: home });
  await server.stop();
});

test("a second process on a data folder is refused, and told who holds it, since when, and what to do", async () => {
  const dataDir = madeDatabase();
  const first = owner({ dataDir });
  await first.said;
  const refused = await owner({ dataDir }).said;
  expect(refused).toMatchObject({ ok: false, code: "data_dir_in_use" });
  expect(refused.message).toMatch(
    new RegExp(`process ${first.pid}\\b.*${dataDir} since \\d{4}-\\d\\d-\\d\\dT[\\d:]{8}Z`),
  );
  expect(refused.remedy).toMatch(new RegExp(`kill ${first.pid}\\b.*--data-dir`));
  // The refused one has harmed nobody.
  expect(isRunning((await first.said).pid, dataDir)).toBe(true);
});

test("of two first starts at once on one folder, one owns the database and the other is refused", async () => {
  const dataDir = testFolder();
  const said = await Promise.all([owner({ dataDir }).said, owner({ dataDir }).said]);
  expect(said.map((one) => one.ok).toSorted()).toEqual([false, true]);
  expect(said.find((one) => !one.ok)?.code).toBe("data_dir_in_use");
});

/** Does its work and goes on: whoever waits for its end is still in the middle of it, however late it is killed. */
function neverEnd(program: string): void {
  renameSync(program, `${program}.real`);
  writeFileSync(program, '#!/bin/sh\n"$0.real" "$@"\nexec sleep 1000\n', { mode: 0o755 });
}

test("a kill -9 in the middle of the initialisation leaves nothing that looks like a database", async () => {
  const dataDir = testFolder();
  const platformPackageDir = copyPlatformPackage(testFolder());
  neverEnd(join(platformPackageDir, "native", "bin", "initdb"));
  const killed = owner({ dataDir, platformPackageDir });
  await killed.began("initialize");
  await killed.kill("SIGKILL");
  const server = await started({ dataDir });
  expect(server.created).toBe(true);
});

test("over TCP, where there are no sockets, it listens on loopback alone, with the same password", async () => {
  const dataDir = madeDatabase();
  const killed = owner({ dataDir, transport: "tcp" });
  const left = await killed.said;
  expect(await query(left.url, "select host(inet_server_addr()) as address")).toEqual([{ address: "127.0.0.1" }]);
  await killed.kill("SIGKILL");
  // Adopted at the port that it has, not at the one that we would choose.
  const server = await started({ dataDir, transport: "tcp" });
  expect(server).toMatchObject({ adopted: true, port: left.port, url: left.url });
});
