import { z } from "@hono/zod-openapi";
import { parsePublicId } from "../../domain/id.ts";
import type { Reconciliation } from "../../domain/reconciliation.ts";
import { within, report } from "../../domain/field-checks.ts";
import type { Place } from "../../domain/field-checks.ts";
import type { CheckedReconciliation, ReconciliationPlan } from "../../domain/reconciliation-definition.ts";
import {
  RECONCILIATION_FIELD_NAMES,
  checkReconciliation,
  planReconciliation,
} from "../../domain/reconciliation-definition.ts";
import { newCatalogId } from "../../pipeline/apply-definition.ts";
import { changeReconciliation } from "../../pipeline/apply-reconciliations.ts";
import { definitionCheckers } from "../../pipeline/definition-checkers.ts";
import { readView } from "../../store/views/read-view.ts";
import { listNewestRuns, listUnexplained } from "../../store/reconciliations/runs.ts";
import { loadSetups } from "../../store/reconciliations/setups.ts";
import { catalogOf, describeTaken, orUnread, startCheck, takeName } from "./catalog-operations.ts";
import { looseObject } from "./definition-schemas.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { reconciliationSchema, toReconciliation } from "./reconciliation-shape.ts";
import type { Refusal } from "./refusal.ts";
import { conflict, invalid, notFound, notStored, orRefusal } from "./refusal.ts";

type Answer = Promise<Handled<z.infer<typeof reconciliationSchema>>>;
type Body = Readonly<Record<string, unknown>>;

/** The tenant's reconciliations with their newest runs. */
async function readAll({ deps, principal }: OperationContext) {
  const { tenant } = principal;
  return orRefusal(
    await readView(deps.db, async (tx) => {
      const setups = await loadSetups(tx, deps.box, { tenant });
      const runs = (await tx.run(listNewestRuns, [tenant])).rows;
      const telling = (await tx.run(listUnexplained, [tenant])).rows;
      const runsOf = ({ id }: Reconciliation) => {
        const own = runs.filter((run) => run.reconciliation_id === id);
        return {
          last: own.find((run) => run.finished_at !== null) ?? null,
          current: own.find((run) => run.finished_at === null) ?? null,
          telling: telling.filter((run) => run.reconciliation_id === id),
        };
      };
      return { setups, runsOf };
    }),
  );
}

/** Finds one by id or name. */
export function pickSetup(setups: readonly Reconciliation[], idOrName: string): Reconciliation | null {
  const id = parsePublicId("rec", idOrName);
  return setups.find((setup) => (id === null ? setup.name === idOrName : setup.id === id)) ?? null;
}

async function list(context: OperationContext) {
  const read = await readAll(context);
  if (!read.ok) return read;
  const own = catalogOf(context);
  const { setups, runsOf } = read.value;
  const items = setups.map((setup) => toReconciliation(setup, own, runsOf(setup)));
  return { ok: true, value: { items, nextCursor: null } } as const;
}

async function show(context: OperationContext, idOrName: string): Answer {
  const read = await readAll(context);
  if (!read.ok) return read;
  const setup = pickSetup(read.value.setups, idOrName);
  if (setup === null) return notFound("reconciliation", idOrName);
  return { ok: true, value: toReconciliation(setup, catalogOf(context), read.value.runsOf(setup)) };
}

async function create(context: OperationContext, body: Body): Answer {
  const place = startCheck();
  const { name, rest } = takeName(place, body);
  const checked = check(context, place, rest);
  if (checked === null) return invalid(...place.faults);
  return await write(context, (present) => {
    const known = present.find((setup) => setup.name === name);
    if (known !== undefined) return conflict(describeTaken("reconciliation", known));
    return plan(context, place, null, checked, { name, state: "active" });
  });
}

