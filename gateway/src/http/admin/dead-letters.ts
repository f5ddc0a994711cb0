import { z } from "@hono/zod-openapi";
import { bucketOf, toPublicId } from "../../domain/id.ts";
import { listLastAttempts } from "../../store/views/attempts.ts";
import { groupDead } from "../../store/views/dead-letters.ts";
import { listDead } from "../../store/views/deliveries.ts";
import { readView } from "../../store/views/read-view.ts";
import { catalogOf } from "./catalog-operations.ts";
import { attemptSchema, deliverySchema, toAttempt, toDelivery } from "./delivery-shape.ts";
import type { OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { pageQuery, readCursor, toPage, UUID_MAX } from "./page.ts";
import { invalid, orRefusal } from "./refusal.ts";

/** Grouping reads no more than the newest so many; the answer says so. */
const COUNTED_MAX = 100_000;

const moment = z.iso.datetime();
const deadLetterSchema = deliverySchema.extend({ lastAttempt: attemptSchema.nullable() }).openapi("DeadLetter");
const deadLetterPageSchema = z
  .object({
    items: z.array(deadLetterSchema),
    nextCursor: z.string().nullable(),
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
  destination: z.string().max(140).optional().openapi({ description: "Id or name" }),
  ...pageQuery,
});

async function listPage(context: OperationContext, query: z.infer<typeof deadLetterQuery>) {
  const own = catalogOf(context);
  const destination = query.destination === undefined ? null : own.findDestination(query.destination);
  if (query.destination !== undefined && destination === null) {
    return invalid({ path: "destination", problem: "there is no such destination" });
  }
  const scope = ["dead-letters", destination?.id];
  const start = readCursor(scope, query.cursor, 1);
  if (!start.ok) return start;
  const { tenant } = context.principal;
  const before = start.after?.[0] ?? UUID_MAX;
  const read = orRefusal(
    await readView(context.deps.db, async (tx) => {
      const rows = (await tx.run(listDead, [tenant, before, destination?.id ?? null, true, query.limit + 1])).rows;
      const ids = rows.map(({ id }) => id);
      const attempts = (await tx.run(listLastAttempts, [ids.map(bucketOf), ids])).rows;
      return { rows, attempts, groups: (await tx.run(groupDead, [tenant, COUNTED_MAX])).rows };
    }),
  );
  if (!read.ok) return read;
  const last = new Map(read.value.attempts.map((attempt) => [attempt.delivery_id, attempt]));
  const page = toPage(
    scope,
    read.value.rows,
    query.limit,
    ({ id }) => [id],
    (row) => {
      const attempt = last.get(row.id);
      return { ...toDelivery(row, own), lastAttempt: attempt === undefined ? null : toAttempt(attempt) };
    },
  );
  const groups = read.value.groups.map((group) => ({
    reason: group.reason,
    destinationId: toPublicId("dst", group.destination_id),
    destination: own.destinationName(group.destination_id),
    count: group.deliveries,
    firstAt: group.first_at.toISOString(),
    lastAt: group.last_at.toISOString(),
  }));
  const counted = groups.reduce((sum, { count }) => sum + count, 0);
  const value = {
    ...page,
    reasons: sumByReason(groups),
    groups,
    counted: { newest: counted, complete: counted < COUNTED_MAX },
  };
  return { ok: true, value } as const;
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
    query: deadLetterQuery,
    answer: deadLetterPageSchema,
    handle: (context, { query }) => listPage(context, query),
  }),
];
