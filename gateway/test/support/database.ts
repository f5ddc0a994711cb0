import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { inject } from "vitest";
import { silentLog } from "../../src/platform/log.ts";
import type { Database, DatabaseOptions } from "../../src/store/database.ts";
import { openDatabase } from "../../src/store/database.ts";

export interface TestDatabase {
  /** Connection string as the gateway's role, which owns the database. */
  readonly url: string;
  /** The same database as superuser. */
  readonly adminUrl: string;
  /** Removes the database; cuts connections that are still open. */
  drop(): Promise<void>;
}

/** A database of one's own, a copy of the migrated template on the run's real server. */
export async function testDatabase(): Promise<TestDatabase> {
  const server = inject("holdfastTestDatabase");
  const name = `test_${randomBytes(8).toString("hex")}`;
  await asAdmin(server.adminUrl, `create database ${name} template holdfast owner holdfast`);
  return {
    url: withDatabase(server.url, name),
    adminUrl: withDatabase(server.adminUrl, name),
    drop: () => asAdmin(server.adminUrl, `drop database if exists ${name} with (force)`),
  };
}

/** Time enough on a busy machine, for who waits for others as well: several that start at once wait for each other's locks. */
export const PATIENT = { connectTimeoutMs: 10_000, statementTimeoutMs: 60_000, lockTimeoutMs: 60_000 } as const;

/** A pool like the gateway's, which waits longer than those, for locks as well: others keep a busy machine busy. */
export function openTestPool(
  { url }: Pick<TestDatabase, "url">,
  connectionsMax: number,
  more: Partial<DatabaseOptions> = {},
): Database {
  return openDatabase({ url, connectionsMax, ...PATIENT, applicationName: "holdfast test", log: silentLog, ...more });
}

/**
 * Whether a session waits for a lock in the test's own database: others have theirs on the server, with tables of the same numbers.
 *
 * @param what of that type, or for that table; of any where it is left out
 */
export async function someoneWaits(
  { pool }: Pick<Database, "pool">,
  { locktype, relation }: { readonly locktype?: string; readonly relation?: string } = {},
): Promise<boolean> {
  const waits = `SELECT FROM pg_locks WHERE NOT granted AND ($1::text IS NULL OR locktype = $1)
     AND ($2::text IS NULL OR relation = $2::regclass)
     AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`;
  return (await pool.query(waits, [locktype ?? null, relation ?? null])).rows.length > 0;
}

// In the database `postgres`: a session in the template would keep everybody from copying it.
async function asAdmin(adminUrl: string, statement: string): Promise<void> {
  const admin = new Client({ connectionString: withDatabase(adminUrl, "postgres") });
  await admin.connect();
  try {
    await admin.query(statement);
  } finally {
    await admin.end();
  }
}

/** The same connection string with another database. */
export function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
