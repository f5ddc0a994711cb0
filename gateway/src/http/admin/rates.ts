import { z } from "@hono/zod-openapi";
import { parsePublicId } from "../../domain/id.ts";
import { listArrivalMinutes, listAttemptMinutes } from "../../store/rates/arrival-minutes.ts";
import { readView } from "../../store/views/read-view.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { invalid, orRefusal } from "./refusal.ts";

const MINUTE_MS = 60_000;
const MINUTES_MAX = 1_440;

export const ratesSchema = z
  .object({
    minutes: z.array(
      z.object({
        at: z.iso.datetime(),
        recorded: z.number().int(),
        duplicates: z.number().int(),
        rejected: z.number().int(),
        unavailable: z.number().int().openapi({ description: "Answered 429 or 503: the provider sends it again" }),
        succeeded: z.number().int(),
        failed: z.number().int(),
        latencyMs: z.number().nullable().openapi({ description: "Mean of the minute's attempts" }),
      }),
    ),
  })
  .openapi("Rates", {
    example: {
      minutes: [
        {
          at: "2026-11-21T18:00:00.000Z",
          recorded: 812,
          duplicates: 3,
          rejected: 0,
          unavailable: 0,
          succeeded: 811,
          failed: 1,
          latencyMs: 23.4,
        },
      ],
    },
  });

const ratesQuery = z.strictObject({
  minutes: z.coerce.number().int().min(1).max(MINUTES_MAX).default(60),
  source: z.string().max(140).optional().openapi({ description: "The id of a source: its arrivals alone" }),
  destination: z.string().max(140).optional().openapi({ description: "The id of a destination: its attempts alone" }),
});

type Rates = z.infer<typeof ratesSchema>;

async function show(context: OperationContext, query: z.infer<typeof ratesQuery>): Promise<Handled<Rates>> {
  const source = query.source === undefined ? null : parsePublicId("src", query.source);
  const destination = query.destination === undefined ? null : parsePublicId("dst", query.destination);
  if (query.source !== undefined && source === null)
    return invalid({ path: "source", problem: "is not the id of a source" });
  if (query.destination !== undefined && destination === null)
    return invalid({ path: "destination", problem: "is not the id of a destination" });
  const { tenant } = context.principal;
  const lastMs = Math.floor(context.deps.clock.now().getTime() / MINUTE_MS) * MINUTE_MS;
  const firstMs = lastMs - (query.minutes - 1) * MINUTE_MS;
  const from = new Date(firstMs);
  const read = orRefusal(
    await readView(context.deps.db, async (tx) => ({
      arrivals: (await tx.run(listArrivalMinutes, [tenant, from, source])).rows,
      attempts: (await tx.run(listAttemptMinutes, [tenant, from, destination])).rows,
    })),
  );
  if (!read.ok) return read;
  const arrivals = new Map(read.value.arrivals.map((row) => [row.minute.getTime(), row]));
  const attempts = new Map(read.value.attempts.map((row) => [row.minute.getTime(), row]));
  const minutes = Array.from({ length: query.minutes }, (_, i) => {
    const atMs = firstMs + i * MINUTE_MS;
    const came = arrivals.get(atMs);
    const tried = attempts.get(atMs);
    const tries = (tried?.succeeded ?? 0) + (tried?.failed ?? 0);
    return {
      at: new Date(atMs).toISOString(),
      recorded: came?.recorded ?? 0,
      duplicates: came?.duplicates ?? 0,
      rejected: came?.rejected ?? 0,
      unavailable: came?.unavailable ?? 0,
      succeeded: tried?.succeeded ?? 0,
      failed: tried?.failed ?? 0,
      latencyMs: tries === 0 ? null : Math.round(((tried?.latency_ms_sum ?? 0) / tries) * 10) / 10,
    };
  });
  return { ok: true, value: { minutes } };
}

export const rateOperations = [
  operation({
    method: "get",
    path: "/rates",
    tag: "Status",
    summary: "Arrivals and attempts by minute, oldest first",
    query: ratesQuery,
    answer: ratesSchema,
    handle: (context, { query }) => show(context, query),
  }),
];
