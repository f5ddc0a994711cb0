import { z } from "@hono/zod-openapi";
import { toPublicId } from "../../domain/id.ts";
import { readView } from "../../store/views/read-view.ts";
import { groupRejections } from "../../store/views/rejections.ts";
import { catalogOf } from "./catalog-operations.ts";
import type { OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { orRefusal } from "./refusal.ts";
import { readRejectionFilter, rejectionFilter } from "./rejection-filter.ts";

/** Grouping reads the diagnoses of the newest so many. */
const SEARCHED_MAX = 5_000;
const GROUPS_MAX = 200;
const moment = z.iso.datetime();

const groupsSchema = z
  .object({
    items: z.array(
      z.object({
        sourceId: z.string(),
        source: z.string(),
        reason: z.string(),
        cause: z.string().openapi({ description: "The likely cause; unknown where none was found" }),
        count: z.number().int(),
        replayed: z.number().int().openapi({ description: "How many of them a replay has made events of" }),
        firstAt: moment,
        lastAt: moment,
        sampleId: z.string().openapi({ description: "The newest of them" }),
      }),
    ),
    searched: z.object({ newest: z.number().int(), complete: z.boolean() }),
    more: z.number().int().openapi({ description: "Groups beyond those that are shown, smaller ones" }),
  })
  .openapi("RejectionGroups", {
    example: {
      items: [
        {
          sourceId: "src_01jdaqt3k0e0080000000000zz",
          source: "stripe",
          reason: "secret_expired",
          cause: "secret_retired",
          count: 812,
          replayed: 0,
          firstAt: "2026-11-21T17:00:00.000Z",
          lastAt: "2026-11-21T18:00:00.000Z",
          sampleId: "rej_01jdaqt3k0e0080000000000zz",
        },
      ],
      searched: { newest: 812, complete: true },
      more: 0,
    },
  });

const groupQuery = z.strictObject(rejectionFilter);

async function listGroups(context: OperationContext, query: z.infer<typeof groupQuery>) {
  const chosen = readRejectionFilter(context, query);
  if (!chosen.ok) return chosen;
  const { sourceId, reason, cause, from, until } = chosen;
  const { tenant } = context.principal;
  const values = [tenant, until, from, sourceId, reason, cause, SEARCHED_MAX];
  const read = orRefusal(await readView(context.deps.db, async (tx) => (await tx.run(groupRejections, values)).rows));
  if (!read.ok) return read;
  const own = catalogOf(context);
  const newest = read.value.reduce((sum, { count }) => sum + count, 0);
  const items = read.value.slice(0, GROUPS_MAX).map((row) => ({
    sourceId: toPublicId("src", row.source_id),
    source: own.sourceName(row.source_id),
    reason: row.reason,
    cause: row.cause,
    count: row.count,
    replayed: row.replayed,
    firstAt: row.first_at.toISOString(),
    lastAt: row.last_at.toISOString(),
    sampleId: toPublicId("rej", row.sample),
  }));
  const searched = { newest, complete: newest < SEARCHED_MAX };
  return { ok: true, value: { items, searched, more: Math.max(0, read.value.length - GROUPS_MAX) } } as const;
}

export const rejectionGroupOperations = [
  operation({
    method: "get",
    path: "/rejections/groups",
    tag: "Rejections",
    summary: "Rejections by source, reason and likely cause, the largest group first",
    description: "The newest 5,000 that fit are counted; searched says so.",
    query: groupQuery,
    answer: groupsSchema,
    handle: (context, { query }) => listGroups(context, query),
  }),
];
