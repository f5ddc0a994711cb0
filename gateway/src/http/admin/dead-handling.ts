import { z } from "@hono/zod-openapi";
import { parsePublicId, toPublicId } from "../../domain/id.ts";
import { findDead } from "../../recovery/find-dead.ts";
import type { Handled as HandledLetters } from "../../recovery/handle-dead.ts";
import { dismiss, restore, retryMany } from "../../recovery/handle-dead.ts";
import type { HandlingRow } from "../../store/dead-letters/handlings.ts";
import { listHandlings } from "../../store/dead-letters/handlings.ts";
import { readView } from "../../store/views/read-view.ts";
import { catalogOf } from "./catalog-operations.ts";
import { DEAD_IDS_MAX, deadChoiceSchema, readDeadChoice } from "./dead-filter-query.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { pageOf, pageQuery, readCursor, toPage, UUID_MAX } from "./page.ts";
import { conflict, invalid, notFound, orRefusal } from "./refusal.ts";
import { nameOf, unwritten } from "./replays.ts";

const by = z.string().max(64).optional().openapi({ description: "Who asks, beside the name of the key" });
const expected = z.number().int().min(0).optional().openapi({
  description: "The impact that was shown; when it is another by now, nothing is done. Absent: only count",
});

const retrySchema = z.strictObject({ filter: deadChoiceSchema, expected, by });
const dismissSchema = retrySchema.extend({
  reason: z.string().trim().min(3).max(500).openapi({ description: "Why nothing is to be done for them" }),
});

const handledSchema = z
  .object({
    impact: z.number().int().openapi({ description: "How many letters the filter fits now" }),
    searched: z.object({ newest: z.number().int(), complete: z.boolean() }).nullable(),
    handled: z.number().int().openapi({ description: "How many were handled; 0 where it was only counted" }),
    handlingId: z.string().nullable().openapi({ description: "What undoes it, for seven days" }),
  })
  .openapi("HandledDeadLetters");
type HandledAnswer = z.infer<typeof handledSchema>;

async function countOnly(
  context: OperationContext,
  filter: Parameters<typeof findDead>[2],
): Promise<Handled<HandledAnswer>> {
  const { tenant } = context.principal;
  const found = orRefusal(await readView(context.deps.db, (tx) => findDead(tx, tenant, filter)));
  if (!found.ok) return found;
  const { letters, searched } = found.value;
  return { ok: true, value: { impact: letters.length, searched, handled: 0, handlingId: null } };
}

async function handle(
  context: OperationContext,
  body: z.infer<typeof retrySchema> & { readonly reason?: string },
): Promise<Handled<HandledAnswer>> {
  const { deps, principal, requestId } = context;
  const own = catalogOf(context);
  const read = readDeadChoice(body.filter, own);
  if (!read.ok) return read;
  if (body.expected === undefined) return countOnly(context, read.filter);
  const wish = {
    tenant: principal.tenant,
    by: nameOf(context, body.by),
    filter: read.filter,
    shownFilter: body.filter,
    expected: body.expected,
  };
  const findDestination = (id: string) => own.destinations.find((destination) => destination.id === id) ?? null;
  const handling = { ...deps, findDestination };
  const done: HandledLetters =
    body.reason === undefined ? await retryMany(handling, wish) : await dismiss(handling, wish, body.reason);
  switch (done.kind) {
    case "differs":
      return conflict(
        `${done.count} fit by now, not ${body.expected}; nothing was done. Look again, then ask with expected: ${done.count}.`,
      );
    case "failed":
      return unwritten(done);
    case "handled": {
      const handlingId = done.count === 0 ? null : toPublicId("hdl", done.handlingId);
      const line = { requestId, handling: handlingId, count: done.count, reason: body.reason ?? null };
      deps.log.info(line, body.reason === undefined ? "dead letters were retried" : "dead letters were dismissed");
      if (done.ready > 0) deps.wake();
      return { ok: true, value: { impact: body.expected, searched: null, handled: done.count, handlingId } };
    }
  }
}

const restoreSchema = z.strictObject({
  handling: z.string().max(64).optional().openapi({ description: "Everything that was done at once: hdl_…" }),
  ids: z.array(z.string().max(64)).min(1).max(DEAD_IDS_MAX).optional().openapi({ description: "Or single deliveries" }),
  by,
});
const restoredSchema = z
  .object({
    restored: z.number().int(),
    tooLate: z.number().int().openapi({ description: "Retries that were tried already, which cannot be undone" }),
  })
  .openapi("RestoredDeadLetters");

