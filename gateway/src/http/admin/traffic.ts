import { z } from "@hono/zod-openapi";
import { toPublicId } from "../../domain/id.ts";
import { sumDestinationTraffic, sumSourceTraffic } from "../../store/rates/traffic.ts";
import { readView } from "../../store/views/read-view.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { orRefusal } from "./refusal.ts";

const MINUTE_MS = 60_000;
const MINUTES_MAX = 1_440;
const moment = z.iso.datetime();
const count = z.number().int();

const trafficQuery = z.strictObject({ minutes: z.coerce.number().int().min(1).max(MINUTES_MAX).default(60) });
type TrafficQuery = z.infer<typeof trafficQuery>;

export const sourceTrafficSchema = z
  .object({
    from: moment,
    items: z.array(
      z.object({
        sourceId: z.string(),
        recorded: count,
        duplicates: count,
        rejected: count,
        unavailable: count.openapi({ description: "Answered 429 or 503: the provider sends it again" }),
        lastRecordedAt: moment.nullable().openapi({ description: "To the minute" }),
        lastRejectedAt: moment.nullable(),
      }),
    ),
  })
  .openapi("SourceTraffic");

export const destinationTrafficSchema = z
  .object({
    from: moment,
    items: z.array(
      z.object({
        destinationId: z.string(),
        succeeded: count,
        failed: count,
        meanLatencyMs: z.number().nullable(),
        lastTriedAt: moment.nullable().openapi({ description: "To the minute" }),
      }),
    ),
  })
  .openapi("DestinationTraffic");

/** The first of so many whole minutes, the present one among them. */
function firstMinute({ deps }: OperationContext, { minutes }: TrafficQuery): Date {
  const lastMs = Math.floor(deps.clock.now().getTime() / MINUTE_MS) * MINUTE_MS;
  return new Date(lastMs - (minutes - 1) * MINUTE_MS);
}

async function showSources(
  context: OperationContext,
  query: TrafficQuery,
): Promise<Handled<z.infer<typeof sourceTrafficSchema>>> {
  const from = firstMinute(context, query);
  const read = orRefusal(
    await readView(
      context.deps.db,
      async (tx) => (await tx.run(sumSourceTraffic, [context.principal.tenant, from])).rows,
    ),
  );
  if (!read.ok) return read;
  const items = read.value.map((row) => ({
    sourceId: toPublicId("src", row.source_id),
    recorded: row.recorded,
    duplicates: row.duplicates,
    rejected: row.rejected,
    unavailable: row.unavailable,
    lastRecordedAt: row.last_recorded?.toISOString() ?? null,
    lastRejectedAt: row.last_rejected?.toISOString() ?? null,
  }));
  return { ok: true, value: { from: from.toISOString(), items } };
}

async function showDestinations(
  context: OperationContext,
  query: TrafficQuery,
): Promise<Handled<z.infer<typeof destinationTrafficSchema>>> {
  const from = firstMinute(context, query);
  const read = orRefusal(
    await readView(
      context.deps.db,
      async (tx) => (await tx.run(sumDestinationTraffic, [context.principal.tenant, from])).rows,
    ),
  );
  if (!read.ok) return read;
  const items = read.value.map((row) => {
    const tries = row.succeeded + row.failed;
    return {
      destinationId: toPublicId("dst", row.destination_id),
      succeeded: row.succeeded,
      failed: row.failed,
      meanLatencyMs: tries === 0 ? null : Math.round((row.latency_ms_sum / tries) * 10) / 10,
      lastTriedAt: row.last_tried?.toISOString() ?? null,
    };
  });
  return { ok: true, value: { from: from.toISOString(), items } };
}

export const trafficOperations = [
  operation({
    method: "get",
    path: "/rates/sources",
    tag: "Status",
    summary: "What came at each source over the last minutes, in sum",
    description: "A source at which nothing came is left out.",
    query: trafficQuery,
    answer: sourceTrafficSchema,
    handle: (context, { query }) => showSources(context, query),
  }),
  operation({
    method: "get",
    path: "/rates/destinations",
    tag: "Status",
    summary: "How the attempts at each destination went over the last minutes, in sum",
    description: "A destination that was not tried is left out.",
    query: trafficQuery,
    answer: destinationTrafficSchema,
    handle: (context, { query }) => showDestinations(context, query),
  }),
];
