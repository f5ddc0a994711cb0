import type { Origin } from "../domain/catalog.ts";
import type { FieldFault, Place } from "../domain/field-checks.ts";
import { within } from "../domain/field-checks.ts";
import { newUuid } from "../domain/id.ts";
import type { Reconciliation } from "../domain/reconciliation.ts";
import type { CheckedReconciliation, ReconciliationPlan } from "../domain/reconciliation-definition.ts";
import { planReconciliation } from "../domain/reconciliation-definition.ts";
import { bindReconciliationSecret } from "../domain/secret-binding.ts";
import { lockCatalog } from "../store/catalog/catalog-version.ts";
import type { Committed } from "../store/database.ts";
import { loadSetups, saveSetup } from "../store/reconciliations/setups.ts";
import type { Queryable } from "../store/statement.ts";
import type { CatalogDeps } from "./change-catalog.ts";

const DEADLINE_MS = 10_000;

/** What is declared, by whom, and the ids of the sources that it may name. */
export interface DeclaredReconciliations {
  readonly tenant: string;
  readonly origin: Origin;
  readonly reconciliations: Readonly<Record<string, CheckedReconciliation>>;
  readonly sourceIds: ReadonlyMap<string, string>;
}

/** What became of what is declared beside the catalog: what there is of it, what is declared no longer, and why it is refused. */
export interface AppliedPart<Plan> {
  readonly plans: readonly Plan[];
  readonly gone: readonly Plan[];
  readonly faults: readonly FieldFault[];
}

/**
 * Brings the reconciliations to what a checked definition declares. What the same origin declared before and declares no longer is
 * disabled, never deleted: its runs stay comparable. With `write: false` it only plans, and with a fault nothing is written.
 *
 * @param tx holds the catalog's lock
 */
export async function applyReconciliations(
  deps: CatalogDeps,
  tx: Queryable,
  declared: DeclaredReconciliations,
  options: { readonly write: boolean },
): Promise<AppliedPart<ReconciliationPlan>> {
  const present = await loadSetups(tx, deps.box, { tenant: declared.tenant });
  const place: Place = { path: "reconciliations", faults: [] };
  const plans = Object.entries(declared.reconciliations).flatMap(
    ([name, checked]) => planOne(deps, declared, present, within(place, name), { name, checked }) ?? [],
  );
  const isGone = (setup: Reconciliation): boolean =>
    setup.origin === declared.origin && setup.state === "active" && declared.reconciliations[setup.name] === undefined;
  const gone = present.filter(isGone).map((setup): ReconciliationPlan => {
    return { ...setup, secret: undefined, state: "disabled", action: "updated", fields: ["state"] };
  });
  for (const one of options.write && place.faults.length === 0 ? [...plans, ...gone] : [])
    if (one.action !== "unchanged") await save(deps, tx, one);
  return { plans, gone, faults: place.faults };
}

function planOne(
  deps: CatalogDeps,
  { tenant, origin, sourceIds }: DeclaredReconciliations,
  present: readonly Reconciliation[],
  place: Place,
  { name, checked }: { readonly name: string; readonly checked: CheckedReconciliation },
): ReconciliationPlan | null {
  const sourceId = sourceIds.get(checked.source);
  if (sourceId === undefined) throw new Error("a checked reconciliation has its source");
  const known = present.find((setup) => setup.name === name) ?? null;
  const newId = newUuid(deps.clock.now().getTime(), 0, deps.random(8));
  return planReconciliation(place, known, checked, { tenant, name, origin, newId, sourceId, state: "active" });
}

/** Changes one by what is there then; null from `plan` writes nothing. */
export async function changeReconciliation(
  deps: CatalogDeps,
  tenant: string,
  plan: (present: readonly Reconciliation[]) => ReconciliationPlan | null,
): Promise<Committed<ReconciliationPlan | null>> {
  return await deps.db.transaction(async (tx) => {
    await tx.run(lockCatalog, []);
    const planned = plan(await loadSetups(tx, deps.box, { tenant }));
    if (planned !== null && planned.action !== "unchanged") await save(deps, tx, planned);
    return planned;
  }, DEADLINE_MS);
}

async function save(deps: CatalogDeps, tx: Queryable, plan: ReconciliationPlan): Promise<void> {
  const { id, tenant, secret } = plan;
  const sealed =
    secret === undefined ? null : deps.box.seal(Buffer.from(secret, "utf8"), bindReconciliationSecret(tenant, id));
  const terms = [plan.lookbackSec, plan.overlapSec, plan.lagSec, plan.redeliveryWaitSec, plan.redeliver];
  const what = [plan.name, plan.sourceId, JSON.stringify(plan.connector), sealed, plan.eventTypes, plan.schedule];
  const saved = await tx.run(saveSetup, [id, tenant, ...what, ...terms, plan.state, plan.origin, deps.clock.now()]);
  // Planned under the lock, so a row that is not there any more is a bug and must not commit.
  if (saved.rowCount !== 1) throw new Error("the reconciliation that was planned was not written");
}
