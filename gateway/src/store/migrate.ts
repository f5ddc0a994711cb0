import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import type { Log } from "../platform/log.ts";
import { KEEP_ALIVE_MS, codeOf, isConnectionLost } from "./database.ts";

/** A numbered SQL file, e.g. `0001_foundation.sql`; frozen once it has been applied anywhere. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

export type MigrateResult =
  | {
      readonly ok: true;
      readonly applied: readonly string[];
      readonly version: number;
      readonly ahead: readonly string[];
    }
  | {
      readonly ok: false;
      readonly code: "altered" | "gap" | "unreachable" | "busy" | "failed";
      readonly message: string;
    };

// Any constant will do; it only has to be the same in every runner.
const LOCK_KEY = 7_214_355_901;
const FOLDER = fileURLToPath(new URL("../../migrations/", import.meta.url));

/** Told of what it waits for. */
export interface MigrateOptions {
  readonly log?: Log;
  /** How long it waits after each try that did not get its locks; when the last has failed, so has the migration. */
  readonly pausesMs?: readonly number[];
}

/**
 * How much longer a migration waits for a lock than the server's `deadlock_timeout`, a second by default: only when that has passed does
 * the server end an autovacuum in its way. Who waits no longer than that is never helped, however often it tries.
 */
const LOCK_WAIT_MORE_MS = 500;
/** Bounded wherever that is set high: whoever comes meanwhile waits behind it, arrivals as well. */
const LOCK_WAIT_MAX_MS = 5_000;
/** About two minutes: a start that says what is in its way can be started again, one that never ends only looks dead. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000, 15_000, 15_000];

/** The migrations that this build ships, in order. */
export async function listMigrations(folder = FOLDER): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => /^\d{4}_[a-z0-9_]+\.sql$/.test(file)).toSorted();
  return Promise.all(
    files.map(async (file) => {
      const sql = await readFile(`${folder}/${file}`, "utf8");
      return {
        number: Number(file.slice(0, 4)),
        name: file.slice(0, -4),
        sql,
        sha256: createHash("sha256").update(sql).digest("hex"),
      };
    }),
  );
}

/**
 * Brings the database to this build's schema. One runner at a time (a transaction-scoped advisory lock), one transaction a
 * migration with its record in it, so that a kill leaves either all of it or nothing and the next run goes on. An applied
 * file whose text has changed since is refused. One that cannot have its locks soon lets everybody else go on, and tries
 * again a few times. Migrations that this build does not know are reported as `ahead`.
 */
export async function migrate(
  url: string,
  migrations?: readonly Migration[],
  options: MigrateOptions = {},
): Promise<MigrateResult> {
  const wanted = migrations ?? (await listMigrations());
  const client = new pg.Client({
    connectionString: url,
    application_name: "holdfast migrate",
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  });
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (error) {
    return { ok: false, code: "unreachable", message: `cannot reach the database: ${(error as Error).message}` };
  }
  try {
    return await run(client, wanted, options);
  } catch (error) {
    if (error instanceof DatabaseBusyError) return { ok: false, code: "busy", message: error.message };
    const code = isConnectionLost(error) ? "unreachable" : "failed";
    return {
      ok: false,
      code,
      message: `${(error as Error).message}${codeOf(error) === null ? "" : ` (SQLSTATE ${codeOf(error)})`}`,
    };
  } finally {
    await client.end().catch(() => {});
  }
}

async function run(client: pg.Client, wanted: readonly Migration[], options: MigrateOptions): Promise<MigrateResult> {
  await inTransaction(client, async () => {
    await client.query("CREATE SCHEMA IF NOT EXISTS holdfast");
    await client.query(
      "CREATE TABLE IF NOT EXISTS holdfast.migration (number int PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL)",
    );
  });
  const applied: string[] = [];
  for (const migration of wanted) {
    const step = await applyPatiently(client, migration, options);
    if (step === "altered") {
      return {
        ok: false,
        code: "altered",
        message: `migration ${migration.name} was applied with another text: restore the file; a change needs a new migration`,
      };
    }
    if (step === "gap") {
      return {
        ok: false,
        code: "gap",
        message: `a migration later than ${migration.name} is applied, but not this one: the database belongs to another build`,
      };
    }
    if (step === "applied") applied.push(migration.name);
  }
  const rows = await client.query<{ number: number; name: string }>(
    "SELECT number, name FROM holdfast.migration ORDER BY number",
  );
  const known = new Set(wanted.map((migration) => migration.number));
  const ahead = rows.rows.filter((row) => !known.has(row.number)).map((row) => row.name);
  return { ok: true, applied, version: wanted.at(-1)?.number ?? 0, ahead };
}

