import { lowestUuid } from "../../domain/id.ts";
import type { Database } from "../database.ts";
import { cold } from "../statement.ts";
import { makePartition } from "./partition-ddl.ts";

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
 * may fail for days without harm.
 *
 * @returns how many were made
 */
export async function ensurePartitions(db: Database, nowMs: number, daysAhead: number): Promise<number> {
  const present = new Set((await db.run(listPartitions, [])).rows.map((row) => row.name));
  const today = Math.floor(nowMs / DAY_MS);
  let made = 0;
  for (let day = today - 1; day <= today + daysAhead; day++) {
    const bounds = { from: `'${lowestUuid(day * DAY_MS)}'`, to: `'${lowestUuid((day + 1) * DAY_MS)}'` };
    for (const table of PARTITIONED) {
      const name = partitionName(table, day);
      if (!present.has(name) && (await makePartition(db, table, name, bounds))) made++;
    }
  }
  return made;
}

function partitionName(table: string, day: number): string {
  return `${table}_p${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll("-", "")}`;
}
