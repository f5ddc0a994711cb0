import { createHash, randomBytes } from "node:crypto";
import pg from "pg";
import { inject, onTestFinished } from "vitest";
import type { Migration } from "../../src/store/migrate.ts";
import { withDatabase } from "./database.ts";

/** Its URL for the gateway's own role, and for the server's administrator. */
export interface EmptyDatabase {
  readonly url: string;
  readonly adminUrl: string;
}

/** A database without any schema of ours, dropped after the test. */
export async function emptyDatabase(): Promise<EmptyDatabase> {
  const server = inject("holdfastTestDatabase");
  const admin = new pg.Client({ connectionString: withDatabase(server.adminUrl, "postgres") });
  await admin.connect();
  const name = `test_${randomBytes(8).toString("hex")}`;
  await admin.query(`create database ${name} template template0 owner holdfast`);
  onTestFinished(async () => {
    await admin.query(`drop database if exists ${name} with (force)`);
    await admin.end();
  });
  return { url: withDatabase(server.url, name), adminUrl: withDatabase(server.adminUrl, name) };
}

/** A migration that does this and nothing else. */
export function testMigration(number: number, sql: string): Migration {
  const sha256 = createHash("sha256").update(sql).digest("hex");
  return { number, name: `${String(number).padStart(4, "0")}_test`, sql, sha256 };
}
