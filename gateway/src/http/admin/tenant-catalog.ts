import type { Catalog, Destination, Route, Source } from "../../domain/catalog.ts";
import type { IdPrefix } from "../../domain/id.ts";
import { parsePublicId } from "../../domain/id.ts";

/** What one tenant sees of the catalog: nothing of anybody else's can be found through it. */
export interface TenantCatalog {
  readonly version: number;
  readonly sources: readonly Source[];
  readonly destinations: readonly Destination[];
  readonly routes: readonly Route[];
  /** By public id or by name. */
  findSource(idOrName: string): Source | null;
  findDestination(idOrName: string): Destination | null;
  findRoute(idOrName: string): Route | null;
  /** The name for an id (UUID); `unknown` for the moment until this process has read the newest catalog. */
  sourceName(id: string): string;
  destinationName(id: string): string;
}

export function viewCatalog(catalog: Catalog, tenant: string): TenantCatalog {
  const own = <T extends { readonly tenant: string }>(items: readonly T[]): T[] =>
    items.filter((item) => item.tenant === tenant);
  const sources = own(catalog.sources);
  const destinations = own(catalog.destinations);
  const routes = own(catalog.routes);
  const sourceNames = new Map(sources.map(({ id, name }) => [id, name]));
  const destinationNames = new Map(destinations.map(({ id, name }) => [id, name]));
  return {
    version: catalog.version,
    sources,
    destinations,
    routes,
    findSource: (text) => find(sources, "src", text),
    findDestination: (text) => find(destinations, "dst", text),
    findRoute: (text) => find(routes, "rte", text),
    sourceName: (id) => sourceNames.get(id) ?? "unknown",
    destinationName: (id) => destinationNames.get(id) ?? "unknown",
  };
}

function find<T extends { readonly id: string; readonly name: string }>(
  items: readonly T[],
  prefix: IdPrefix,
  text: string,
): T | null {
  const id = parsePublicId(prefix, text);
  return items.find((item) => (id === null ? item.name === text : item.id === id)) ?? null;
}