async function applyPatiently(
  client: pg.Client,
  migration: Migration,
  { log, pausesMs = PAUSES_MS }: MigrateOptions,
): ReturnType<typeof applyOne> {
  for (let tries = 1; ; tries++) {
    try {
      return await inTransaction(client, () => applyOne(client, migration));
    } catch (error) {
      if (!NOT_NOW.has(codeOf(error))) throw error;
      const inTheWay = await describeOldest(client);
      const waitMs = pausesMs[tries - 1];
      if (waitMs === undefined) {
        const words = `migration ${migration.name} did not get its locks in ${tries} tries`;
        throw new DatabaseBusyError(`${words}: wait until ${inTheWay} has ended, or end it`, { cause: error });
      }
      log?.warn(
        { migration: migration.name, inTheWay, waitMs },
        "a migration does not get its locks; it is tried again",
      );
      await pause(waitMs);
    }
  }
}

class DatabaseBusyError extends Error {}

/** 55P03: the lock was not had in time. 40P01: arrivals and we wanted each other's. */
const NOT_NOW: ReadonlySet<string | null> = new Set(["55P03", "40P01"]);

/**
 * In words, what is most likely in the way: whoever is in a transaction for longest, such as a dump. Another runner is not: it waited for
 * our own lock, or has just got it.
 */
async function describeOldest(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ pid: number; name: string; since: Date }>(
    `SELECT a.pid, a.xact_start AS since,
            CASE WHEN a.backend_type = 'client backend' THEN a.application_name ELSE 'the server''s ' || a.backend_type END AS name
       FROM pg_stat_activity a
      WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.xact_start IS NOT NULL
        AND NOT EXISTS (
          SELECT FROM pg_locks l
           WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.objsubid = 1
             AND (l.classid::bigint << 32) + l.objid::bigint = $1)
      ORDER BY a.xact_start LIMIT 1`,
    [LOCK_KEY],
  );
  const oldest = rows[0];
  if (oldest === undefined) return "a transaction that this role may not see";
  return `the transaction of ${oldest.name || "a nameless client"} (process ${oldest.pid}), open since ${oldest.since.toISOString()}`;
}

async function applyOne(client: pg.Client, migration: Migration): Promise<"applied" | "present" | "altered" | "gap"> {
  const present = await client.query<{ number: number; sha256: string }>(
    "SELECT number, sha256 FROM holdfast.migration WHERE number >= $1 ORDER BY number LIMIT 1",
    [migration.number],
  );
  const row = present.rows[0];
  if (row?.number === migration.number) return row.sha256 === migration.sha256 ? "present" : "altered";
  if (row !== undefined) return "gap";
  await client.query(
    "SELECT set_config('lock_timeout', least(setting::bigint + $1, $2)::text, true) FROM pg_settings WHERE name = 'deadlock_timeout'",
    [LOCK_WAIT_MORE_MS, LOCK_WAIT_MAX_MS],
  );
  await client.query(migration.sql);
  await client.query("INSERT INTO holdfast.migration (number, name, sha256, applied_at) VALUES ($1, $2, $3, now())", [
    migration.number,
    migration.name,
    migration.sha256,
  ]);
  return "applied";
}

async function inTransaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query("BEGIN");
  try {
    await client.query("SELECT pg_advisory_xact_lock($1)", [LOCK_KEY]);
    const value = await work();
    await client.query("COMMIT");
    return value;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}
