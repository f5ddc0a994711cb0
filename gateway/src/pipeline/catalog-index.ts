import type { Receiver } from "@holdfast/verify";
import { findProvider } from "@holdfast/verify";
import type { Catalog, Destination, Route, Source } from "../domain/catalog.ts";
import { heldReasonOf } from "../domain/gate.ts";
import type { Selector } from "../domain/selector.ts";
import { parseSelector } from "../domain/selector.ts";
import type { EventFilter } from "../platform/event-filter.ts";
import { compileFilter } from "../platform/event-filter.ts";
import type { ReadyRoute, ReadySource } from "./arrival.ts";
import type { Suspect } from "./explain-refusal.ts";
import { listSuspects } from "./explain-refusal.ts";

/** The catalog, looked up the way events need it. Built once per catalog version, so a lookup costs one map access. */
export interface CatalogIndex {
  readonly catalog: Catalog;
  /** By the key in the URL. */
  findSource(key: string): ReadySource | null;
  findSourceById(id: string): Source | null;
  findDestination(id: string): Destination | null;
  /** The secrets that may have signed what this source's own do not verify. */
  findSuspects(source: Source, now: Date): readonly Suspect[];
}

/** Is told of each active route whose filter would not be taken today, and why; it goes on as it was stored. */
export type CostlyFilterObserver = (route: Route, problem: string) => void;

/** @param onCostlyFilter must not throw */
export function indexCatalog(catalog: Catalog, onCostlyFilter: CostlyFilterObserver = () => {}): CatalogIndex {
  const destinations = new Map(catalog.destinations.map((destination) => [destination.id, destination]));
  const sources = new Map(catalog.sources.map((source) => [source.id, source]));
  const kin = groupByKind(catalog.sources);
  const known = { catalog, destinations, onCostlyFilter };
  const ready = new Map(catalog.sources.map((source) => [source.key, prepareSource(known, source)]));
  return {
    catalog,
    findSource: (key) => ready.get(key) ?? null,
    findSourceById: (id) => sources.get(id) ?? null,
    findDestination: (id) => destinations.get(id) ?? null,
    findSuspects: (source, now) => listSuspects(source, kin.get(kindOf(source)) ?? [], now),
  };
}

// A tenant's name has no slash in it. Another tenant's secrets are never tried: that they fit would tell of them.
function kindOf({ tenant, provider }: Source): string {
  return `${tenant}/${provider}`;
}

function groupByKind(sources: readonly Source[]): ReadonlyMap<string, readonly Source[]> {
  const groups = new Map<string, Source[]>();
  for (const source of sources) {
    const group = groups.get(kindOf(source));
    if (group === undefined) groups.set(kindOf(source), [source]);
    else group.push(source);
  }
  return groups;
}

interface Known {
  readonly catalog: Catalog;
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly onCostlyFilter: CostlyFilterObserver;
}

function prepareSource({ catalog, destinations, onCostlyFilter }: Known, source: Source): ReadySource {
  const routes = catalog.routes
    .filter((route) => route.sourceId === source.id && route.state === "active")
    .flatMap((route): ReadyRoute[] => {
      const destination = destinations.get(route.destinationId);
      if (destination === undefined || destination.tenant !== source.tenant) return [];
      return [
        {
          id: route.id,
          name: route.name,
          destinationId: route.destinationId,
          eventTypes: route.eventTypes,
          priority: route.priority ?? source.policy.priority,
          filter: toFilter(route, onCostlyFilter),
          orderBy: toSelector(route.policy.orderBy),
          heldReason: heldReasonOf(destination, null),
        },
      ];
    });
  const lane = toSelector(source.policy.lane);
  return { source, routes, provider: findProvider(source.provider), receiver: toReceiver(source), lane };
}

function toSelector(text: string | null): Selector | null {
  const parsed = text === null ? null : parseSelector(text);
  return parsed?.ok === true ? parsed.selector : null;
}

// Checked when it was applied, perhaps by an older version, which took what costs more: to refuse it now would leave out all events
// that it means. One that cannot be read at all faults for each event, in plain sight.
function toFilter(route: Route, onCostly: CostlyFilterObserver): EventFilter | null {
  const { when } = route.policy;
  if (when === null) return null;
  const compiled = compileFilter(when, { isStored: true });
  if (!compiled.ok) return () => ({ ok: false, fault: compiled.message });
  if (compiled.costly !== null) onCostly(route, compiled.costly);
  return compiled.filter;
}

/** What verify() checks with: every secret version that may still verify, retired ones left out. */
function toReceiver(source: Source): Receiver {
  const secrets = source.secrets
    .filter((secret) => secret.state !== "retired" && secret.value !== null)
    .map((secret) => ({
      value: secret.value!,
      version: secret.version,
      notAfter: secret.notAfter ?? undefined,
    }));
  return { ...(source.receiver as Receiver), secrets };
}
