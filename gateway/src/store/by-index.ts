import { cold } from "./statement.ts";

/**
 * For statements that touch a few rows of large tables: each row is found by an index, and a plan is made once. Left to itself the
 * server plans a small batch anew each time, as it takes an array that it does not know for ten values: half of what a handler's
 * transaction cost it was planning (docs/decisions/0015).
 */
const SETTINGS = [
  ["plan_cache_mode", "force_generic_plan"],
  ["enable_seqscan", "off"],
  ["enable_hashjoin", "off"],
  ["enable_mergejoin", "off"],
] as const;

/** For a whole session, as a simple query. */
export const SESSION_BY_INDEX = SETTINGS.map(([name, value]) => `SET ${name} = ${value}`).join("; ");

/** For what is left of a transaction. */
export const restByIndex = cold(
  "rest_by_index",
  SETTINGS.map(([name, value]) => `SET LOCAL ${name} = ${value}`).join("; "),
);
