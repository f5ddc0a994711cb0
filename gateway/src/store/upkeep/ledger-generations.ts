import type { Database } from "../database.ts";
import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";
import { dropPartition, makePartition } from "./partition-ddl.ts";

export interface GenerationRow {
  readonly gen: number;
  readonly opened_at: Date;
  readonly closed_at: Date | null;
}

/** The generations of the ledger, the oldest first. */
export const listGenerations = cold<GenerationRow>(
  "list_generations",
  "SELECT gen, opened_at, closed_at FROM holdfast.dedupe_generation ORDER BY gen",
);

/** The step that all buckets stand at; more than one row where a change is half done. */
export const listLedgerSteps = cold<{ dedupe_step: number }>(
  "list_ledger_steps",
  "SELECT DISTINCT dedupe_step FROM holdfast.bucket_slot ORDER BY dedupe_step",
);

/** Moves every bucket on by one step. Parameter: the step that it leaves. */
export const moveLedger = cold(
  "move_ledger",
  "UPDATE holdfast.bucket_slot SET dedupe_step = dedupe_step + 1 WHERE dedupe_step = $1",
);

/** Parameters: generation, opened timestamptz. */
export const openGeneration = cold(
  "open_generation",
  "INSERT INTO holdfast.dedupe_generation (gen, opened_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
);

/** Parameters: generation, closed timestamptz. */
export const closeGeneration = cold(
  "close_generation",
  "UPDATE holdfast.dedupe_generation SET closed_at = greatest(opened_at, $2::timestamptz) WHERE gen = $1 AND closed_at IS NULL",
);

const forgetGeneration = cold("forget_generation", "DELETE FROM holdfast.dedupe_generation WHERE gen = $1");

/**
 * The transactions that write to the ledger now. A statement takes this lock before it takes its snapshot, so whoever does
 * not hold it yet will see what is committed already; those who hold it may not.
 */
export const listLedgerWriters = cold<{ writer: string }>(
  "list_ledger_writers",
  `SELECT DISTINCT l.virtualtransaction || ' ' || coalesce(l.pid, 0) AS writer
     FROM pg_locks l
     JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
    WHERE l.locktype = 'relation' AND l.relation = 'holdfast.dedupe'::regclass AND l.mode = 'RowExclusiveLock'
      AND l.granted`,
);

const partitionOf = (gen: number): string => `dedupe_g${gen}`;

/** Makes the partition of a generation. May run twice. */
export async function makeGeneration(db: Database, gen: number): Promise<void> {
  await makePartition(db, "dedupe", partitionOf(gen), { from: String(gen), to: String(gen + 1) });
}

/** Takes a generation out of the ledger, and with it all of its keys. In a transaction that is the caller's. */
export async function dropGeneration(tx: Queryable, gen: number): Promise<void> {
  await dropPartition(tx, "dedupe", partitionOf(gen));
  await tx.run(forgetGeneration, [gen]);
}
