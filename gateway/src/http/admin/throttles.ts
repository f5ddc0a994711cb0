import { z } from "@hono/zod-openapi";
import { toPublicId } from "../../domain/id.ts";
import { PRIORITIES } from "../../domain/priority.ts";
import type { Throttle } from "../../domain/throttle.ts";
import { THROTTLE_ACTIONS, THROTTLE_MINUTES_DEFAULT, THROTTLE_MINUTES_MAX } from "../../domain/throttle.ts";
import { clearThrottle, setThrottle } from "../../pipeline/set-throttle.ts";
import { listSaturation } from "../../store/saturation/list-saturation.ts";
import { readView } from "../../store/views/read-view.ts";
import { catalogOf, readAgain } from "./catalog-operations.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { OVERLOAD_EXAMPLE, overloadSchema, toOverload } from "./overload-shape.ts";
import type { Refusal } from "./refusal.ts";
import { invalid, notFound, orRefusal, toRefusal } from "./refusal.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";

const moment = z.iso.datetime();

export const throttleSchema = z
  .object({
    id: z.string().openapi({ description: "all, class.<class> or source.<source's id>" }),
    scope: z.enum(["all", "class", "source"]),
    class: z.enum(PRIORITIES).nullable(),
    source: z.string().nullable(),
    action: z.enum(THROTTLE_ACTIONS).openapi({
      description:
        "throttle: a part is answered 429; refuse: all is answered 503; admit: never refused by the controller",
    }),
    admitPercent: z.number().int().nullable().openapi({ description: "What part a throttle lets through" }),
    reason: z.string().nullable(),
    setAt: moment,
    until: moment,
  })
  .openapi("Throttle", {
    example: {
      id: "class.low",
      scope: "class",
      class: "low",
      source: null,
      action: "throttle",
      admitPercent: 20,
      reason: "the database is being moved",
      setAt: "2026-11-21T18:00:00.000Z",
      until: "2026-11-21T19:00:00.000Z",
    },
  });

export const throttlesSchema = z
  .object({ throttles: z.array(throttleSchema), overload: overloadSchema })
  .openapi("Throttles", { example: { throttles: [], overload: OVERLOAD_EXAMPLE } });

const input = z.strictObject({
  all: z.literal(true).optional(),
  class: z.enum(PRIORITIES).optional(),
  source: z.string().max(140).optional().openapi({ description: "Id or name" }),
  action: z.enum(THROTTLE_ACTIONS).default("throttle"),
  admitPercent: z.number().int().min(0).max(99).optional(),
  minutes: z.number().int().min(1).max(THROTTLE_MINUTES_MAX).default(THROTTLE_MINUTES_DEFAULT),
  reason: z.string().max(200).optional(),
});

type Place = Pick<Throttle, "tenant" | "scope" | "target">;

async function list(context: OperationContext): Promise<Handled<z.infer<typeof throttlesSchema>>> {
  const own = catalogOf(context);
  const now = context.deps.clock.now();
  const read = orRefusal(await readView(context.deps.db, async (tx) => (await tx.run(listSaturation, [])).rows));
  if (!read.ok) return read;
  const { tenant } = context.principal;
  const inForce = context.deps.catalog.current().throttles.filter((one) => one.tenant === tenant && one.until > now);
  return {
    ok: true,
    value: { throttles: inForce.map((one) => toThrottle(one, own)), overload: toOverload(read.value) },
  };
}

