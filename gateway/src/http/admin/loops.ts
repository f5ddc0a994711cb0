import { z } from "@hono/zod-openapi";
import { toPublicId } from "../../domain/id.ts";
import { LOOP_CAUSES, LOOP_RUNBOOK, ratePerMinute } from "../../domain/retry-loop.ts";
import type { RetryLoopRow } from "../../store/views/loops.ts";
import { listLoops } from "../../store/views/loops.ts";
import { readView } from "../../store/views/read-view.ts";
import { catalogOf } from "./catalog-operations.ts";
import type { OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { UUID, pageOf, pageQuery, readCursor, toPage } from "./page.ts";
import { invalid, orRefusal } from "./refusal.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";

const moment = z.iso.datetime();

export const loopSchema = z
  .object({
    sourceId: z.string(),
    source: z.string(),
    kind: z.enum(["duplicate", "rejection"]),
    eventId: z.string().nullable().openapi({ description: "The event that comes again" }),
    bodySha256: z.string().nullable().openapi({ description: "Of the body that is rejected again, in hexadecimal" }),
    cause: z.enum(LOOP_CAUSES).openapi({ description: "answered_late and refused are ours to mend" }),
    reason: z.string().nullable().openapi({ description: "Why it was rejected the last time" }),
    count: z.number().int().openapi({ description: "Arrivals so far; the one that was recorded is not among them" }),
    ratePerMinute: z.number().nullable(),
    firstAt: moment,
    lastAt: moment,
    runbook: z.string(),
  })
  .openapi("RetryLoop", {
    example: {
      sourceId: "src_01jdaqt3k0e0080000000000zz",
      source: "stripe",
      kind: "duplicate",
      eventId: "evt_01jdaqt3k0e0080000000000zz",
      bodySha256: null,
      cause: "redelivered",
      reason: null,
      count: 41,
      ratePerMinute: 2,
      firstAt: "2026-11-21T18:00:00.000Z",
      lastAt: "2026-11-21T18:20:00.000Z",
      runbook: LOOP_RUNBOOK,
    },
  });

const loopQuery = z.strictObject({
  source: z.string().max(140).optional().openapi({ description: "Id or name" }),
  ...pageQuery,
});

/** Milliseconds since 1970, the id of a source, and the id of an event or a hash: what a cursor's keys look like. */
const KEYS = [/^\d{13}$/, UUID, /^(?:[0-9a-f-]{36}|[0-9a-f]{64})$/];

async function listPage(context: OperationContext, query: z.infer<typeof loopQuery>) {
  const own = catalogOf(context);
  const source = query.source === undefined ? null : own.findSource(query.source);
  if (query.source !== undefined && source === null)
    return invalid({ path: "source", problem: "there is no such source" });
  const scope = ["loops", source?.id];
  const start = readCursor(scope, query.cursor, 3, KEYS);
  if (!start.ok) return start;
  const [lastMs, sourceId, fingerprint] = start.after ?? [];
  const after = [lastMs === undefined ? null : new Date(Number(lastMs)), sourceId, fingerprint];
  const { tenant } = context.principal;
  const read = orRefusal(
    await readView(
      context.deps.db,
      async (tx) => (await tx.run(listLoops, [tenant, source?.id ?? null, ...after, query.limit + 1])).rows,
    ),
  );
  if (!read.ok) return read;
  const page = toPage(
    scope,
    read.value,
    query.limit,
    (row) => [String(row.last_at.getTime()), row.source_id, row.fingerprint],
    (row) => toLoop(row, own),
  );
  return { ok: true, value: page } as const;
}

function toLoop(row: RetryLoopRow, own: TenantCatalog): z.infer<typeof loopSchema> {
  const { kind, cause, reason, count, first_at: firstAt, last_at: lastAt } = row;
  return {
    sourceId: toPublicId("src", row.source_id),
    source: own.sourceName(row.source_id),
    kind,
    eventId: kind === "duplicate" ? toPublicId("evt", row.fingerprint) : null,
    bodySha256: kind === "rejection" ? row.fingerprint : null,
    cause,
    reason,
    count,
    ratePerMinute: ratePerMinute({ count, firstAt, lastAt }),
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
    runbook: LOOP_RUNBOOK,
  };
}

export const loopOperations = [
  operation({
    method: "get",
    path: "/loops",
    tag: "Loops",
    summary: "What comes again and again: one event, or the same rejected bytes; the latest first",
    query: loopQuery,
    answer: pageOf(loopSchema),
    handle: (context, { query }) => listPage(context, query),
  }),
];