async function undo(
  context: OperationContext,
  body: z.infer<typeof restoreSchema>,
): Promise<Handled<z.infer<typeof restoredSchema>>> {
  const { deps, principal, requestId } = context;
  if ((body.handling === undefined) === (body.ids === undefined))
    return invalid({ path: "", problem: "give either handling or ids" });
  const handlingId = body.handling === undefined ? null : parsePublicId("hdl", body.handling);
  if (body.handling !== undefined && handlingId === null) return notFound("handling", body.handling);
  const ids = (body.ids ?? []).map((id) => parsePublicId("dlv", id));
  if (ids.includes(null)) return invalid({ path: `ids[${ids.indexOf(null)}]`, problem: "is not the id of a delivery" });
  const what = handlingId === null ? { ids: ids.filter((id) => id !== null) } : { handlingId };
  const done = await restore(deps, principal.tenant, nameOf(context, body.by), what);
  switch (done.kind) {
    case "missing":
      return conflict("Nothing of this is dismissed or waits to be retried, so there is nothing to undo.");
    case "expired":
      return conflict(
        `It was done on ${done.handledAt.toISOString()}, more than seven days ago. A replay delivers it again.`,
      );
    case "failed":
      return unwritten(done);
    case "restored":
      deps.log.info({ requestId, restored: done.count, tooLate: done.tooLate }, "dead letters were opened again");
      return { ok: true, value: { restored: done.count, tooLate: done.tooLate } };
  }
}

const handlingSchema = z
  .object({
    id: z.string(),
    kind: z.enum(["retry", "dismiss"]),
    reason: z.string().nullable(),
    filter: z.record(z.string(), z.unknown()),
    deliveries: z.number().int(),
    handledAt: z.iso.datetime(),
    handledBy: z.string(),
    undoneAt: z.iso.datetime().nullable(),
    undoneBy: z.string().nullable(),
  })
  .openapi("Handling");

function toHandling(row: HandlingRow): z.infer<typeof handlingSchema> {
  return {
    id: toPublicId("hdl", row.id),
    kind: row.kind,
    reason: row.reason,
    filter: row.filter,
    deliveries: row.deliveries,
    handledAt: row.handled_at.toISOString(),
    handledBy: row.handled_by,
    undoneAt: row.undone_at?.toISOString() ?? null,
    undoneBy: row.undone_by,
  };
}

async function listDone(
  context: OperationContext,
  query: { readonly limit: number; readonly cursor?: string | undefined },
) {
  const start = readCursor(["handlings"], query.cursor, 1);
  if (!start.ok) return start;
  const values = [context.principal.tenant, start.after?.[0] ?? UUID_MAX, query.limit + 1];
  const read = orRefusal(await readView(context.deps.db, async (tx) => (await tx.run(listHandlings, values)).rows));
  if (!read.ok) return read;
  return { ok: true, value: toPage(["handlings"], read.value, query.limit, ({ id }) => [id], toHandling) } as const;
}

const tag = "Deliveries";

export const deadHandlingOperations = [
  operation({
    method: "post",
    path: "/dead-letters/retry",
    tag,
    access: "responder",
    summary: "Retry every dead letter that fits a filter, after counting them",
    description:
      "Without expected it only counts. With the count that was shown it retries them in one transaction, each as a new delivery with the same idempotency key; when the count is another by then, nothing is done.",
    body: { schema: retrySchema, example: { filter: { destination: "billing", status: 500 }, expected: 37 } },
    answer: handledSchema,
    hasChanged: ({ handled }) => handled > 0,
    handle: (context, { body }) => handle(context, body),
  }),
  operation({
    method: "post",
    path: "/dead-letters/dismiss",
    tag,
    access: "responder",
    summary: "Take dead letters out of the list, with the reason",
    description: "Counts first, as a retry does. Nothing is deleted, and for seven days it can be undone.",
    body: {
      schema: dismissSchema,
      example: { filter: { group: "0123456789abcdef" }, expected: 2, reason: "test orders of the old shop" },
    },
    answer: handledSchema,
    hasChanged: ({ handled }) => handled > 0,
    handle: (context, { body }) => handle(context, body),
  }),
  operation({
    method: "post",
    path: "/dead-letters/restore",
    tag,
    access: "responder",
    summary: "Undo a dismissal or a retry",
    description: "A retry can be undone until it is tried.",
    body: { schema: restoreSchema },
    answer: restoredSchema,
    handle: (context, { body }) => undo(context, body),
  }),
  operation({
    method: "get",
    path: "/dead-letters/handlings",
    tag,
    summary: "What was done with dead letters, by whom and why, newest first",
    query: z.strictObject(pageQuery),
    answer: pageOf(handlingSchema),
    handle: (context, { query }) => listDone(context, query),
  }),
];
