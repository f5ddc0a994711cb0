import { statSync, writeFileSync, chownSync } from "node:fs";
import { join } from "node:path";
import type { ClientConfig } from "pg";
import { Client } from "pg";
import { expect, onTestFinished, test } from "vitest";
import type { Durability, SettingLevel } from "../../src/store/durability.ts";
import { checkDurability } from "../../src/store/durability.ts";
import { madeOnce, serverOfThisFile, started, until } from "../support/embedded.ts";

// A server of its own: these tests make it unsafe for everybody on it.
const server = serverOfThisFile();
const madeDatabase = madeOnce();

async function check(config: ClientConfig = {}, first?: string): Promise<Durability> {
  const client = new Client({ connectionString: server().url, ...config });
  await client.connect();
  try {
    if (first !== undefined) await client.query(first);
    return await checkDurability(client);
  } finally {
    await client.end();
  }
}

async function asAdmin(statement: string, undo?: string): Promise<void> {
  // Able to undo what makes everybody else's transactions read-only.
  const admin = new Client({ connectionString: server().adminUrl, options: "-c default_transaction_read_only=off" });
  await admin.connect();
  await admin.query(statement);
  await admin.end();
  if (undo !== undefined) onTestFinished(() => asAdmin(undo));
}

function refusedFor(setting: string, value: string, level: SettingLevel, remedy: RegExp): unknown {
  return { ok: false, faults: [{ setting, value, level, remedy: expect.stringMatching(remedy) }] };
}

test("a server as it is installed is accepted, and so is remote_apply, which promises more", async () => {
  expect(await check()).toEqual({ ok: true });
  expect(await check({ options: "-c synchronous_commit=remote_apply" })).toEqual({ ok: true });
});

test.each([
  ["fsync", "off"],
  ["full_page_writes", "off"],
  ["synchronous_commit", "off"],
  ["synchronous_commit", "local"],
  ["synchronous_commit", "remote_write"],
  ["default_transaction_read_only", "on"],
  ["default_transaction_isolation", "repeatable read"],
])("%s = %s for the whole server is refused (F18)", async (setting, value) => {
  await asAdmin(`alter system set ${setting} = '${value}'`);
  onTestFinished(async () => {
    await asAdmin("alter system reset all");
    await asAdmin("select pg_reload_conf()");
    await until(async () => (await check()).ok);
  });
  await asAdmin("select pg_reload_conf()");
  await until(async () => !(await check()).ok);
  expect(await check()).toEqual(
    refusedFor(setting, value, "server", new RegExp(`Set ${setting} = (?:o|'read committed')`)),
  );
});

test.each([
  ["synchronous_commit", "off"],
  ["default_transaction_read_only", "on"],
  ["default_transaction_isolation", "repeatable read"],
  ["default_transaction_isolation", "serializable"],
])("%s = %s for the database alone is refused", async (setting, value) => {
  await asAdmin(`alter database holdfast set ${setting} = '${value}'`, `alter database holdfast reset ${setting}`);
  expect(await check()).toEqual(refusedFor(setting, value, "database", /ALTER DATABASE … RESET/));
});

test.each([
  ["role", "alter role holdfast"],
  ["role in this database", "alter role holdfast in database holdfast"],
  ["role, whichever", "alter role all"],
])("synchronous_commit = off for the %s is refused", async (_whom, alter) => {
  await asAdmin(`${alter} set synchronous_commit = off`, `${alter} reset synchronous_commit`);
  expect(await check()).toEqual(refusedFor("synchronous_commit", "off", "role", /ALTER ROLE … RESET/));
});

test("synchronous_commit = off in the connection's own options, or set in the session, is refused", async () => {
  const wanted = refusedFor("synchronous_commit", "off", "session", /connection's options/);
  expect(await check({ options: "-c synchronous_commit=off" })).toEqual(wanted);
  expect(await check({}, "set synchronous_commit = off")).toEqual(wanted);
  const url = `${server().url}&options=-c%20synchronous_commit%3Doff`;
  expect(await check({ connectionString: url })).toEqual(wanted);
});

test("a session that sets itself right is accepted, whatever the role's setting", async () => {
  await asAdmin("alter role holdfast set synchronous_commit = off", "alter role holdfast reset synchronous_commit");
  expect(await check({ options: "-c synchronous_commit=on" })).toEqual({ ok: true });
});

test("everything that is wrong is told at once (F18)", async () => {
  const found = await check({ options: "-c synchronous_commit=off -c default_transaction_read_only=on" });
  const settings = found.ok ? [] : found.faults.map((fault) => fault.setting);
  expect(settings.toSorted()).toEqual(["default_transaction_read_only", "synchronous_commit"]);
});

test("a standby is refused, with the advice to take the primary", async () => {
  const dataDir = madeDatabase();
  const settings = { wal_level: "replica", max_wal_senders: "1" };
  await (await started({ dataDir, settings })).stop();
  const signal = join(dataDir, "postgres", "standby.signal");
  writeFileSync(signal, "");
  const { uid, gid } = statSync(join(dataDir, "postgres"));
  chownSync(signal, uid, gid);
  const standby = await started({ dataDir, settings });
  expect(await check({ connectionString: standby.url })).toEqual(refusedFor("recovery", "true", "server", /primary/));
});

test("a server older than PostgreSQL 15 is refused", async () => {
  const client = new Client({ connectionString: server().url });
  await client.connect();
  onTestFinished(() => client.end());
  // No such server can be had here, so the real one's answer is aged.
  const old = {
    query: async (text: string) => {
      const result = await client.query<{ setting: string; value: string }>(text);
      const rows = result.rows.map((row) => (row.setting === "server_version_num" ? { ...row, value: "140022" } : row));
      return { ...result, rows };
    },
  } as unknown as Client;
  expect(await checkDurability(old)).toEqual(
    refusedFor("server_version_num", "140022", "server", /PostgreSQL 15 or newer/),
  );
});
