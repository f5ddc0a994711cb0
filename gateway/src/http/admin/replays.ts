import { z } from "@hono/zod-openapi";
import { parsePublicId, toPublicId } from "../../domain/id.ts";
import type { ReplayStanding } from "../../domain/replay-tally.ts";
import { indexCatalog } from "../../pipeline/catalog-index.ts";
import { stopReplay } from "../../recovery/cancel-replay.ts";
import { planReplay } from "../../recovery/plan-replay.ts";
import { runPlan } from "../../recovery/start-replay.ts";
import { readReplayStanding } from "../../recovery/summarize-replay.ts";
import { findReplay, listReplays } from "../../store/replays/find-replays.ts";
import { listDeadItems } from "../../store/replays/items.ts";
import type { ReplayRow } from "../../store/replays/replay-row.ts";
import type { Queryable } from "../../store/statement.ts";
import { readView } from "../../store/views/read-view.ts";
import { catalogOf, orUnread } from "./catalog-operations.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { pageOf, pageQuery, readCursor, toPage, UUID_MAX } from "./page.ts";
import type { Refusal } from "./refusal.ts";
import { conflict, notFound, orRefusal } from "./refusal.ts";
import { NO_STANDING, type ReplayAnswer, replaySchema, toReplay } from "./replay-shape.ts";
import { readWish, replayWishSchema } from "./replay-wish.ts";

const FAILED_SHOWN_MAX = 100;

/** Who does it, for the record: the key's or the person's name, and whom they say they are. */
export function nameOf({ principal }: OperationContext, by: string | undefined): string {
  return by === undefined ? principal.name : `${by} (${principal.name})`;
}

async function plan(context: OperationContext, wish: z.infer<typeof replayWishSchema>): Promise<Handled<ReplayAnswer>> {
  const { deps, principal } = context;
  const own = catalogOf(context);
  const read = readWish(wish, own, deps.clock.now());
  if (!read.ok) return read;
  const planned = orRefusal(
    await planReplay(
      {
        ...deps,
        catalog: indexCatalog(deps.catalog.current()),
        publicUrl: deps.publicUrl ?? null,
        // A plan fetches no keys: what needs one is counted as such, and fetched when it is run.
        findKey: async () => ({ kind: "unavailable" }),
      },
      principal.tenant,
      nameOf(context, wish.by),
      read.wish,
    ),
  );
  return planned.ok ? { ok: true, value: toReplay(planned.value, NO_STANDING, own) } : planned;
}

const runSchema = z.strictObject({ token: z.string().min(1).max(128), by: z.string().max(64).optional() });

async function run(
  context: OperationContext,
  { token, by }: z.infer<typeof runSchema>,
): Promise<Handled<ReplayAnswer>> {
  const { deps, principal, requestId } = context;
  const started = await runPlan(deps, principal.tenant, token, nameOf(context, by));
  switch (started.kind) {
    case "missing":
      return notFound("plan", token);
    case "expired":
      return conflict("The plan is older than an hour. Plan it again: what it counted may have changed.");
    case "overlapping":
      return conflict(describeOverlap(started.with));
    case "failed":
      return unwritten(started);
    case "running": {
      if (started.isNew) {
        const line = { requestId, replay: toPublicId("rpl", started.replay.id), by: started.replay.started_by };
        deps.log.info(line, "a replay was started");
      }
      return orUnread(await show(context, started.replay.id));
    }
  }
}

function describeOverlap(other: ReplayRow): string {
  const id = toPublicId("rpl", other.id);
  if (other.state === "cancelled") {
    const words = `${other.ended_by} cancelled ${id} at ${other.ended_at?.toISOString()}`;
    return `${words}, and what it queued over some of the same arrivals is still being taken back. Wait until that is done, then run this plan again.`;
  }
  const words = `${other.started_by} has been running ${id} since ${other.started_at?.toISOString()} over some of the same arrivals`;
  return `${words}. Wait for it, or cancel it: holdfast replay cancel ${id}`;
}

/** A write that did not come through; asking again is safe, since each is done once. */
export function unwritten({ unknown, message }: { readonly unknown: boolean; readonly message: string }): Refusal {
  const detail = unknown ? "It is not known whether it was done; asking again is safe." : "Nothing was changed.";
  return { ok: false, code: "store_unavailable", detail, unknown, cause: message };
}

