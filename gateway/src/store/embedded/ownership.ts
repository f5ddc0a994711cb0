import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "pg";
import { isAlive } from "./postmaster.ts";
import { ownerPid } from "./superuser-session.ts";

/** Who owns a cluster: the process whose session holds the lock. */
export type Claim =
  | { readonly owned: true }
  | { readonly owned: false; readonly pid: number | null; readonly since: string | null };

// A session lock lives and dies with its connection, and the connection with its process: no file that could lie about a
// process that is gone, and no pid that another one has been given since.
const KEY = 4_846_583;

const ALIVE_GRACE_MS = 1_000;
const DEAD_GRACE_MS = 15_000;
const RETRY_MS = 25;

/**
 * Takes the cluster's ownership. A killed owner's session ends a moment after it, so a refusal is final only after the
 * holder was seen alive for a while.
 */
export async function claimOwnership(client: Client): Promise<Claim> {
  const startedMs = performance.now();
  for (;;) {
    const tried = await client.query<{ taken: boolean }>("select pg_try_advisory_lock($1) as taken", [KEY]);
    if (tried.rows[0]?.taken === true) return { owned: true };
    const holder = await findHolder(client);
    const graceMs = holder.pid !== null && isAlive(holder.pid) ? ALIVE_GRACE_MS : DEAD_GRACE_MS;
    if (performance.now() - startedMs > graceMs) return { owned: false, ...holder };
    await pause(RETRY_MS);
  }
}

async function findHolder(client: Client): Promise<{ pid: number | null; since: string | null }> {
  const found = await client.query<{ application_name: string; since: string }>(
    `select a.application_name, to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since
       from pg_locks l join pg_stat_activity a on a.pid = l.pid
      where l.locktype = 'advisory' and l.granted and l.classid = 0 and l.objid = $1 and l.objsubid = 1
        and l.database = (select oid from pg_database where datname = current_database())`,
    [KEY],
  );
  const row = found.rows[0];
  return row === undefined ? { pid: null, since: null } : { pid: ownerPid(row.application_name), since: row.since };
}
