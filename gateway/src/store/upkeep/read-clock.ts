import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";

const readClockStatement = cold<{ ms: number }>(
  "read_clock",
  "SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms",
);

/** The database's wall clock, in Unix milliseconds. */
export async function readClock(db: Queryable): Promise<number> {
  return (await db.run(readClockStatement, [])).rows[0]!.ms;
}
