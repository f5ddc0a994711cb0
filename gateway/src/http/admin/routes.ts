import { z } from "@hono/zod-openapi";
import type { Route } from "../../domain/catalog.ts";
import type { Place } from "../../domain/field-checks.ts";
import { report, within } from "../../domain/field-checks.ts";
import { toPriority } from "../../domain/priority.ts";
import { checkRoute } from "../../domain/route-definition.ts";
import type { NamedRoute } from "../../domain/route-definition.ts";
import { planRoute, planRouteState } from "../../domain/route-plan.ts";
import { toRoutePolicyDefinition } from "../../domain/route-policy.ts";
import { compileFilter } from "../../platform/event-filter.ts";
import { findRouteFaults } from "../../store/catalog/route-faults.ts";
import { readView } from "../../store/views/read-view.ts";
import { newCatalogId } from "../../pipeline/apply-definition.ts";
import type { Planned } from "../../pipeline/change-catalog.ts";
import {
  catalogOf,
  changeOne,
  describeTaken,
  madeButUnread,
  refuseDeclared,
  refuseFaults,
  startCheck,
} from "./catalog-operations.ts";
import { routeDetailSchema, routeSchema, toRoute } from "./catalog-shape.ts";
import { looseObject, routeDefinitionSchema } from "./definition-schemas.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { pageOf, pageQuery, readCursor, toPage } from "./page.ts";
import { notFound, orRefusal } from "./refusal.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";

type Answer = Promise<Handled<z.infer<typeof routeSchema>>>;
type Body = Readonly<Record<string, unknown>>;

const NAME = /^[a-z0-9-]{1,127}$/;

async function listPage(context: OperationContext, query: { limit: number; cursor?: string | undefined }) {
  const start = readCursor(["routes"], query.cursor, 1, NAME);
  if (!start.ok) return start;
  const after = start.after?.[0] ?? "";
  const own = catalogOf(context);
  const rows = own.routes.filter(({ name }) => name > after);
  const page = toPage(
    ["routes"],
    rows,
    query.limit,
    ({ name }) => [name],
    (route) => toRoute(route, own),
  );
  return { ok: true, value: page } as const;
}

async function get(context: OperationContext, id: string): Promise<Handled<z.infer<typeof routeDetailSchema>>> {
  const own = catalogOf(context);
  const route = own.findRoute(id);
  if (route === null) return notFound("route", id);
  const read = orRefusal(await readView(context.deps.db, (tx) => tx.run(findRouteFaults, [route.id])));
  if (!read.ok) return read;
  const [found] = read.value.rows;
  const filterFaults =
    found === undefined
      ? null
      : {
          count: found.faults,
          last: found.last_fault,
          firstAt: found.first_at.toISOString(),
          lastAt: found.last_at.toISOString(),
        };
  return { ok: true, value: { ...toRoute(route, own), filterFaults } };
}

async function create(context: OperationContext, body: Body): Answer {
  const { deps, principal } = context;
  const changed = await changeOne(context, (own): Planned => {
    const place = startCheck();
    const checked = checkEnds(place, own, body, null);
    if (checked === null) return refuseFaults(place.faults);
    const known = own.routes.find(({ name }) => name === checked.route.name);
    if (known !== undefined) return { ok: false, cause: "conflict", message: describeTaken("route", known) };
    const declared = {
      tenant: principal.tenant,
      name: checked.route.name,
      origin: "api",
      newId: newCatalogId(deps),
      state: "active",
    } as const;
    return { ok: true, items: [planRoute(null, checked.route, checked, declared)] };
  });
  return changed.ok ? show(context, changed.id) : changed;
}

async function change(context: OperationContext, id: string, body: Body): Answer {
  const changed = await changeOne(context, (own): Planned => {
    const present = own.findRoute(id);
    if (present === null) return { ok: false, cause: "missing", message: `There is no route ${id}.` };
    const declaredElsewhere = refuseDeclared("route", present);
    if (declaredElsewhere !== null) return declaredElsewhere;
    const place = startCheck();
    const { state: wanted, ...fields } = body;
    const state = readState(place, wanted) ?? present.state;
    if ("name" in fields) report(within(place, "name"), "cannot be changed; make another route");
    const checked = checkEnds(place, own, merge(own, present, fields), present.policy.when);
    if (checked === null) return refuseFaults(place.faults);
    const { tenant, name, origin } = present;
    return {
      ok: true,
      items: [planRoute(present, checked.route, checked, { tenant, name, origin, newId: present.id, state })],
    };
  });
  return changed.ok ? show(context, changed.id) : changed;
}

