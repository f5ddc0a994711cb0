import { cold } from "./statement.ts";

/** Settings that say how a connection's statements are planned. */
export type Plans = Readonly<Record<string, string>>;

/**
 * For statements that touch a few rows of large tables: each row is found by an index. A plan is kept for as long as the
 * statistics stay, and one that was made while the queue was short goes through all of it when it is long.
 */
export const BY_INDEX: Plans = { enable_seqscan: "off", enable_hashjoin: "off", enable_mergejoin: "off" };

/**
 * For statements that find their rows by keys alone: besides, each is planned once. Left to itself the server plans one with few keys
 * anew each time, since it takes an array that it does not know for ten: half of what a handler's transaction cost it was
 * planning (docs/decisions/0015).
 */
export const BY_KEY: Plans = { plan_cache_mode: "force_generic_plan", ...BY_INDEX };

/** What has a session plan so. */
export function planSession(plans: Plans): string {
  return settingOf(plans, false);
}

/** Has what is left of a transaction planned by key. */
export const planRestByKey = cold("plan_rest_by_key", settingOf(BY_KEY, true));

function settingOf(plans: Plans, isLocal: boolean): string {
  const calls = Object.entries(plans).map(([name, value]) => `set_config('${name}', '${value}', ${isLocal})`);
  return `SELECT ${calls.join(", ")}`;
}
