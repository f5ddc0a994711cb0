import type { FieldFault } from "../domain/field-checks.ts";
import { compileFilter } from "./event-filter.ts";

/**
 * What is wrong with new and changed filters alone, in the words that refuse them. To refuse one that an older version took would keep a
 * gateway from starting with it.
 *
 * @param stored the filters that are taken already, by their routes' names
 */
export function findCostlyFilters(
  routes: readonly { readonly name: string; readonly when?: string | undefined }[],
  stored: ReadonlyMap<string, string | null>,
): FieldFault[] {
  return routes.flatMap(({ name, when }, i) => {
    if (when === undefined || stored.get(name) === when) return [];
    const compiled = compileFilter(when);
    return compiled.ok ? [] : [{ path: `routes[${i}].when`, problem: compiled.message }];
  });
}
