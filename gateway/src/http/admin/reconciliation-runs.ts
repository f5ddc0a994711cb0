import { z } from "@hono/zod-openapi";
import { parsePublicId } from "../../domain/id.ts";
import { ENTRY_STATES } from "../../domain/reconciliation.ts";
import { cancelReconciliation, startReconciliation } from "../../recovery/start-reconciliation.ts";
import { listEntries } from "../../store/reconciliations/entries.ts";
import type { RunRow } from "../../store/reconciliations/runs.ts";
import { findRun, listRuns } from "../../store/reconciliations/runs.ts";
import { loadSetups } from "../../store/reconciliations/setups.ts";
import type { Queryable } from "../../store/statement.ts";
import { readView } from "../../store/views/read-view.ts";
import { orUnread } from "./catalog-operations.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { UUID_MAX, UUID_MIN, pageOf, pageQuery, readCursor, toPage } from "./page.ts";
import { reconciliationEntrySchema, reconciliationRunSchema, toEntry, toRun } from "./reconciliation-shape.ts";
import { pickSetup } from "./reconciliations.ts";
import { conflict, invalid, notFound, notStored, orRefusal } from "./refusal.ts";

type RunAnswer = Promise<Handled<z.infer<typeof reconciliationRunSchema>>>;

const startInput = z
  .strictObject({
    from: z.iso
      .datetime()
      .optional()
      .openapi({ description: "With to: a window of its own instead of where the last run ended" }),
    to: z.iso.datetime().optional(),
  })
  .refine(({ from, to }) => (from === undefined) === (to === undefined), {
    message: "from and to belong together",
    path: ["to"],
  });

async function start(context: OperationContext, idOrName: string, input: z.infer<typeof startInput>): RunAnswer {
  const { deps, principal } = context;
  const read = orRefusal(await readView(deps.db, (tx) => loadSetups(tx, deps.box, { tenant: principal.tenant })));
  if (!read.ok) return read;
  const setup = pickSetup(read.value, idOrName);
  if (setup === null) return notFound("reconciliation", idOrName);
  const { from, to } = input;
  const window = from === undefined || to === undefined ? null : { from: new Date(from), to: new Date(to) };
  const started = await startReconciliation(deps, setup, { cause: "requested", startedBy: principal.name, window });
  switch (started.kind) {
    case "started":
      return { ok: true, value: toRun(started.run, setup.name) };
    case "running": {
      const { started_by: by, started_at: since, id } = started.run;
      return conflict(
        `${by} has started one at ${since.toISOString()}, which is under way: ${toRun({ ...started.run, id }, setup.name).id}.`,
      );
    }
    case "refused":
      return started.path === "state"
        ? conflict(`${started.problem}.`)
        : invalid({ path: started.path, problem: started.problem });
    case "failed":
      return notStored(started);
  }
}

const runQuery = z.strictObject({
  reconciliation: z.string().max(140).optional().openapi({ description: "Id or name" }),
  ...pageQuery,
});

async function namesOf(context: OperationContext, tx: Queryable) {
  const setups = await loadSetups(tx, context.deps.box, { tenant: context.principal.tenant });
  return { setups, nameOf: (row: RunRow) => setups.find(({ id }) => id === row.reconciliation_id)?.name ?? "unknown" };
}

async function list(context: OperationContext, query: z.infer<typeof runQuery>) {
  const { deps, principal } = context;
  const read = orRefusal(await readView(deps.db, (tx) => namesOf(context, tx)));
  if (!read.ok) return read;
  const { setups, nameOf } = read.value;
  const setup = query.reconciliation === undefined ? null : pickSetup(setups, query.reconciliation);
  if (query.reconciliation !== undefined && setup === null)
    return invalid({ path: "reconciliation", problem: "there is no such reconciliation" });
  const scope = ["reconciliation-runs", setup?.id];
  const begin = readCursor(scope, query.cursor, 1);
  if (!begin.ok) return begin;
  const values = [principal.tenant, begin.after?.[0] ?? UUID_MAX, setup?.id ?? null, query.limit + 1];
  const rows = orRefusal(await readView(deps.db, async (tx) => (await tx.run(listRuns, values)).rows));
  if (!rows.ok) return rows;
  const page = toPage(
    scope,
    rows.value,
    query.limit,
    ({ id }) => [id],
    (row) => toRun(row, nameOf(row)),
  );
  return { ok: true, value: page } as const;
}

