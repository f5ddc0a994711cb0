import type { Database } from "../database.ts";
import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";

const findTable = cold<{ attached: boolean }>(
  "find_table",
  "SELECT relispartition AS attached FROM pg_class WHERE relnamespace = 'holdfast'::regnamespace AND relname = $1",
);

const MAKE_DEADLINE_MS = 10_000;
// Another process, of a version that does not ask for the lock first, has just made it (23505, 42P07, 42710) or attached it
// (42809 "is already a partition", 42P17 overlap with itself).
const ELSEWHERE = ["23505", "42P07", "42710", "42809", "42P17"];

/**
 * Makes a partition: built apart and then attached, which does not stall writers (ATTACH takes SHARE UPDATE EXCLUSIVE on the
 * parent; CREATE … PARTITION OF would take ACCESS EXCLUSIVE). In one transaction: a table that is not attached would be one
 * of its own to an export, and a migration of the parent would pass over it. May run twice.
 * Names and bounds are written into the text: they must be made of a fixed list and numbers.
 *
 * @returns false when it was there, or another process has just made it
 */
export async function makePartition(
  db: Database,
  table: string,
  name: string,
  bounds: { readonly from: string; readonly to: string },
): Promise<boolean> {
  const done = await db.transaction(async (tx) => {
    // One maker at a time; the lock is the one that ATTACH takes.
    await tx.run(cold("lock_parent", `LOCK TABLE holdfast.${table} IN SHARE UPDATE EXCLUSIVE MODE`), []);
    const found = (await tx.run(findTable, [name])).rows[0];
    if (found?.attached === true) return false;
    if (found !== undefined) await clearLeftover(tx, name);
    await tx.run(
      cold("create_partition", `CREATE TABLE IF NOT EXISTS holdfast.${name} (LIKE holdfast.${table} INCLUDING ALL)`),
      [],
    );
    const values = `FROM (${bounds.from}) TO (${bounds.to})`;
    await tx.run(
      cold("attach_partition", `ALTER TABLE holdfast.${table} ATTACH PARTITION holdfast.${name} FOR VALUES ${values}`),
      [],
    );
    return true;
  }, MAKE_DEADLINE_MS);
  if (done.ok) return done.value;
  if (ELSEWHERE.includes(done.code ?? "")) return false;
  throw new Error(`the partition ${name} is not made: ${done.message}`);
}

/**
 * Earlier versions made and attached a partition in two transactions, and one that was killed between them left a table
 * that may lack what its parent has got since. With rows in it, it is somebody's, and stays.
 */
async function clearLeftover(tx: Queryable, name: string): Promise<void> {
  const filled = (await tx.run(cold("look_into_leftover", `SELECT FROM holdfast.${name} LIMIT 1`), [])).rowCount === 1;
  if (!filled) await tx.run(cold("drop_leftover", `DROP TABLE holdfast.${name}`), []);
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
