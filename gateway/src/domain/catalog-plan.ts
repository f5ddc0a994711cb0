import { isDeepStrictEqual } from "node:util";

/** What a change does to one thing of the catalog. */
export type PlannedAction = "created" | "updated" | "unchanged";

/**
 * Compares what is with what is wanted, field by field.
 *
 * @returns `created` without a present value, else whether and in which fields the two differ
 */
export function compareFields<T extends object>(
  present: { readonly [K in keyof T]: unknown } | null,
  wanted: T,
): { readonly action: PlannedAction; readonly fields: readonly string[] } {
  if (present === null) return { action: "created", fields: [] };
  const names = Object.keys(wanted) as (keyof T & string)[];
  const fields = names.filter((name) => !isDeepStrictEqual(toPlain(present[name]), toPlain(wanted[name])));
  return { action: fields.length > 0 ? "updated" : "unchanged", fields };
}

// As JSON would keep it: what was read from the database has lost its undefined fields and its dates' type.
function toPlain(value: unknown): unknown {
  return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as unknown);
}
