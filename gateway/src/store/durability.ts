import type { ClientBase } from "pg";

/** Where a setting gets its value from, as far as PostgreSQL tells: this connection's start options count as session. */
export type SettingLevel = "server" | "database" | "role" | "session";

export interface DurabilityFault {
  readonly setting: string;
  readonly value: string;
  readonly level: SettingLevel;
  /** What to do, as a whole sentence. */
  readonly remedy: string;
}

export type Durability = { readonly ok: true } | { readonly ok: false; readonly faults: readonly DurabilityFault[] };

/** The oldest major version whose SQL we speak. */
export const VERSION_NUM_MIN = 150_000;

interface Row {
  readonly setting: string;
  readonly value: string;
  readonly source: string;
}

// One round trip. pg_settings tells the source of each value; the two facts that are no settings come along as rows.
const CHECK = `
select name as setting, setting as value, source
  from pg_catalog.pg_settings
 where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'default_transaction_read_only',
                'default_transaction_isolation', 'server_version_num')
union all
select 'recovery', pg_catalog.pg_is_in_recovery()::text, 'default'`;

/**
 * Promise 7: whether what is committed on this connection is on disk when COMMIT is answered. To be asked on every new
 * connection, since each of these can be set for the server, the database, the role or the session alone (measured:
 * synchronous_commit=off loses 1,239 of 50,341 acknowledged commits in a power cut; facts: finding 1).
 */
export async function checkDurability(client: Pick<ClientBase, "query">): Promise<Durability> {
  const { rows } = await client.query<Row>(CHECK);
  const faults = rows.flatMap((row) => judge(row) ?? []);
  return faults.length === 0 ? { ok: true } : { ok: false, faults };
}

// Statements rest on READ COMMITTED, in transactions and by themselves: each takes its locks before its snapshot, so that a key
// taken meanwhile is seen (docs/decisions/0006). It is not set here, as the RESET ALL before a handler would take that back.
// What each value must be. `local` and `remote_write` acknowledge before a standby, if there is one, has the commit on disk.
const SAFE: Readonly<Record<string, (value: string) => boolean>> = {
  fsync: (value) => value === "on",
  full_page_writes: (value) => value === "on",
  synchronous_commit: (value) => value === "on" || value === "remote_apply",
  default_transaction_read_only: (value) => value === "off",
  default_transaction_isolation: (value) => value === "read committed",
  server_version_num: (value) => Number(value) >= VERSION_NUM_MIN,
  recovery: (value) => value === "false",
};

const WANTED: Readonly<Record<string, string>> = {
  default_transaction_read_only: "off",
  default_transaction_isolation: "'read committed'",
};

function judge(row: Row): DurabilityFault | null {
  if (SAFE[row.setting]?.(row.value) !== false) return null;
  const level = levelOf(row.source);
  return { setting: row.setting, value: row.value, level, remedy: remedyFor(row.setting, level) };
}

// The names of pg_settings.source; "global" is ALTER ROLE ALL, "client" is the start packet (options=-c …).
function levelOf(source: string): SettingLevel {
  if (source === "database") return "database";
  if (source === "user" || source === "database user" || source === "global") return "role";
  if (source === "client" || source === "session" || source === "interactive") return "session";
  return "server";
}

function remedyFor(setting: string, level: SettingLevel): string {
  if (setting === "recovery") return "Point DATABASE_URL at the primary: this server is a standby and takes no writes.";
  if (setting === "server_version_num") return "Use PostgreSQL 15 or newer.";
  const value = WANTED[setting] ?? "on";
  switch (level) {
    case "server":
      return `Set ${setting} = ${value} in postgresql.conf (or ALTER SYSTEM SET ${setting} = ${value}), reload the server, and take it off its command line if it stands there.`;
    case "database":
      return `Run ALTER DATABASE … RESET ${setting} on the database that DATABASE_URL names.`;
    case "role":
      return `Run ALTER ROLE … RESET ${setting} for the role that DATABASE_URL names (also ALTER ROLE … IN DATABASE …, and ALTER ROLE ALL).`;
    case "session":
      return `Take ${setting} out of the connection's options: the options parameter of DATABASE_URL, PGOPTIONS, or the pooler.`;
  }
}