async function set(
  context: OperationContext,
  body: z.infer<typeof input>,
): Promise<Handled<z.infer<typeof throttleSchema>>> {
  const { deps, principal, requestId } = context;
  const place = placeOf(context, body);
  if ("ok" in place) return place;
  const isThrottle = body.action === "throttle";
  if (isThrottle !== (body.admitPercent !== undefined)) {
    const problem = isThrottle
      ? "is needed: which part is let through, 0 to 99"
      : "goes with the action throttle alone";
    return invalid({ path: "admitPercent", problem });
  }
  const setAt = deps.clock.now();
  const throttle: Throttle = {
    ...place,
    action: body.action,
    admitPercent: body.admitPercent ?? null,
    reason: body.reason ?? null,
    setAt,
    until: new Date(setAt.getTime() + body.minutes * 60_000),
  };
  const changed = await setThrottle(deps, throttle);
  if (!changed.ok) return toRefusal(changed);
  await readAgain(deps.catalog);
  const shown = toThrottle(throttle, catalogOf(context));
  deps.log.warn({ requestId, keyId: principal.keyId, tenant: principal.tenant, ...shown }, "a throttle was set");
  return { ok: true, value: shown };
}

async function clear(context: OperationContext, id: string): Promise<Handled<{ cleared: string }>> {
  const { deps, principal, requestId } = context;
  const [scope, ...rest] = id.split(".");
  const target = rest.join(".");
  const place = placeOf(context, {
    ...(id === "all" ? { all: true as const } : {}),
    ...(scope === "class" ? { class: PRIORITIES.find((priority) => priority === target) } : {}),
    ...(scope === "source" ? { source: target } : {}),
  });
  if ("ok" in place) return notFound("throttle", id);
  const changed = await clearThrottle(deps, place);
  if (!changed.ok) return toRefusal(changed);
  if (!changed.isChanged) return notFound("throttle", id);
  await readAgain(deps.catalog);
  const { tenant } = principal;
  deps.log.warn({ requestId, keyId: principal.keyId, tenant, throttle: id }, "a throttle was cleared");
  return { ok: true, value: { cleared: id } };
}

/** Whom it is for; a refusal when that is nobody, or more than one. */
function placeOf(
  context: OperationContext,
  asked: Partial<Pick<z.infer<typeof input>, "all" | "class" | "source">>,
): Place | Refusal {
  const { tenant } = context.principal;
  const given = [asked.all, asked.class, asked.source].filter((one) => one !== undefined);
  if (given.length !== 1)
    return invalid({ path: "", problem: "say whom it is for, by exactly one of all, class and source" });
  if (asked.all === true) return { tenant, scope: "all", target: "" };
  if (asked.class !== undefined) return { tenant, scope: "class", target: asked.class };
  const source = catalogOf(context).findSource(asked.source ?? "");
  if (source === null) return invalid({ path: "source", problem: "there is no such source" });
  return { tenant, scope: "source", target: source.id };
}

function toThrottle(throttle: Throttle, own: TenantCatalog): z.infer<typeof throttleSchema> {
  const { scope, target, action, admitPercent, reason, setAt, until } = throttle;
  const publicTarget = scope === "source" ? toPublicId("src", target) : target;
  return {
    id: scope === "all" ? "all" : `${scope}.${publicTarget}`,
    scope,
    class: scope === "class" ? (PRIORITIES.find((priority) => priority === target) ?? null) : null,
    source: scope === "source" ? own.sourceName(target) : null,
    action,
    admitPercent,
    reason,
    setAt: setAt.toISOString(),
    until: until.toISOString(),
  };
}

const tag = "Throttles";

export const throttleOperations = [
  operation({
    method: "get",
    path: "/throttles",
    tag,
    summary: "Throttles in force, and how overloaded the gateway is",
    answer: throttlesSchema,
    handle: (context) => list(context),
  }),
  operation({
    method: "post",
    path: "/throttles",
    tag,
    summary: "Slow down, refuse or exempt a class, a source or everything of this tenant, for a while",
    description: "In force within half a second in every process; replaces what was set for the same target.",
    body: { schema: input, example: { class: "low", action: "throttle", admitPercent: 20, minutes: 60 } },
    answer: throttleSchema,
    handle: (context, { body }) => set(context, body),
  }),
  operation({
    method: "delete",
    path: "/throttles/{id}",
    tag,
    summary: "End a throttle: all, class.<class> or source.<id or name>",
    answer: z.object({ cleared: z.string() }).openapi({ example: { cleared: "class.low" } }),
    handle: (context, { id }) => clear(context, id),
  }),
];
