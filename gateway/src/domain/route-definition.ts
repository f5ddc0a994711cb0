import type { RouteDefinition } from "./definition.ts";
import type { Place } from "./field-checks.ts";
import { nearestName, readFields, readList, readText, report, within } from "./field-checks.ts";
import { checkPriority } from "./policy-checks.ts";
import type { FilterChecker } from "./route-policy.ts";
import { ROUTE_POLICY_FIELD_NAMES, checkRoutePolicy } from "./route-policy.ts";

/** A checked route: it has a name and patterns. */
export interface NamedRoute extends RouteDefinition {
  readonly name: string;
  readonly eventTypes: readonly string[];
}

export const ROUTE_FIELD_NAMES: readonly string[] = [
  "name",
  "source",
  "destination",
  "eventTypes",
  "priority",
  ...ROUTE_POLICY_FIELD_NAMES,
];

const EVENT_TYPES_MAX = 100;
const ROUTE_NAME = /^[a-z0-9][a-z0-9-]{0,126}$/;

/** Checks one declared route against the names that there are. Every fault goes to the place's list. */
export function checkRoute(
  place: Place,
  input: unknown,
  known: { readonly sources: readonly string[]; readonly destinations: readonly string[] },
  checkFilter: FilterChecker,
): NamedRoute | null {
  const before = place.faults.length;
  const fields = readFields(place, input, ROUTE_FIELD_NAMES);
  if (fields === null) return null;
  const source = checkReference(within(place, "source"), fields["source"], "source", known.sources);
  const destination = checkReference(
    within(place, "destination"),
    fields["destination"],
    "destination",
    known.destinations,
  );
  const name = readText(within(place, "name"), fields["name"], 127) ?? `${source}-${destination}`;
  if (fields["name"] !== undefined && !ROUTE_NAME.test(name)) {
    report(within(place, "name"), "must be 1 to 127 lower-case letters, digits or -, beginning with a letter or digit");
  }
  const eventTypes = checkEventTypes(within(place, "eventTypes"), fields["eventTypes"]);
  const priority = checkPriority(within(place, "priority"), fields["priority"]);
  const policy = checkRoutePolicy(place, fields, checkFilter);
  if (place.faults.length > before || source === null || destination === null) return null;
  return { name, source, destination, eventTypes, ...(priority === null ? {} : { priority }), ...policy };
}

function checkReference(place: Place, input: unknown, kind: string, known: readonly string[]): string | null {
  const name = readText(place, input, 64);
  if (name === undefined) return report(place, `is missing; give the name of a ${kind}`);
  if (name === null || known.includes(name)) return name;
  const nearest = nearestName(name, known);
  const hint = nearest === null ? "declare it, or name one that is" : `did you mean ${nearest}?`;
  return report(place, `no ${kind} is named ${JSON.stringify(name)}; ${hint}`);
}

function checkEventTypes(place: Place, input: unknown): readonly string[] {
  const list = readList(place, input, EVENT_TYPES_MAX);
  if (list === undefined || list === null) return ["*"];
  if (list.length === 0)
    report(place, 'is empty, so nothing would be delivered; leave it out for every event, or write ["*"]');
  return list.map((item, i) => readText(within(place, i), item ?? null, 256) ?? "*");
}
