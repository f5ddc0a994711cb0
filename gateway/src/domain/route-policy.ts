import type { Fields, Place } from "./field-checks.ts";
import { readText, report, within } from "./field-checks.ts";
import { checkSelector } from "./policy-checks.ts";

/** How a route chooses and delivers. Stored as JSON as it stands here; what is absent there has its default. */
export interface RoutePolicy {
  /** A CEL expression over `event` that an event must match; null: every event of the types matches. */
  readonly when: string | null;
  /** The selector of the key whose deliveries keep their order; null: no order. See selector.ts. */
  readonly orderBy: string | null;
}

/** The same as it is declared. */
export interface RoutePolicyDefinition {
  /** A CEL expression over `event`, such as `event.body.amount > 100`. Default: every event of the types. */
  readonly when?: string | undefined;
  /**
   * What keeps deliveries in order: of those with the same value, one begins when the one before it is processed or dead.
   * `source`, `type`, `header:<name>` or `body:/<JSON pointer>`. Default: no order.
   */
  readonly orderBy?: string | undefined;
}

/** Says what is wrong with a filter and where in it; the port to the CEL library. */
export type FilterChecker = (
  expression: string,
) => { readonly ok: true } | { readonly ok: false; readonly message: string };

export const DEFAULT_ROUTE_POLICY: RoutePolicy = { when: null, orderBy: null };
export const ROUTE_POLICY_FIELD_NAMES = ["when", "orderBy"] as const;
export const FILTER_CHARS_MAX = 2_000;

/** Checks the fields of a declared route that say how it chooses and delivers. Every fault goes to the place's list. */
export function checkRoutePolicy(place: Place, fields: Fields, checkFilter: FilterChecker): RoutePolicyDefinition {
  const when = checkWhen(within(place, "when"), fields["when"], checkFilter);
  const orderBy = checkSelector(within(place, "orderBy"), fields["orderBy"]);
  return { ...(when === null ? {} : { when }), ...(orderBy === null ? {} : { orderBy }) };
}

function checkWhen(place: Place, input: unknown, checkFilter: FilterChecker): string | null {
  const when = readText(place, input, FILTER_CHARS_MAX) ?? null;
  if (when === null) return null;
  const verdict = checkFilter(when);
  return verdict.ok ? when : report(place, verdict.message);
}

/** The policy that a declaration asks for. */
export function toRoutePolicy({ when, orderBy }: RoutePolicyDefinition): RoutePolicy {
  return { when: when ?? DEFAULT_ROUTE_POLICY.when, orderBy: orderBy ?? DEFAULT_ROUTE_POLICY.orderBy };
}

/** The declaration that a policy came from. */
export function toRoutePolicyDefinition({ when, orderBy }: RoutePolicy): RoutePolicyDefinition {
  return { ...(when === null ? {} : { when }), ...(orderBy === null ? {} : { orderBy }) };
}
