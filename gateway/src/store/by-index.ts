import { cold } from "./statement.ts";

type Settings = Readonly<Record<string, string>>;

/** For statements that touch a few rows of large tables: each row is found by an index, whatever the statistics say. */
export const BY_INDEX: Settings = { enable_seqscan: "off", enable_hashjoin: "off", enable_mergejoin: "off" };

/**
 * For statements that find their rows by keys alone. Left to itself the server plans one with few keys anew each time, since it takes an
 * array that it does not know for ten: half of what a handler's transaction cost it was planning (docs/decisions/0015).
 */
export const PLANNED_ONCE: Settings = { plan_cache_mode: "force_generic_plan" };

/** A simple query that sets them for the whole session. */
export function forSession(settings: Settings): string {
  return toQuery("SET", settings);
}

/** Both, for what is left of a transaction. */
export const restByIndex = cold("rest_by_index", toQuery("SET LOCAL", { ...BY_INDEX, ...PLANNED_ONCE }));

function toQuery(verb: string, settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${verb} ${name} = ${value}`)
    .join("; ");
}
