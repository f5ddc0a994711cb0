import { z } from "@hono/zod-openapi";
import type { Destination } from "../../domain/catalog.ts";
import { NOTICE_KINDS } from "../../domain/failure-stretch.ts";
import { findFailure, listNotices } from "../../store/gates/failures.ts";
import type { HealthRow } from "../../store/gates/health.ts";
import { readHealth } from "../../store/gates/health.ts";
import { readQueueAtGate } from "../../store/gates/list-gates.ts";
import { readView } from "../../store/views/read-view.ts";
import { destinationSchema, toDestination } from "./catalog-shape.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { orRefusal } from "./refusal.ts";

const moment = z.iso.datetime();

const healthSchema = z.object({
  attempts: z.number().int(),
  succeeded: z.number().int(),
  failed: z.number().int().openapi({ description: "Every failure, throttled ones among them" }),
  throttled: z.number().int().openapi({ description: "Answered 429, or not in time" }),
  meanLatencyMs: z.number().int().nullable(),
  maxLatencyMs: z.number().int().nullable(),
});

export const destinationDetailSchema = destinationSchema
  .extend({
    waitsAtGate: z.boolean().openapi({ description: "Whether deliveries wait at its gate" }),
    permitsOut: z
      .number()
      .int()
      .openapi({ description: "Deliveries that its gate has let in and that have not ended" }),
    health: z.object({ last5Min: healthSchema, last24H: healthSchema }),
    failingSince: moment
      .nullable()
      .openapi({ description: "Since when every attempt has failed; null: the last one succeeded" }),
    notices: z.array(z.object({ kind: z.enum(NOTICE_KINDS), since: moment, at: moment, detail: z.string() })),
  })
  .openapi("DestinationDetail");

type Detail = z.infer<typeof destinationDetailSchema>;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const NOTICES_MAX = 20;

/** A destination with how its attempts went, by whole minutes, and what its operators were told. */
export async function showDetail(context: OperationContext, destination: Destination): Promise<Handled<Detail>> {
  const nowMs = context.deps.clock.now().getTime();
  const minuteAgo = (ms: number): string => new Date(Math.floor((nowMs - ms) / MINUTE_MS) * MINUTE_MS).toISOString();
  const { id } = destination;
  const read = orRefusal(
    await readView(context.deps.db, async (tx) => ({
      health: (await tx.run(readHealth, [id, minuteAgo(DAY_MS), minuteAgo(5 * MINUTE_MS)])).rows,
      failure: (await tx.run(findFailure, [id])).rows[0],
      notices: (await tx.run(listNotices, [id, NOTICES_MAX])).rows,
      queue: (await tx.run(readQueueAtGate, [id])).rows[0],
    })),
  );
  if (!read.ok) return read;
  const { health, failure, notices, queue } = read.value;
  return {
    ok: true,
    value: {
      ...toDestination(destination),
      waitsAtGate: queue?.waiting ?? false,
      permitsOut: queue?.out ?? 0,
      health: {
        last5Min: toHealth(health.find(({ recent }) => recent)),
        last24H: toHealth(health.find(({ recent }) => !recent)),
      },
      failingSince: failure?.first_at.toISOString() ?? null,
      notices: notices.map(({ kind, since, at, detail }) => ({
        kind: kind as Detail["notices"][number]["kind"],
        since: since.toISOString(),
        at: at.toISOString(),
        detail,
      })),
    },
  };
}

function toHealth(row: HealthRow | undefined): z.infer<typeof healthSchema> {
  const { succeeded = 0, failed = 0, throttled = 0, latency_ms_sum: sum = 0, latency_ms_max: max = 0 } = row ?? {};
  const attempts = succeeded + failed;
  const latency = attempts === 0 ? null : { mean: Math.round(sum / attempts), max };
  return {
    attempts,
    succeeded,
    failed,
    throttled,
    meanLatencyMs: latency?.mean ?? null,
    maxLatencyMs: latency?.max ?? null,
  };
}
