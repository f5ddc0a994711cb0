import { z } from "@hono/zod-openapi";
import { UNFINISHED_STATES } from "../../domain/delivery.ts";
import { toPriority } from "../../domain/priority.ts";
import type { Database } from "../../store/database.ts";
import type { Queryable } from "../../store/statement.ts";
import type { QueueCountRow } from "../../store/views/queue.ts";
import { countQueue } from "../../store/views/queue.ts";
import { daysAhead, findLastPartitions, findOldestOwn, readServer } from "../../store/views/standing.ts";
import { listSaturation } from "../../store/saturation/list-saturation.ts";
import { readView } from "../../store/views/read-view.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { OVERLOAD_EXAMPLE, overloadSchema, toOverload } from "./overload-shape.ts";
import { askStore, orRefusal } from "./refusal.ts";

/** Deliveries of each state that are counted, as many as the gauge counts: a backlog of millions would be read whole. */
const COUNTED_MAX = 20_000;
/** For the counts and for the ages each: `holdfast doctor`, which is asked just when this is slow, waits for 10 s. */
const DELIVERIES_LIMIT_MS = 3_000;

const processSchema = z.object({
  id: z.uuid(),
  host: z.string(),
  pid: z.number().int(),
  roles: z.array(z.string()),
  version: z.string(),
  startedAt: z.iso.datetime(),
  seenAt: z.iso.datetime(),
  leads: z.boolean().openapi({ description: "Whether it does what one process does for all" }),
});

const snapshotsSchema = z.object({
  oldestSec: z.number(),
  inactiveSlots: z.number().int(),
  alarms: z.array(z.object({ kind: z.string(), name: z.string(), state: z.string(), ageSec: z.number().nullable() })),
});

const standingSchema = z
  .looseObject({
    version: z.string(),
    now: z.iso.datetime(),
    catalogVersion: z.number().int(),
    postgresVersion: z.string(),
    partitionsAheadDays: z
      .number()
      .int()
      .nullable()
      .openapi({ description: "The fewest days that any table is ahead" }),
    deliveries: z.object({
      depth: z.record(z.string(), z.number().int()).nullable().openapi({
        description:
          "Unfinished ones by state, each counted up to counted.ofEachState; null when they could not be counted in time",
      }),
      counted: z.object({ ofEachState: z.number().int(), complete: z.boolean() }),
      oldestReadySec: z.record(z.string(), z.number()).nullable().openapi({
        description: "By priority: how long the oldest has been ready; null when it could not be read in time",
      }),
    }),
    overload: overloadSchema,
    processes: z
      .array(processSchema)
      .optional()
      .openapi({ description: "Who was alive within 17 s, the oldest first" }),
    snapshots: snapshotsSchema.optional().openapi({ description: "Who keeps dead rows from being cleared away" }),
  })
  .openapi("Status", {
    example: {
      version: "0.1.0",
      now: "2026-11-21T18:00:00.000Z",
      catalogVersion: 12,
      postgresVersion: "18.4",
      partitionsAheadDays: 7,
      deliveries: {
        depth: { ready: 0, scheduled: 3, held: 0, leased: 1 },
        counted: { ofEachState: 20_000, complete: true },
        oldestReadySec: {},
      },
      overload: OVERLOAD_EXAMPLE,
    },
  });

type Standing = z.infer<typeof standingSchema>;

async function show(context: OperationContext): Promise<Handled<Standing>> {
  const { deps, principal } = context;
  const read = orRefusal(
    await readView(deps.db, async (tx) => ({
      server: (await tx.run(readServer, [])).rows[0],
      partitions: (await tx.run(findLastPartitions, [])).rows,
      saturation: (await tx.run(listSaturation, [])).rows,
    })),
  );
  if (!read.ok) return read;
  const { server, partitions } = read.value;
  const now = server?.now ?? deps.clock.now();
  // One after the other: asked every few seconds while the counts take long, they must leave connections to the gateway itself.
  const own = await askStore(() => deps.status());
  if (!own.ok) return own;
  const deliveries = await readDeliveries(deps.db, principal.tenant, now);
  const ahead = partitions.map(({ last }) => daysAhead(last, now));
  return {
    ok: true,
    value: {
      ...own.value,
      version: deps.version,
      now: now.toISOString(),
      catalogVersion: deps.catalog.current().version,
      postgresVersion: server?.version ?? "unknown",
      partitionsAheadDays: ahead.length === 0 ? null : Math.min(...ahead),
      deliveries,
      overload: toOverload(read.value.saturation),
    },
  };
}

/** What could not be read in time is null: an old snapshot makes this slow, and the rest of the answer names who holds it. */
async function readDeliveries(db: Database, tenant: string, now: Date): Promise<Standing["deliveries"]> {
  const read = async <T>(work: (tx: Queryable) => Promise<T>): Promise<T | null> => {
    const viewed = await readView(db, work, DELIVERIES_LIMIT_MS);
    return viewed.ok ? viewed.value : null;
  };
  const counts = await read(async (tx) => (await tx.run(countQueue, [tenant, COUNTED_MAX])).rows);
  const oldest = await read(async (tx) => (await tx.run(findOldestOwn, [tenant])).rows);
  const depth = counts && UNFINISHED_STATES.map((state) => [state, countOf(counts, state)] as const);
  const ages = oldest?.map(({ priority, since }): [string, number] => [
    toPriority(priority),
    Math.max(0, now.getTime() - since) / 1_000,
  ]);
  return {
    depth: depth && Object.fromEntries(depth),
    counted: { ofEachState: COUNTED_MAX, complete: depth?.every(([, count]) => count < COUNTED_MAX) ?? false },
    oldestReadySec: ages === undefined ? null : Object.fromEntries(ages),
  };
}

function countOf(counts: readonly QueueCountRow[], state: string): number {
  return counts.reduce((sum, row) => sum + (row.state === state ? row.deliveries : 0), 0);
}

export const standingOperations = [
  operation({
    method: "get",
    path: "/status",
    tag: "Status",
    summary: "How the gateway, its database and its queue stand",
    answer: standingSchema,
    handle: show,
  }),
];
