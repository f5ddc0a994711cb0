import { z } from "@hono/zod-openapi";
import { groupByCause, suggestNextStep } from "../../domain/dead-cause.ts";
import { toPublicId } from "../../domain/id.ts";
import { DEAD_LOOKED_MAX } from "../../domain/dead-filter.ts";
import { findDead } from "../../recovery/find-dead.ts";
import { readView } from "../../store/views/read-view.ts";
import { catalogOf } from "./catalog-operations.ts";
import { deadFilterShape, readDeadFilter } from "./dead-filter-query.ts";
import type { OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { orRefusal } from "./refusal.ts";

const GROUPS_MAX = 200;
const moment = z.iso.datetime();

const groupSchema = z
  .object({
    id: z.string().openapi({ description: "The same cause has the same id tomorrow" }),
    destinationId: z.string(),
    destination: z.string(),
    eventType: z.string().nullable(),
    reason: z.string(),
    outcome: z.string().nullable(),
    status: z.number().int().nullable(),
    fingerprint: z.string().openapi({ description: "What was said, without what differs from letter to letter" }),
    count: z.number().int(),
    firstAt: moment,
    lastAt: moment,
    sample: z.object({ deliveryId: z.string(), eventId: z.string(), detail: z.string().nullable() }),
    suggestion: z.string(),
    runbook: z.string(),
  })
  .openapi("DeadGroup");

const groupsSchema = z
  .object({
    items: z.array(groupSchema),
    searched: z.object({ newest: z.number().int(), complete: z.boolean() }),
    more: z.number().int().openapi({ description: "Groups beyond those that are shown, smaller ones" }),
  })
  .openapi("DeadGroups");

const groupQuery = z.strictObject({ ...deadFilterShape, dismissed: z.stringbool().default(false) });

async function listGroups(context: OperationContext, query: z.infer<typeof groupQuery>) {
  const own = catalogOf(context);
  const { dismissed, ...given } = query;
  const read = readDeadFilter(given, own);
  if (!read.ok) return read;
  const { tenant } = context.principal;
  const look = { isDismissed: dismissed, lookedMax: DEAD_LOOKED_MAX };
  const found = orRefusal(await readView(context.deps.db, (tx) => findDead(tx, tenant, read.filter, look)));
  if (!found.ok) return found;
  const groups = groupByCause(found.value.letters);
  const items = groups.slice(0, GROUPS_MAX).map((group): z.infer<typeof groupSchema> => {
    const { destinationId, firstAt, lastAt, sample, ...rest } = group;
    return {
      ...rest,
      destinationId: toPublicId("dst", destinationId),
      destination: own.destinationName(destinationId),
      firstAt: firstAt.toISOString(),
      lastAt: lastAt.toISOString(),
      sample: {
        deliveryId: toPublicId("dlv", sample.id),
        eventId: toPublicId("evt", sample.eventId),
        detail: sample.detail,
      },
      ...suggestNextStep(group),
    };
  });
  const value = { items, searched: found.value.searched, more: Math.max(0, groups.length - GROUPS_MAX) };
  return { ok: true, value } as const;
}

export const deadGroupOperations = [
  operation({
    method: "get",
    path: "/dead-letters/groups",
    tag: "Deliveries",
    summary: "Dead letters by cause, the largest group first, each with a sample and what to do next",
    description:
      "A cause is a destination, an event type, the class, status and words of the last attempt, without what differs from letter to letter. The newest 2,000 letters are looked at; searched says so.",
    query: groupQuery,
    answer: groupsSchema,
    handle: (context, { query }) => listGroups(context, query),
  }),
];