async function disable(context: OperationContext, id: string): Answer {
  const changed = await changeOne(context, (own): Planned => {
    const present = own.findRoute(id);
    if (present === null) return { ok: false, cause: "missing", message: `There is no route ${id}.` };
    return refuseDeclared("route", present) ?? { ok: true, items: [planRouteState(present, "disabled")] };
  });
  return changed.ok ? show(context, changed.id) : changed;
}

function show(context: OperationContext, id: string): Handled<z.infer<typeof routeSchema>> {
  const own = catalogOf(context);
  const route = own.routes.find((item) => item.id === id);
  return route === undefined ? madeButUnread : { ok: true, value: toRoute(route, own) };
}

function readState(place: Place, state: unknown): Route["state"] | null {
  if (state === undefined || state === "active" || state === "disabled") return state ?? null;
  return report(within(place, "state"), "must be active or disabled");
}

/** The route as declared with the given fields put over it; null takes a field away, so that its default holds. */
function merge(own: TenantCatalog, present: Route, fields: Body): Body {
  const merged: Record<string, unknown> = {
    source: own.sourceName(present.sourceId),
    destination: own.destinationName(present.destinationId),
    eventTypes: present.eventTypes,
    ...(present.priority === null ? {} : { priority: toPriority(present.priority) }),
    ...toRoutePolicyDefinition(present.policy),
  };
  for (const [name, value] of Object.entries(fields)) {
    if (name === "name") continue;
    if (value === null) delete merged[name];
    else merged[name] = value;
  }
  return merged;
}

/** Checks a route whose ends may be named by id or by name. @param stored the filter that it has, which may stay as it is */
function checkEnds(
  place: Place,
  own: TenantCatalog,
  body: Body,
  stored: string | null,
): { route: NamedRoute; sourceId: string; destinationId: string } | null {
  const named = {
    ...body,
    ...(typeof body["source"] === "string" ? { source: own.findSource(body["source"])?.name ?? body["source"] } : {}),
    ...(typeof body["destination"] === "string"
      ? { destination: own.findDestination(body["destination"])?.name ?? body["destination"] }
      : {}),
  };
  const known = {
    sources: own.sources.map(({ name }) => name),
    destinations: own.destinations.map(({ name }) => name),
  };
  const route = checkRoute(place, named, known, (when) => compileFilter(when, { isStored: when === stored }));
  const source = route === null ? null : own.findSource(route.source);
  const destination = route === null ? null : own.findDestination(route.destination);
  if (place.faults.length > 0 || route === null || source === null || destination === null) return null;
  return { route, sourceId: source.id, destinationId: destination.id };
}

const tag = "Routes";

export const routeOperations = [
  operation({
    method: "get",
    path: "/routes",
    tag,
    summary: "Routes by name",
    query: z.strictObject(pageQuery),
    answer: pageOf(routeSchema),
    handle: (context, { query }) => listPage(context, query),
  }),
  operation({
    method: "post",
    path: "/routes",
    tag,
    summary: "Make a route from a source to a destination",
    status: 201,
    body: {
      schema: looseObject,
      documented: routeDefinitionSchema,
      example: { source: "stripe", destination: "billing", eventTypes: ["invoice.*"], priority: "high" },
    },
    answer: routeSchema,
    handle: (context, { body }) => create(context, body),
  }),
  operation({
    method: "get",
    path: "/routes/{id}",
    tag,
    summary: "One route, by id or name, and what its filter could not work out",
    answer: routeDetailSchema,
    handle: (context, { id }) => get(context, id),
  }),
  operation({
    method: "patch",
    path: "/routes/{id}",
    tag,
    summary: "Change a route; events that are recorded already are not touched",
    body: {
      schema: looseObject,
      documented: routeDefinitionSchema
        .omit({ name: true })
        .partial()
        .extend({ state: z.enum(["active", "disabled"]).optional() }),
      example: { priority: "critical" },
    },
    answer: routeSchema,
    handle: (context, { id, body }) => change(context, id, body),
  }),
  operation({
    method: "delete",
    path: "/routes/{id}",
    tag,
    summary: "Disable a route; nothing is deleted",
    answer: routeSchema,
    handle: (context, { id }) => disable(context, id),
  }),
];
