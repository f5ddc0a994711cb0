import type { Catalog, Origin, Source } from "../domain/catalog.ts";
import type { CompleteDefinition } from "../domain/definition.ts";
import type { DestinationPlan } from "../domain/destination-plan.ts";
import {
  isDisabledByAnswers,
  NOT_DECLARED,
  planDestination,
  planDestinationState,
} from "../domain/destination-plan.ts";
import type { FieldFault } from "../domain/field-checks.ts";
import { newUuid } from "../domain/id.ts";
import type { RoutePlan } from "../domain/route-plan.ts";
import { planRoute, planRouteState } from "../domain/route-plan.ts";
import type { SourcePlan } from "../domain/source-plan.ts";
import { findCostlyFilters } from "../platform/costly-filters.ts";
import { planSource, planSourceState } from "../domain/source-plan.ts";
import { applyAlerts } from "./change-alerts.ts";
import { applyReconciliations } from "./apply-reconciliations.ts";
import type { CatalogDeps, CatalogItem, Planned, PlannedThing } from "./change-catalog.ts";
import { changeCatalog } from "./change-catalog.ts";
import type { Queryable } from "../store/statement.ts";

/** One thing that a change made, altered or put out of use. */
export type ChangedThing = Omit<PlannedThing, "action">;

/** What applying a definition does, or would do. */
export interface ApplyPlan {
  readonly created: readonly ChangedThing[];
  readonly updated: readonly ChangedThing[];
  /** No longer declared by the same origin: sources and routes are disabled, destinations paused with what waits for them. */
  readonly disabled: readonly ChangedThing[];
  readonly unchanged: number;
}

export type Applied =
  | { readonly ok: true; readonly plan: ApplyPlan }
  | { readonly ok: false; readonly cause: "faults"; readonly faults: readonly FieldFault[] }
  | { readonly ok: false; readonly cause: "stale"; readonly message: string }
  | { readonly ok: false; readonly cause: "database"; readonly unknown: boolean; readonly message: string };

export interface ApplyOptions {
  readonly origin: Origin;
  /** Plans only; nothing is written. */
  readonly dryRun: boolean;
  /** `default` when absent. */
  readonly tenant?: string;
}

/**
 * Brings all to what a checked definition declares, in one transaction: what is refused in one part leaves the others as they are.
 * Keys and signing secrets that were made once are kept. What the same origin declared before and declares no longer is put out of
 * use, never deleted. A name that another origin declared passes to this one.
 */
export async function applyDefinition(
  deps: CatalogDeps,
  definition: CompleteDefinition,
  options: ApplyOptions,
): Promise<Applied> {
  const tenant = options.tenant ?? "default";
  let gone: readonly CatalogItem[] = [];
  let others: Others = { plans: [], gone: [], faults: [] };
  const changed = await changeCatalog(
    deps,
    (catalog): Planned => {
      const faults = [
        ...findSharedKeys(catalog, definition, tenant),
        ...findCostlyFilters(definition.routes, storedFilters(catalog, tenant)),
      ];
      if (faults.length > 0) return { ok: false, cause: "faults", faults };
      const declared = planDeclared(deps, catalog, definition, { tenant, origin: options.origin });
      gone = planGone(catalog, declared, { tenant, origin: options.origin });
      return { ok: true, items: [...declared, ...gone] };
    },
    {
      write: !options.dryRun,
      beside: async (tx, items) => {
        const sources = items.filter(({ kind }) => kind === "source");
        const sourceIds = new Map(sources.map(({ name, id }) => [name, id]));
        others = await applyOthers(deps, tx, definition, { tenant, sourceIds, ...options });
        // Thrown, so that nothing at all is written.
        if (others.faults.length > 0) throw new Error("what is declared beside the catalog is refused");
        return [...others.plans, ...others.gone];
      },
    },
  );
  if (changed.ok) {
    const items = [...changed.items, ...others.plans, ...others.gone];
    return { ok: true, plan: summarize(items, new Set([...gone, ...others.gone])) };
  }
  if (others.faults.length > 0) return { ok: false, cause: "faults", faults: others.faults };
  if (changed.cause === "faults" || changed.cause === "stale" || changed.cause === "database") return changed;
  throw new Error("a plan for a whole definition has no single conflict");
}

interface Others {
  readonly plans: readonly PlannedThing[];
  readonly gone: readonly PlannedThing[];
  readonly faults: readonly FieldFault[];
}

/** What is declared beside the catalog. */
async function applyOthers(
  deps: CatalogDeps,
  tx: Queryable,
  { reconciliations, alerts }: CompleteDefinition,
  owner: Owner & { readonly sourceIds: ReadonlyMap<string, string>; readonly dryRun: boolean },
): Promise<Others> {
  const write = { write: !owner.dryRun };
  const compared = await applyReconciliations(deps, tx, { ...owner, reconciliations }, write);
  const told = await applyAlerts(deps, tx, { ...owner, alerts }, write);
  const asOne = (part: "plans" | "gone"): PlannedThing[] => [
    ...compared[part].map((plan) => ({ ...plan, kind: "reconciliation" as const })),
    ...told[part].map((plan) => ({ ...plan, kind: "alert_channel" as const })),
  ];
  const faults = [...compared.faults, ...told.faults];
  return { plans: [...asOne("plans"), ...told.settings], gone: asOne("gone"), faults };
}

