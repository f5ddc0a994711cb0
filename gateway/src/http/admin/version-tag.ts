import { createHash } from "node:crypto";
import type { Catalog, Destination, Route, Source } from "../../domain/catalog.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";
import { viewCatalog } from "./tenant-catalog.ts";

/** Why a change must not be made, or null; asked under the lock of the catalog. */
export type Precondition = (catalog: Catalog) => string | null;

const KINDS = ["sources", "destinations", "routes"] as const;

/**
 * The ETag of a thing that is configured (RFC 9110, 8.8.3), or null where there is none. It changes with every change of the
 * configuration, and not with what the thing does: a breaker that opens is no change. No secret goes into it.
 *
 * @param path the operation's path: `/sources/{id}` and what is below, or `/configuration`
 */
export function tagOf(catalog: Catalog, tenant: string, path: string, id: string): string | null {
  const own = viewCatalog(catalog, tenant);
  if (path === "/configuration") {
    return hashTag([
      own.sources.map(describeSource),
      own.destinations.map(describeDestination),
      own.routes.map(describeRoute),
    ]);
  }
  const described = describeThing(own, path, id);
  return described === null ? null : hashTag(described);
}

/** Whether a change of this path can be held against an ETag: it is one of the catalog. */
export function takesTag(path: string): boolean {
  return path === "/configuration" || KINDS.some((kind) => path === `/${kind}/{id}`) || SECRETS.test(path);
}

const SECRETS = /^\/sources\/\{id\}\/secrets(\/|$)/;

/**
 * What If-Match demands: `*`, or one of the tags. One that was made weak on its way counts as it was sent, other than in RFC 9110, 13.1.1:
 * a proxy that compresses does it to every tag (nginx), and ours stands for what is configured and not for bytes.
 */
export function holdAgainst(ifMatch: string | undefined, tenant: string, path: string, id: string): Precondition {
  if (ifMatch === undefined) return () => null;
  const wanted = new Set(ifMatch.split(",").map((tag) => tag.trim().replace(/^W\//, "")));
  return (catalog) => {
    const tag = tagOf(catalog, tenant, path, id);
    // What is not there is told as such by the operation.
    if (tag === null || wanted.has("*") || wanted.has(tag)) return null;
    return `It has the ETag ${tag} now. Read it again, and repeat the change if it is still wanted.`;
  };
}

function describeThing(own: TenantCatalog, path: string, id: string): unknown {
  const [, kind] = path.split("/");
  if (kind === "sources") return describe(own.findSource(id), describeSource);
  if (kind === "destinations") return describe(own.findDestination(id), describeDestination);
  return kind === "routes" ? describe(own.findRoute(id), describeRoute) : null;
}

function describe<T>(thing: T | null, how: (thing: T) => unknown): unknown {
  return thing === null ? null : how(thing);
}

// The moment of the last change stands for the fields that are sealed.
function describeSource({ id, updatedAt, name, key, provider, bodyBytesMax, policy, state, secrets }: Source): unknown {
  const versions = secrets.map(({ version, state: of, notAfter }) => [version, of, notAfter]);
  return [id, updatedAt, name, key, provider, bodyBytesMax, policy, state, versions];
}

function describeDestination({ id, updatedAt, name, target, policy, state, stateReason }: Destination): unknown {
  return [id, updatedAt, name, target, policy, state, stateReason];
}

function describeRoute({ id, updatedAt, name, eventTypes, priority, policy, state }: Route): unknown {
  return [id, updatedAt, name, eventTypes, priority, policy, state];
}

function hashTag(described: unknown): string {
  return `"${createHash("sha256").update(JSON.stringify(described)).digest("base64url").slice(0, 22)}"`;
}
