import type { Catalog } from "../../domain/catalog.ts";
import type { FieldFault, Place } from "../../domain/field-checks.ts";
import { report, within } from "../../domain/field-checks.ts";
import { NAME_PATTERN, NAME_RULE } from "../../domain/definition.ts";
import type { CatalogItem, Planned } from "../../pipeline/change-catalog.ts";
import { changeCatalog } from "../../pipeline/change-catalog.ts";
import { FAULTS } from "../../platform/fault.ts";
import type { AdminDeps } from "./admin-deps.ts";
import type { Handled, OperationContext } from "./operation.ts";
import type { Refusal } from "./refusal.ts";
import { toRefusal } from "./refusal.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";
import { viewCatalog } from "./tenant-catalog.ts";

/** The tenant's catalog as this process holds it. */
export function catalogOf({ deps, principal }: OperationContext): TenantCatalog {
  return viewCatalog(deps.catalog.current(), principal.tenant);
}

/**
 * Changes one thing of the catalog: planned under the lock against what is there then, written, and read again, so that
 * the answer and the next request show it.
 */
export async function changeOne(
  { deps, principal }: OperationContext,
  plan: (own: TenantCatalog, all: Catalog) => Planned,
): Promise<{ readonly ok: true; readonly id: string; readonly item: CatalogItem } | Refusal> {
  const changed = await changeCatalog(deps, (catalog) => plan(viewCatalog(catalog, principal.tenant), catalog));
  if (!changed.ok) return toRefusal(changed);
  const item = changed.items[0];
  if (item === undefined) throw new Error("a change of one thing has one thing");
  await readAgain(deps.catalog);
  if (item.kind === "destination" && item.waiting === "release") deps.wake();
  return { ok: true, id: item.id, item };
}

/**
 * The catalog as one request sees it, moved on by its own change alone: what the body shows and what the ETag stands for must be
 * the same, or a change that is made from the one would pass for one that was made from the other.
 */
export function holdCatalog(catalog: AdminDeps["catalog"]): AdminDeps["catalog"] {
  let held = catalog.current();
  return {
    current: () => held,
    refresh: async () => {
      await catalog.refresh();
      held = catalog.current();
    },
  };
}

/**
 * Reads the catalog after a change. Twice, because the first call may join a look that began before the change was
 * committed; what the second one joins began after it. What is committed stays so even when it cannot be read just now.
 */
export async function readAgain(catalog: OperationContext["deps"]["catalog"]): Promise<void> {
  try {
    await catalog.refresh();
    await catalog.refresh();
  } catch {
    // Then it is read at the next look, and the answer says that it could not be shown.
  }
}

/** What to say when a name is taken already. */
export function describeTaken(kind: string, known: { readonly name: string; readonly state: string }): string {
  const hint = known.state === "disabled" ? '; it is disabled: PATCH it with {"state":"active"} to use it again' : "";
  return `There is a ${kind} named ${known.name} already${hint}.`;
}

/** The answer when a change was committed and could not be read afterwards. */
export const madeButUnread: Refusal = {
  ok: false,
  code: "store_unavailable",
  detail: "The change was made, but it cannot be read just now; ask for it again.",
  unknown: true,
  isMade: true,
};

/** What is shown of a change that was committed; where it could not be read, the answer says that it was made. */
export function orUnread<A>(shown: Handled<A>): Handled<A> {
  if (shown.ok || FAULTS[shown.code].status < 500) return shown;
  return shown.cause === undefined ? madeButUnread : { ...madeButUnread, cause: shown.cause };
}

/** Starts a check of one thing: paths are those of its own fields. */
export function startCheck(): Place {
  return { path: "", faults: [] };
}

export function refuseFaults(faults: readonly FieldFault[]): Planned {
  return { ok: false, cause: "faults", faults };
}

/** Takes the name out of what was sent, and says what is wrong with it. */
export function takeName(place: Place, body: Readonly<Record<string, unknown>>): { name: string; rest: object } {
  const { name, ...rest } = body;
  if (typeof name !== "string" || !NAME_PATTERN.test(name)) report(within(place, "name"), NAME_RULE);
  return { name: typeof name === "string" ? name : "", rest };
}

/** Declared things are changed where they are declared: a change here would be undone at the next start. */
export function refuseDeclared(kind: string, item: { readonly name: string; readonly origin: string }): Planned | null {
  if (item.origin === "api") return null;
  const where =
    item.origin === "file"
      ? "is declared in the configuration file; change it there and run holdfast apply"
      : "belongs to the sample of holdfast dev; declare your own in a configuration file or through this API";
  return { ok: false, cause: "conflict", message: `The ${kind} ${item.name} ${where}.` };
}
