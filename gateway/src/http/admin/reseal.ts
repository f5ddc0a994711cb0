import { z } from "@hono/zod-openapi";
import { toPublicId } from "../../domain/id.ts";
import type { Unreadable } from "../../pipeline/reseal.ts";
import { resealAll } from "../../pipeline/reseal.ts";
import { catalogOf, readAgain } from "./catalog-operations.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { tellStore } from "./refusal.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";

/** One request works this long at most; the rest is for the next. */
const LIMIT_MS = 20_000;
const SHOWN_MAX = 100;
/** It works row by row. */
const CUT_SHORT =
  "Some may be sealed anew already. Send it again, with another Idempotency-Key if it had one: it goes on there.";

export const resealedSchema = z
  .object({
    resealed: z
      .number()
      .int()
      .openapi({ description: "Values that are sealed with the first key now and were not before" }),
    current: z.number().int().openapi({ description: "Values that were already" }),
    unreadable: z.number().int().openapi({ description: "Values that no loaded key opens; they were left alone" }),
    unreadableThings: z.array(z.string()).openapi({ description: `Whose they are, at most ${SHOWN_MAX} of your own` }),
    complete: z.boolean().openapi({ description: "False when there is more to do: ask again" }),
  })
  .openapi("Resealed", {
    example: { resealed: 12, current: 0, unreadable: 0, unreadableThings: [], complete: true },
  });

async function reseal(context: OperationContext): Promise<Handled<z.infer<typeof resealedSchema>>> {
  const { deps, principal, requestId } = context;
  const done = await tellStore(() => resealAll(deps, LIMIT_MS));
  if (!done.ok) return { ...done, unknown: true, detail: CUT_SHORT };
  const { resealed, current, unreadable, complete } = done.value;
  if (resealed > 0) await readAgain(deps.catalog);
  const own = catalogOf(context);
  const things = unreadable.filter(({ tenant }) => tenant === principal.tenant).map((value) => nameValue(value, own));
  deps.log.info(
    { requestId, by: principal.keyId, resealed, current, unreadable: unreadable.length, complete },
    "stored secrets were sealed anew",
  );
  const unreadableThings = things.slice(0, SHOWN_MAX);
  return { ok: true, value: { resealed, current, unreadable: unreadable.length, unreadableThings, complete } };
}

function nameValue({ kind, id, part }: Unreadable, own: TenantCatalog): string {
  if (kind === "reconciliation") return `reconciliation/${toPublicId("rec", id)}/secret`;
  if (kind === "alert_channel") return `alert-channel/${toPublicId("chn", id)}/secret`;
  const name = kind === "source" ? own.sourceName(id) : own.destinationName(id);
  return `${kind}/${name}/${part ?? "signing-secret"}`;
}

export const resealOperations = [
  operation({
    method: "post",
    path: "/secrets/reseal",
    access: "admin",
    tag: "Secrets",
    summary: "Seal every stored secret anew with the first of the keys that are loaded",
    description:
      "For a change of the master key: load both keys with the new one first, reseal, then drop the old one. It can be repeated at any time and goes on where it was interrupted.",
    answer: resealedSchema,
    handle: reseal,
  }),
];
