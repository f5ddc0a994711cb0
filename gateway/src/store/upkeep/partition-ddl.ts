import { codeOf } from "../database.ts";
import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";

/** @returns false when one of these SQLSTATEs tells that another process has just done the same */
export async function unlessElsewhere(codes: readonly string[], act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (codes.includes(codeOf(error) ?? "")) return false;
    throw error;
  }
}

/** How long a drop waits for those who use the table; meanwhile everybody else waits behind it. */
export const DROP_LOCK_MS = 300;

// As a function, since SET cannot be prepared; ends with the transaction. Parameter: milliseconds as text.
const limitLockWait = cold("limit_lock_wait", "SELECT set_config('lock_timeout', $1, true)");

/**
 * Detaches a partition and drops it, in a transaction that is the caller's. Both take ACCESS EXCLUSIVE on the parent:
 * whoever comes meanwhile waits, so it gives up after {@link DROP_LOCK_MS} with SQLSTATE 55P03 rather than stall writers
 * (measured: 46 to 83 ms when nobody is in the way; a waiting drop holds up all writers as long as it waits).
 * DETACH … CONCURRENTLY is not used: it cannot run in a transaction, and a cluster does not know it.
 * The names must come from the database's own catalogue, or be made of numbers.
 */
export async function dropPartition(tx: Queryable, table: string, name: string): Promise<void> {
  if (!/^[a-z_]+$/.test(table) || !/^[a-z0-9_]+$/.test(name)) throw new Error(`${name} is no partition of ours`);
  await tx.run(limitLockWait, [String(DROP_LOCK_MS)]);
  await tx.run(cold("detach_partition", `ALTER TABLE holdfast.${table} DETACH PARTITION holdfast.${name}`), []);
  await tx.run(cold("drop_partition", `DROP TABLE holdfast.${name}`), []);
}