async function change(context: OperationContext, idOrName: string, body: Body): Answer {
  const { state, ...fields } = body;
  return await write(context, (present) => {
    const setup = pickSetup(present, idOrName);
    if (setup === null) return notFound("reconciliation", idOrName);
    if (setup.origin !== "api")
      return conflict(
        `The reconciliation ${setup.name} is declared in the configuration file; change it there and run holdfast apply.`,
      );
    const place = startCheck();
    const wanted = state ?? setup.state;
    if (wanted !== "active" && wanted !== "disabled") report(within(place, "state"), "must be active or disabled");
    const checked = check(context, place, { ...toDefinition(context, setup), ...fields });
    if (checked === null || (wanted !== "active" && wanted !== "disabled")) return invalid(...place.faults);
    return plan(context, place, setup, checked, { name: setup.name, state: wanted });
  });
}

/** What it was declared as, without the secret, which stays when it is not given. */
function toDefinition(context: OperationContext, setup: Reconciliation): Body {
  const known = Object.entries(setup).filter(
    ([name]) => name !== "secret" && RECONCILIATION_FIELD_NAMES.includes(name),
  );
  const source = catalogOf(context).sourceName(setup.sourceId);
  return { ...Object.fromEntries(known), schedule: setup.schedule ?? undefined, source };
}

function check(context: OperationContext, place: Place, body: object): CheckedReconciliation | null {
  const names = catalogOf(context).sources.map(({ name }) => name);
  const checked = checkReconciliation(place, body, names, definitionCheckers(context.deps.egressPolicy));
  return place.faults.length > 0 ? null : checked;
}

function plan(
  context: OperationContext,
  place: Place,
  present: Reconciliation | null,
  checked: CheckedReconciliation,
  given: { readonly name: string; readonly state: Reconciliation["state"] },
): ReconciliationPlan | Refusal {
  const source = catalogOf(context).findSource(checked.source);
  if (source === null) return notFound("source", checked.source);
  const { tenant } = context.principal;
  const declared = { tenant, origin: "api", newId: newCatalogId(context.deps), sourceId: source.id, ...given } as const;
  return planReconciliation(place, present, checked, declared) ?? invalid(...place.faults);
}

async function write(
  context: OperationContext,
  decide: (present: readonly Reconciliation[]) => ReconciliationPlan | Refusal,
): Answer {
  let refusal: Refusal | null = null;
  const { deps, principal } = context;
  const written = await changeReconciliation(deps, principal.tenant, (present) => {
    const decided = decide(present);
    if (!("ok" in decided)) return decided;
    refusal = decided;
    return null;
  });
  if (!written.ok) return notStored(written);
  if (written.value === null) return refusal ?? notFound("reconciliation", "");
  return orUnread(await show(context, written.value.name));
}

const tag = "Reconciliation";
const example = {
  name: "stripe-log",
  source: "stripe",
  connector: { kind: "stripe" },
  secret: "rk_live_…",
  eventTypes: ["invoice.*"],
  schedule: "*/15 * * * *",
};

export const reconciliationOperations = [
  operation({
    method: "get",
    path: "/reconciliations",
    tag,
    summary: "What is compared with providers' own logs, with the newest run of each",
    answer: z.object({ items: z.array(reconciliationSchema), nextCursor: z.null() }),
    handle: (context) => list(context),
  }),
  operation({
    method: "post",
    path: "/reconciliations",
    tag,
    summary: "Compare a source with its provider's own log",
    description:
      "The fields are those of the configuration file, docs/configuration.md. The secret is sealed and never shown.",
    body: { schema: looseObject, example },
    status: 201,
    answer: reconciliationSchema,
    handle: (context, { body }) => create(context, body),
  }),
  operation({
    method: "get",
    path: "/reconciliations/{id}",
    tag,
    summary: "One reconciliation, by id or name",
    answer: reconciliationSchema,
    handle: (context, { id }) => show(context, id),
  }),
  operation({
    method: "patch",
    path: "/reconciliations/{id}",
    tag,
    summary: "Change a reconciliation, or disable it; its run under way ends then where it is",
    description:
      "The secret stays when it is not given, unless the connector is of another kind or goes to another scheme, host or port: then it has to be given again.",
    body: { schema: looseObject, example: { schedule: "0 * * * *", state: "active" } },
    answer: reconciliationSchema,
    handle: (context, { id, body }) => change(context, id, body),
  }),
];