async function show(context: OperationContext, id: string): RunAnswer {
  const uuid = parsePublicId("run", id);
  if (uuid === null) return notFound("run", id);
  const { deps, principal } = context;
  const read = orRefusal(
    await readView(deps.db, async (tx) => ({
      row: (await tx.run(findRun, [principal.tenant, uuid])).rows[0],
      ...(await namesOf(context, tx)),
    })),
  );
  if (!read.ok) return read;
  const { row, nameOf } = read.value;
  return row === undefined ? notFound("run", id) : { ok: true, value: toRun(row, nameOf(row)) };
}

const entryQuery = z.strictObject({ state: z.enum(ENTRY_STATES).optional(), ...pageQuery });

async function listOf(context: OperationContext, id: string, query: z.infer<typeof entryQuery>) {
  const found = await show(context, id);
  if (!found.ok) return found;
  const uuid = parsePublicId("run", id) ?? "";
  const scope = ["reconciliation-entries", uuid, query.state];
  const begin = readCursor(scope, query.cursor, 1);
  if (!begin.ok) return begin;
  const values = [uuid, begin.after?.[0] ?? UUID_MIN, query.state ?? null, query.limit + 1];
  const rows = orRefusal(await readView(context.deps.db, async (tx) => (await tx.run(listEntries, values)).rows));
  if (!rows.ok) return rows;
  return { ok: true, value: toPage(scope, rows.value, query.limit, ({ k }) => [k], toEntry) } as const;
}

async function cancel(context: OperationContext, id: string): RunAnswer {
  const { deps, principal } = context;
  const uuid = parsePublicId("run", id);
  if (uuid === null) return notFound("run", id);
  const done = await cancelReconciliation(deps, principal.tenant, uuid, `cancelled by ${principal.name}`);
  if (done.kind === "missing") return notFound("run", id);
  if (done.kind === "failed") return notStored(done);
  if (done.kind === "ended") return conflict(`It has ended already: ${done.run.state}.`);
  return orUnread(await show(context, id));
}

const tag = "Reconciliation";

export const reconciliationRunOperations = [
  operation({
    method: "post",
    path: "/reconciliations/{id}/runs",
    tag,
    summary: "Compare now; the answer comes at once, the run goes on in the process that leads",
    access: "responder",
    body: { schema: startInput, optional: true, example: {} },
    status: 201,
    answer: reconciliationRunSchema,
    handle: (context, { id, body }) => start(context, id, body),
  }),
  operation({
    method: "get",
    path: "/reconciliation-runs",
    tag,
    summary: "Runs with their reports, the newest first",
    query: runQuery,
    answer: pageOf(reconciliationRunSchema),
    handle: (context, { query }) => list(context, query),
  }),
  operation({
    method: "get",
    path: "/reconciliation-runs/{id}",
    tag,
    summary: "One run with its report",
    answer: reconciliationRunSchema,
    handle: (context, { id }) => show(context, id),
  }),
  operation({
    method: "get",
    path: "/reconciliation-runs/{id}/entries",
    tag,
    summary: "What a run found; once it has completed, all but what matched",
    query: entryQuery,
    answer: pageOf(reconciliationEntrySchema),
    handle: (context, { id, query }) => listOf(context, id, query),
  }),
  operation({
    method: "post",
    path: "/reconciliation-runs/{id}/cancel",
    tag,
    summary: "End a run where it is; what it has recovered stays",
    access: "responder",
    answer: reconciliationRunSchema,
    handle: (context, { id }) => cancel(context, id),
  }),
];
