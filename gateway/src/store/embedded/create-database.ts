import type { Client } from "pg";
import { messageOf } from "../../platform/log.ts";
import type { EmbeddedFault } from "./embedded-fault.ts";
import { embeddedFault } from "./embedded-fault.ts";
import type { Address } from "./server-settings.ts";

const DATABASE = "holdfast";
const ROLE = "holdfast";

/**
 * Makes the gateway's role and database unless they exist; each start checks, since a kill may fall between the two.
 * The role is no superuser: row security holds for it, and no statement of the gateway reaches files or programs.
 */
export async function createDatabase(client: Client, password: string): Promise<{ ok: true } | EmbeddedFault> {
  try {
    await create(client, password);
    return { ok: true };
  } catch (error) {
    await client.end().catch(() => {});
    return embeddedFault(
      "start_failed",
      `The embedded PostgreSQL started, but its database could not be made: ${messageOf(error)}.`,
      "Start again.",
    );
  }
}

async function create(client: Client, password: string): Promise<void> {
  const found = await client.query<{ role: boolean; database: boolean }>(
    `select exists (select from pg_roles where rolname = $1) as role,
            exists (select from pg_database where datname = $2) as database`,
    [ROLE, DATABASE],
  );
  const exists = found.rows[0];
  if (exists?.role !== true) await client.query(`create role ${ROLE} login password ${client.escapeLiteral(password)}`);
  if (exists?.database !== true) await client.query(`create database ${DATABASE} owner ${ROLE}`);
}

/** A connection string that node-postgres, libpq and URL parsers all read; a socket's folder stands in the host parameter. */
export function connectionString(address: Address, user: string, password: string): string {
  const base = `postgresql://${user}:${password}`;
  if (!address.host.startsWith("/")) return `${base}@${address.host}:${address.port}/${DATABASE}`;
  return `${base}@localhost:${address.port}/${DATABASE}?host=${encodeURIComponent(address.host)}`;
}