async function show(context: OperationContext, id: string): Promise<Handled<ReplayAnswer>> {
  const { tenant } = context.principal;
  const read = orRefusal(
    await readView(context.deps.db, async (tx) => {
      const row = (await tx.run(findReplay, [tenant, id])).rows[0];
      if (row === undefined) return null;
      const failed = (await tx.run(listDeadItems, [id, FAILED_SHOWN_MAX])).rows;
      return { ...(await withStanding(tx, row)), failed };
    }),
  );
  if (!read.ok) return read;
  if (read.value === null) return notFound("replay", toPublicId("rpl", id));
  const { row, standing, failed } = read.value;
  return { ok: true, value: toReplay(row, standing, catalogOf(context), failed) };
}

// Counters and standing are read in one statement, so that they are of one moment even while it runs.
async function withStanding(tx: Queryable, row: ReplayRow): Promise<{ row: ReplayRow; standing: ReplayStanding }> {
  const found = await readReplayStanding(tx, row.id);
  return found === null
    ? { row, standing: NO_STANDING }
    : { row: { ...row, tally: found.tally }, standing: found.standing };
}

async function listPage(
  context: OperationContext,
  query: { readonly limit: number; readonly cursor?: string | undefined },
) {
  const scope = ["replays"];
  const start = readCursor(scope, query.cursor, 1);
  if (!start.ok) return start;
  const { tenant } = context.principal;
  const read = orRefusal(
    await readView(context.deps.db, async (tx) => {
      const rows = (await tx.run(listReplays, [tenant, start.after?.[0] ?? UUID_MAX, query.limit + 1])).rows;
      const found = [];
      for (const row of rows) found.push(await withStanding(tx, row));
      return found;
    }),
  );
  if (!read.ok) return read;
  const own = catalogOf(context);
  const page = toPage(
    scope,
    read.value,
    query.limit,
    ({ row }) => [row.id],
    ({ row, standing }) => toReplay(row, standing, own),
  );
  return { ok: true, value: page } as const;
}

const cancelSchema = z.strictObject({ by: z.string().max(64).optional() });

async function cancel(
  context: OperationContext,
  id: string,
  { by }: z.infer<typeof cancelSchema>,
): Promise<Handled<ReplayAnswer>> {
  const uuid = parsePublicId("rpl", id);
  if (uuid === null) return notFound("replay", id);
  const { deps, principal, requestId } = context;
  const stopped = await stopReplay(deps, principal.tenant, uuid, nameOf(context, by));
  switch (stopped.kind) {
    case "missing":
      return notFound("replay", id);
    case "refused":
      return conflict(stopped.message);
    case "cancelled":
      deps.log.info({ requestId, replay: id, by: stopped.replay.ended_by }, "a replay was cancelled");
      return orUnread(await show(context, uuid));
  }
}

const tag = "Replays";

export const replayOperations = [
  operation({
    method: "post",
    path: "/replays",
    tag,
    access: "responder",
    summary: "Plan a replay: what it would do, and the token that runs it",
    description:
      "Goes over the scope as the run would, verification included, and writes nothing but the plan. Nothing is delivered before its token is run.",
    status: 201,
    body: {
      schema: replayWishSchema,
      example: { sources: ["stripe"], since: "2026-11-21T18:00:00Z", states: ["dead"] },
    },
    answer: replaySchema,
    // A plan delivers nothing; running it is what leaves an audit entry.
    hasChanged: () => false,
    handle: (context, { body }) => plan(context, body),
  }),
  operation({
    method: "post",
    path: "/replays/run",
    tag,
    access: "responder",
    summary: "Run a plan by its token, once",
    description:
      "Asked again with the same token it answers with the same run. 409 while a replay runs that could touch the same deliveries, or one that was cancelled is still being taken back; detail says whose and since when.",
    body: { schema: runSchema },
    answer: replaySchema,
    handle: (context, { body }) => run(context, body),
  }),
  operation({
    method: "get",
    path: "/replays",
    tag,
    summary: "Replays, newest first, with their summaries",
    query: z.strictObject(pageQuery),
    answer: pageOf(replaySchema),
    handle: (context, { query }) => listPage(context, query),
  }),
  operation({
    method: "get",
    path: "/replays/{id}",
    tag,
    summary: "One replay: its plan, its summary and what it was checked by",
    answer: replaySchema,
    handle: (context, { id }) => {
      const uuid = parsePublicId("rpl", id);
      return uuid === null ? Promise.resolve(notFound("replay", id)) : show(context, uuid);
    },
  }),
  operation({
    method: "post",
    path: "/replays/{id}/cancel",
    tag,
    access: "responder",
    summary: "Cancel a running replay",
    description:
      "Nothing more is queued, and what was queued and nobody has tried is taken back; what was tried goes on as any delivery does.",
    body: { schema: cancelSchema, optional: true },
    answer: replaySchema,
    handle: (context, { id, body }) => cancel(context, id, body),
  }),
];
