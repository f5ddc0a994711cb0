import { z } from "@hono/zod-openapi";
import type { DeadFilter } from "../../domain/dead-filter.ts";
import { isNarrow } from "../../domain/dead-filter.ts";
import { bucketOf, toPublicId } from "../../domain/id.ts";
import { findDeadPage } from "../../recovery/find-dead.ts";
import { listDismissals } from "../../store/dead-letters/handlings.ts";
import type { Queryable } from "../../store/statement.ts";
import { listLastAttempts } from "../../store/views/attempts.ts";
import type { DeadGroupRow } from "../../store/views/dead-letters.ts";
import { groupDead } from "../../store/views/dead-letters.ts";
import type { DeliveryRow } from "../../store/views/deliveries.ts";
import { listOpen, pickDead } from "../../store/views/deliveries.ts";
import { readView } from "../../store/views/read-view.ts";
import { catalogOf } from "./catalog-operations.ts";
import { deadFilterShape, readDeadFilter } from "./dead-filter-query.ts";
import { attemptSchema, deliverySchema, toAttempt, toDelivery } from "./delivery-shape.ts";
import type { OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { pageQuery, readCursor, searchedSchema, toPage, UUID_MAX } from "./page.ts";
import { orRefusal } from "./refusal.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";

/** Grouping reads no more than the newest so many; the answer says so. */
const COUNTED_MAX = 20_000;

const moment = z.iso.datetime();
const deadLetterSchema = deliverySchema
  .extend({
    lastAttempt: attemptSchema.nullable(),
    dismissed: z
      .object({ at: moment, by: z.string().nullable(), reason: z.string().nullable(), handlingId: z.string() })
      .nullable(),
  })
  .openapi("DeadLetter");
const deadLetterPageSchema = z
  .object({
    items: z.array(deadLetterSchema),
    nextCursor: z.string().nullable(),
    searched: searchedSchema,
    reasons: z.array(z.object({ reason: z.string(), count: z.number().int() })),
    groups: z.array(
      z.object({
        reason: z.string(),
        destinationId: z.string(),
        destination: z.string(),
        count: z.number().int(),
        firstAt: moment,
        lastAt: moment,
      }),
    ),
    counted: z.object({ newest: z.number().int(), complete: z.boolean() }),
  })
  .openapi("DeadLetterPage");

const deadLetterQuery = z.strictObject({
  ...deadFilterShape,
  dismissed: z
    .stringbool()
    .default(false)
    .openapi({ description: "Those that were dismissed instead of the open ones" }),
  ...pageQuery,
});

async function listPage(context: OperationContext, query: z.infer<typeof deadLetterQuery>) {
  const own = catalogOf(context);
  const { limit, cursor, dismissed, ...given } = query;
  const chosen = readDeadFilter(given, own);
  if (!chosen.ok) return chosen;
  const { filter } = chosen;
  const scope = ["dead-letters", dismissed, JSON.stringify(filter)];
  const start = readCursor(scope, cursor, 1);
  if (!start.ok) return start;
  const { tenant } = context.principal;
  const before = start.after?.[0] ?? UUID_MAX;
  const read = orRefusal(
    await readView(context.deps.db, async (tx) => {
      const found = await readRows(tx, tenant, before, { filter, dismissed, limit: limit + 1 });
      const ids = found.rows.map(({ id }) => id);
      const attempts = (await tx.run(listLastAttempts, [ids.map(bucketOf), ids])).rows;
      const dismissals = dismissed ? (await tx.run(listDismissals, [tenant, ids.map(bucketOf), ids])).rows : [];
      return { ...found, attempts, dismissals, groups: (await tx.run(groupDead, [tenant, COUNTED_MAX])).rows };
    }),
  );
  if (!read.ok) return read;
  const last = new Map(read.value.attempts.map((attempt) => [attempt.delivery_id, attempt]));
  const dismissals = new Map(read.value.dismissals.map((row) => [row.id, row]));
  const page = toPage(
    scope,
    read.value.rows,
    query.limit,
    ({ id }) => [id],
    (row) => {
      const attempt = last.get(row.id);
      const dismissal = dismissals.get(row.id);
      return {
        ...toDelivery(row, own),
        lastAttempt: attempt === undefined ? null : toAttempt(attempt),
        dismissed: dismissal === undefined ? null : toDismissed(dismissal),
      };
    },
    read.value.floor === null ? null : [read.value.floor],
  );
  const groups = read.value.groups.map((group) => toGroup(group, own));
  const counted = groups.reduce((sum, { count }) => sum + count, 0);
  const value = {
    ...page,
    searched: read.value.searched,
    reasons: sumByReason(groups),
    groups,
    counted: { newest: counted, complete: counted < COUNTED_MAX },
  };
  return { ok: true, value } as const;
}

function toGroup(group: DeadGroupRow, own: TenantCatalog) {
  return {
    reason: group.reason,
    destinationId: toPublicId("dst", group.destination_id),
    destination: own.destinationName(group.destination_id),
    count: group.deliveries,
    firstAt: group.first_at.toISOString(),
    lastAt: group.last_at.toISOString(),
  };
}

interface FoundRows {
  readonly rows: DeliveryRow[];
  readonly searched: z.infer<typeof searchedSchema>;
  /** Where the search ended without having seen everything. */
  readonly floor: string | null;
}

// By destination alone there is an index to walk; by anything else the newest are searched.
async function readRows(
  tx: Queryable,
  tenant: string,
  before: string,
  wish: { readonly filter: DeadFilter; readonly dismissed: boolean; readonly limit: number },
): Promise<FoundRows> {
  const { destinationId, ...rest } = wish.filter;
  if (!wish.dismissed && !isNarrow(rest)) {
    const { rows } = await tx.run(listOpen, [tenant, before, destinationId ?? null, wish.limit]);
    return { rows, searched: null, floor: null };
  }
  const look = { isDismissed: wish.dismissed, before, limit: wish.limit };
  const { letters, searched, floor } = await findDeadPage(tx, tenant, wish.filter, look);
  const shown = letters.map(({ id }) => id).slice(0, wish.limit);
  return { rows: (await tx.run(pickDead, [tenant, shown.map(bucketOf), shown])).rows, searched, floor };
}

function toDismissed(row: { dismissed_at: Date; handling: string; reason: string | null; handled_by: string | null }) {
  const handlingId = toPublicId("hdl", row.handling);
  return { at: row.dismissed_at.toISOString(), by: row.handled_by, reason: row.reason, handlingId };
}

function sumByReason(groups: readonly { readonly reason: string; readonly count: number }[]) {
  const sums = new Map<string, number>();
  for (const { reason, count } of groups) sums.set(reason, (sums.get(reason) ?? 0) + count);
  return [...sums].map(([reason, count]) => ({ reason, count })).toSorted((a, b) => b.count - a.count);
}

export const deadLetterOperations = [
  operation({
    method: "get",
    path: "/dead-letters",
    tag: "Deliveries",
    summary: "Dead letters that nobody has retried, newest first, and how many there are by reason and destination",
    description:
      "By destination alone, in order; by anything else 2,000 letters at a time are searched, so a page may be short, or empty, and still have a nextCursor, and searched says how far it got. reasons and groups count the newest 20,000.",
    query: deadLetterQuery,
    answer: deadLetterPageSchema,
    handle: (context, { query }) => listPage(context, query),
  }),
];
