import { z } from "@hono/zod-openapi";
import { DEAD_REASONS } from "../../domain/delivery.ts";
import type { DeadFilter } from "../../domain/dead-filter.ts";
import { isNarrow } from "../../domain/dead-filter.ts";
import type { FieldFault } from "../../domain/field-checks.ts";
import type { OutcomeClass } from "../../domain/outcome.ts";
import { parsePublicId } from "../../domain/id.ts";
import { momentInput } from "./query-moment.ts";
import type { Refusal } from "./refusal.ts";
import { invalid } from "./refusal.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";

const DEAD_OUTCOMES = ["transient", "throttled", "refused", "gone"] as const satisfies readonly OutcomeClass[];

/** What dead letters are chosen by; as a query, and as part of a body. */
export const deadFilterShape = {
  destination: z.string().max(140).optional().openapi({ description: "Id or name" }),
  source: z.string().max(140).optional().openapi({ description: "Id or name" }),
  type: z.string().min(1).max(256).optional().openapi({ description: "* stands for any run of characters" }),
  reason: z.enum(DEAD_REASONS).optional().openapi({ description: "Why it died", example: "attempts_exhausted" }),
  outcome: z
    .enum(DEAD_OUTCOMES)
    .optional()
    .openapi({ description: "Class of the last attempt's outcome", example: "refused" }),
  status: z.coerce.number().int().min(100).max(599).optional().openapi({ description: "Status of the last answer" }),
  group: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional()
    .openapi({ description: "Id of a group of one cause" }),
  since: momentInput.optional().openapi({ description: "Died at or after" }),
  until: momentInput.optional().openapi({ description: "Died before" }),
};

export const DEAD_IDS_MAX = 1_000;

/** The same for what is to be done: a filter that says nothing is refused, since it would mean everything. */
export const deadChoiceSchema = z.strictObject({
  ...deadFilterShape,
  ids: z.array(z.string().max(64)).min(1).max(DEAD_IDS_MAX).optional(),
});

type Given = { readonly [K in keyof typeof deadFilterShape]?: z.infer<(typeof deadFilterShape)[K]> } & {
  readonly ids?: readonly string[] | undefined;
};

/** Reads a filter against the tenant's catalog. */
export function readDeadFilter(
  given: Given,
  own: TenantCatalog,
): { readonly ok: true; readonly filter: DeadFilter } | Refusal {
  const faults: FieldFault[] = [];
  const destination = given.destination === undefined ? null : own.findDestination(given.destination);
  if (given.destination !== undefined && destination === null)
    faults.push({ path: "destination", problem: "there is no such destination" });
  const source = given.source === undefined ? null : own.findSource(given.source);
  if (given.source !== undefined && source === null)
    faults.push({ path: "source", problem: "there is no such source" });
  const ids = given.ids?.flatMap((id, i) => {
    const uuid = parsePublicId("dlv", id);
    if (uuid === null) faults.push({ path: `ids[${i}]`, problem: "is not the id of a delivery" });
    return uuid === null ? [] : [uuid];
  });
  if (faults.length > 0) return invalid(...faults);
  return {
    ok: true,
    filter: {
      ...(ids === undefined ? {} : { ids }),
      ...(destination === null ? {} : { destinationId: destination.id }),
      ...(source === null ? {} : { sourceId: source.id }),
      ...(given.type === undefined ? {} : { eventType: given.type }),
      ...(given.reason === undefined ? {} : { reason: given.reason }),
      ...(given.outcome === undefined ? {} : { outcome: given.outcome }),
      ...(given.status === undefined ? {} : { status: given.status }),
      ...(given.group === undefined ? {} : { group: given.group }),
      ...(given.since === undefined ? {} : { sinceMs: Date.parse(given.since) }),
      ...(given.until === undefined ? {} : { untilMs: Date.parse(given.until) }),
    },
  };
}

/** The same for an action, which needs a filter that says something. */
export function readDeadChoice(
  given: Given,
  own: TenantCatalog,
): { readonly ok: true; readonly filter: DeadFilter } | Refusal {
  const read = readDeadFilter(given, own);
  if (read.ok && !isNarrow(read.filter))
    return invalid({
      path: "",
      problem: "say which: a destination, a group, ids, or another filter; empty would mean all of them",
    });
  return read;
}