interface Owner {
  readonly tenant: string;
  readonly origin: Origin;
}

/** 192 random bits, safe in a URL: it is not the only protection of a source, and must still not be guessed. */
export function newSourceKey(random: CatalogDeps["random"]): string {
  return Buffer.from(random(24)).toString("base64url");
}

/** A secret of 32 random bytes in the form of Standard Webhooks 1.0. */
export function newSigningSecret(random: CatalogDeps["random"]): string {
  return `whsec_${Buffer.from(random(32)).toString("base64")}`;
}

/** The id of a thing that does not exist yet. */
export function newCatalogId(deps: Pick<CatalogDeps, "clock" | "random">): string {
  return newUuid(deps.clock.now().getTime(), 0, deps.random(8));
}

function planDeclared(
  deps: CatalogDeps,
  catalog: Catalog,
  definition: CompleteDefinition,
  owner: Owner,
): CatalogItem[] {
  const find = <T extends { readonly tenant: string; readonly name: string }>(list: readonly T[], name: string) =>
    list.find((item) => item.tenant === owner.tenant && item.name === name) ?? null;
  const declare = (name: string) => ({ ...owner, name, newId: newCatalogId(deps), state: "active" as const });

  const sources = Object.entries(definition.sources).map(([name, source]) =>
    planSource(find(catalog.sources, name), source, { ...declare(name), newKey: newSourceKey(deps.random) }),
  );
  const destinations = Object.entries(definition.destinations).map(([name, destination]) =>
    planDestination(find(catalog.destinations, name), destination, {
      ...declare(name),
      newSigningSecret: newSigningSecret(deps.random),
    }),
  );
  const routes = definition.routes.map((route) =>
    planRoute(find(catalog.routes, route.name), route, findEnds(route, sources, destinations), declare(route.name)),
  );
  return [...sources, ...destinations, ...routes];
}

function findEnds(
  route: { readonly source: string; readonly destination: string },
  sources: readonly SourcePlan[],
  destinations: readonly DestinationPlan[],
): { sourceId: string; destinationId: string } {
  const source = sources.find(({ name }) => name === route.source);
  const destination = destinations.find(({ name }) => name === route.destination);
  if (source === undefined || destination === undefined) throw new Error("a checked route has both its ends");
  return { sourceId: source.id, destinationId: destination.id };
}

function planGone(catalog: Catalog, declared: readonly CatalogItem[], owner: Owner): CatalogItem[] {
  const kept = new Set(declared.map(({ id }) => id));
  type Owned = Pick<Source, "id" | "tenant" | "origin">;
  const isDropped = ({ id, tenant, origin }: Owned): boolean =>
    tenant === owner.tenant && origin === owner.origin && !kept.has(id);
  const isGone = (item: Owned & { readonly state: string }): boolean => item.state === "active" && isDropped(item);
  return [
    ...catalog.sources.filter(isGone).map((source): SourcePlan => planSourceState(source, "disabled")),
    ...catalog.destinations
      .filter((destination) => isGone(destination) || (isDisabledByAnswers(destination) && isDropped(destination)))
      .map((destination): DestinationPlan => {
        const state = destination.state === "active" ? "paused" : "disabled";
        return planDestinationState(destination, state, NOT_DECLARED);
      }),
    ...catalog.routes.filter(isGone).map((route): RoutePlan => planRouteState(route, "disabled")),
  ];
}

/** Keys are unique over all tenants, because the URL names nothing else. */
export function findKeyOwner(catalog: Catalog, key: string, tenant: string, name: string): Source | null {
  return (
    catalog.sources.find((source) => source.key === key && (source.tenant !== tenant || source.name !== name)) ?? null
  );
}

function findSharedKeys(catalog: Catalog, definition: CompleteDefinition, tenant: string): FieldFault[] {
  return Object.entries(definition.sources).flatMap(([name, { key }]) => {
    const owner = key === undefined ? null : findKeyOwner(catalog, key, tenant, name);
    if (key === undefined || owner === null) return [];
    return [
      { path: `sources.${name}.key`, problem: "is already the key of another source; choose another or leave it out" },
    ];
  });
}

function storedFilters(catalog: Catalog, tenant: string): ReadonlyMap<string, string | null> {
  const own = catalog.routes.filter((route) => route.tenant === tenant);
  return new Map(own.map(({ name, policy }) => [name, policy.when]));
}

/** What names a thing wherever a plan is told: `source/stripe`. */
export function nameThing({ kind, name }: Pick<ChangedThing, "kind" | "name">): string {
  return `${kind}/${name}`;
}

function summarize(items: readonly PlannedThing[], gone: ReadonlySet<PlannedThing>): ApplyPlan {
  const pick = (wanted: (item: PlannedThing) => boolean): ChangedThing[] =>
    items.filter(wanted).map(({ kind, name, fields }) => ({ kind, name, fields }));
  return {
    created: pick((item) => item.action === "created"),
    updated: pick((item) => item.action === "updated" && !gone.has(item)),
    disabled: pick((item) => gone.has(item)),
    unchanged: items.filter((item) => item.action === "unchanged").length,
  };
}
