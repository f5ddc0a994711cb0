import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";

/** Something that keeps PostgreSQL from clearing away dead rows. */
export interface SnapshotHolder {
  readonly kind: "session" | "prepared_transaction" | "replication_slot";
  /** For people: what to look for. No statement text, which may carry what a customer sent. */
  readonly name: string;
  readonly state: string;
  /** Since when; null where the server does not tell (a slot before PostgreSQL 17). */
  readonly ageSec: number | null;
}

// What a slot that is `lost` kept has been given up (`max_slot_wal_keep_size`), rows and log, though it stays in the list.
// `to_jsonb` because `inactive_since` came with PostgreSQL 17. Sessions of other roles show no times unless ours is a member
// of pg_read_all_stats.
const listHolders = cold<{ kind: SnapshotHolder["kind"]; name: string; state: string; age: number | null }>(
  "list_snapshot_holders",
  `SELECT 'session' AS kind,
          'pid ' || a.pid || ' (' || coalesce(nullif(a.application_name, ''), a.usename, 'unnamed') || ')' AS name,
          coalesce(a.state, 'unknown') AS state,
          extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS age
     FROM pg_stat_activity a
    WHERE a.backend_type IN ('client backend', 'parallel worker') AND a.pid <> pg_backend_pid()
      AND a.datname = current_database()
      AND a.xact_start IS NOT NULL AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL OR a.state LIKE 'idle in%')
   UNION ALL
   SELECT 'prepared_transaction', x.gid, 'prepared', extract(epoch FROM clock_timestamp() - x.prepared)::float8
     FROM pg_prepared_xacts x WHERE x.database = current_database()
   UNION ALL
   SELECT 'replication_slot', s.slot_name::text, 'inactive',
          extract(epoch FROM clock_timestamp() - (to_jsonb(s) ->> 'inactive_since')::timestamptz)::float8
     FROM pg_replication_slots s WHERE NOT s.active AND s.wal_status IS DISTINCT FROM 'lost'
   ORDER BY age DESC NULLS FIRST
   LIMIT 50`,
);

/** Who holds an old view of the database, the oldest first; at most 50. */
export async function listSnapshotHolders(db: Queryable): Promise<readonly SnapshotHolder[]> {
  return (await db.run(listHolders, [])).rows.map(({ age, ...row }) => ({
    ...row,
    ageSec: age === null ? null : Math.max(0, age),
  }));
}
