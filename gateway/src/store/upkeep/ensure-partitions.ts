import { lowestUuid } from "../../domain/id.ts";
import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";
import { unlessElsewhere } from "./partition-ddl.ts";

/** The tables that are partitioned by the time in their id, one partition a day (UTC). */
export const PARTITIONED = ["event", "duplicate", "finished_delivery", "attempt", "rejection"] as const;

const DAY_MS = 86_400_000;

const listPartitions = cold<{ name: string }>(
  "list_partitions",
  `SELECT c.relname AS name
     FROM pg_inherits i
     JOIN pg_class c ON c.oid = i.inhrelid
     JOIN pg_class p ON p.oid = i.inhparent
     JOIN pg_namespace n ON n.oid = p.relnamespace
    WHERE n.nspname = 'holdfast'`,
);

/**
 * Makes the daily partitions from yesterday to `daysAhead` days from now, where they are missing. Made days ahead, so it
 * may fail for days without harm. Each is built apart and then attached, which does not stall writers (ATTACH takes
 * SHARE UPDATE EXCLUSIVE on the parent; CREATE … PARTITION OF would take ACCESS EXCLUSIVE).
 *
 * @returns how many were made
 */
export async function ensurePartitions(db: Queryable, nowMs: number, daysAhead: number): Promise<number> {
  const present = new Set((await db.run(listPartitions, [])).rows.map((row) => row.name));
  const today = Math.floor(nowMs / DAY_MS);
  let made = 0;
  for (let day = today - 1; day <= today + daysAhead; day++) {
    for (const table of PARTITIONED) {
      const name = partitionName(table, day);
      if (!present.has(name) && (await makePartition(db, table, name, day))) made++;
    }
  }
  return made;
}

function partitionName(table: string, day: number): string {
  return `${table}_p${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll("-", "")}`;
}

async function makePartition(db: Queryable, table: string, name: string, day: number): Promise<boolean> {
  const from = lowestUuid(day * DAY_MS);
  const to = lowestUuid((day + 1) * DAY_MS);
  // Names and bounds are made above from a fixed list and a number, so they are safe to write into the text.
  // Where processes start together: IF NOT EXISTS looks before it locks, so the slower one meets the catalogs' unique keys.
  await unlessElsewhere(["23505", "42P07", "42710"], () =>
    db.run(
      cold("create_partition", `CREATE TABLE IF NOT EXISTS holdfast.${name} (LIKE holdfast.${table} INCLUDING ALL)`),
      [],
    ),
  );
  // Another process attached it first: 42809 "is already a partition", 42P17 overlap with itself.
  return unlessElsewhere(["42809", "42P17"], () =>
    db.run(
      cold(
        "attach_partition",
        `ALTER TABLE holdfast.${table} ATTACH PARTITION holdfast.${name} FOR VALUES FROM ('${from}') TO ('${to}')`,
      ),
      [],
    ),
  );
}
