import type { Origin, Route } from "./catalog.ts";
import type { PlannedAction } from "./catalog-plan.ts";
import { compareFields } from "./catalog-plan.ts";
import { toPriorityNumber } from "./priority.ts";
import type { NamedRoute } from "./route-definition.ts";
import type { RoutePolicy } from "./route-policy.ts";
import { toRoutePolicy } from "./route-policy.ts";
import type { Declared } from "./source-plan.ts";

/** A route as it shall be, and what that changes. */
export interface RoutePlan {
  readonly kind: "route";
  readonly action: PlannedAction;
  readonly fields: readonly string[];
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly sourceId: string;
  readonly destinationId: string;
  readonly eventTypes: readonly string[];
  readonly priority: number | null;
  readonly policy: RoutePolicy;
  readonly state: Route["state"];
  readonly origin: Origin;
}

/** Plans a route between two things that exist or are made in the same change. */
export function planRoute(
  present: Route | null,
  route: NamedRoute,
  ends: { readonly sourceId: string; readonly destinationId: string },
  declared: Declared & { readonly state: Route["state"] },
): RoutePlan {
  const wanted = {
    sourceId: ends.sourceId,
    destinationId: ends.destinationId,
    eventTypes: route.eventTypes,
    priority: route.priority === undefined ? null : toPriorityNumber(route.priority),
    policy: toRoutePolicy(route),
    state: declared.state,
    origin: declared.origin,
  };
  return {
    kind: "route",
    id: present?.id ?? declared.newId,
    tenant: declared.tenant,
    name: declared.name,
    ...wanted,
    ...compareFields(present, wanted),
  };
}

/** Plans that a route is put into or out of use, as it is otherwise. */
export function planRouteState(present: Route, state: Route["state"]): RoutePlan {
  const { id, tenant, name, sourceId, destinationId, eventTypes, priority, policy, origin } = present;
  const wanted = { sourceId, destinationId, eventTypes, priority, policy, state, origin };
  return { kind: "route", id, tenant, name, ...wanted, ...compareFields(present, wanted) };
}
