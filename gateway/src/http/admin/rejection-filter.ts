import { z } from "@hono/zod-openapi";
import { lowestUuid } from "../../domain/id.ts";
import { catalogOf } from "./catalog-operations.ts";
import type { OperationContext } from "./operation.ts";
import { UUID_MAX } from "./page.ts";
import { momentInput } from "./query-moment.ts";
import type { Refusal } from "./refusal.ts";
import { invalid } from "./refusal.ts";

const word = z.string().regex(/^[a-z_]{1,64}$/);

/** What rejections are chosen by. */
export const rejectionFilter = {
  source: z.string().max(140).optional().openapi({ description: "Id or name" }),
  reason: word.optional(),
  cause: word.optional().openapi({ description: "The likely cause; unknown where none was found" }),
  since: momentInput.optional().openapi({ description: "Received at or after" }),
  until: momentInput.optional().openapi({ description: "Received before" }),
};

type Given = { readonly [K in keyof typeof rejectionFilter]?: z.infer<(typeof rejectionFilter)[K]> };

/** A filter as statements take it; `from` (inclusive) and `until` (exclusive) as ids, which carry their times. */
export interface RejectionFilter {
  readonly ok: true;
  readonly sourceId: string | null;
  readonly reason: string | null;
  readonly cause: string | null;
  readonly from: string;
  readonly until: string;
}

/** Reads a filter against the tenant's catalog. */
export function readRejectionFilter(context: OperationContext, given: Given): RejectionFilter | Refusal {
  const source = given.source === undefined ? null : catalogOf(context).findSource(given.source);
  if (given.source !== undefined && source === null)
    return invalid({ path: "source", problem: "there is no such source" });
  return {
    ok: true,
    sourceId: source?.id ?? null,
    reason: given.reason ?? null,
    cause: given.cause ?? null,
    from: lowestUuid(given.since === undefined ? 0 : Math.max(0, Date.parse(given.since))),
    until: given.until === undefined ? UUID_MAX : lowestUuid(Date.parse(given.until)),
  };
}
