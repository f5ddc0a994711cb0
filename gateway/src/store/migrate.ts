import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { codeOf, isConnectionLost } from "./database.ts";

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
  | { readonly ok: false; readonly code: "altered" | "gap" | "unreachable" | "failed"; readonly message: string };

// Any constant will do; it only has to be the same in every runner.
const LOCK_KEY = 7_214_355_901;
const FOLDER = fileURLToPath(new URL("../../migrations/", import.meta.url));

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
 * file whose text has changed since is refused. Migrations that this build does not know are reported as `ahead`.
 */
export async function migrate(url: string, migrations?: readonly Migration[]): Promise<MigrateResult> {
  const wanted = migrations ?? (await listMigrations());
  const client = new pg.Client({
    connectionString: url,
    application_name: "holdfast migrate",
    connectionTimeoutMillis: 10_000,
  });
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (error) {
    return { ok: false, code: "unreachable", message: `cannot reach the database: ${(error as Error).message}` };
  }
  try {
    return await run(client, wanted);
  } catch (error) {
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

async function run(client: pg.Client, wanted: readonly Migration[]): Promise<MigrateResult> {
  await inTransaction(client, async () => {
    await client.query("CREATE SCHEMA IF NOT EXISTS holdfast");
    await client.query(
      "CREATE TABLE IF NOT EXISTS holdfast.migration (number int PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL)",
    );
  });
  const applied: string[] = [];
  for (const migration of wanted) {
    const step = await inTransaction(client, () => applyOne(client, migration));
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

async function applyOne(client: pg.Client, migration: Migration): Promise<"applied" | "present" | "altered" | "gap"> {
  const present = await client.query<{ number: number; sha256: string }>(
    "SELECT number, sha256 FROM holdfast.migration WHERE number >= $1 ORDER BY number LIMIT 1",
    [migration.number],
  );
  const row = present.rows[0];
  if (row?.number === migration.number) return row.sha256 === migration.sha256 ? "present" : "altered";
  if (row !== undefined) return "gap";
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
