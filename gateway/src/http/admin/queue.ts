import { z } from "@hono/zod-openapi";
import { UNFINISHED_STATES } from "../../domain/delivery.ts";
import { toPublicId } from "../../domain/id.ts";
import { PRIORITIES, toPriority } from "../../domain/priority.ts";
import type { QueueCountRow } from "../../store/views/queue.ts";
import { countQueue, listReadyLanes } from "../../store/views/queue.ts";
import { readView } from "../../store/views/read-view.ts";
import { catalogOf } from "./catalog-operations.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { orRefusal } from "./refusal.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";

/** Of each state so many rows are counted at most: half a second on a slow machine, however long the backlog. */
const COUNTED_MAX = 10_000;
const LANE_ROWS_MAX = 5_000;
const LANES_MAX = 20;

const moment = z.iso.datetime();
const count = z.number().int();

const waiting = z.object({
  destinationId: z.string(),
  destination: z.string(),
  count,
  since: moment.openapi({ description: "Of the oldest of them" }),
});

const queueSchema = z
  .object({
    classes: z.array(
      z.object({
        class: z.enum(PRIORITIES),
        depth: z.record(z.string(), count).openapi({ description: "Unfinished deliveries by state" }),
        oldestReadySec: z.number().nullable().openapi({ description: "Null when none is ready" }),
        nextDueAt: moment.nullable().openapi({ description: "When the next retry is due" }),
      }),
    ),
    ready: z
      .array(waiting)
      .openapi({ description: "What is ready, by destination: for whom the workers have most to do" }),
    held: z.array(waiting.extend({ reason: z.string() })),
    scheduled: z.array(z.object({ destinationId: z.string(), destination: z.string(), count, nextDueAt: moment })),
    lanes: z
      .array(z.object({ class: z.enum(PRIORITIES), lane: z.string(), ready: count }))
      .openapi({ description: "The longest lanes among the next 5,000 ready deliveries of each class" }),
    counted: z.object({ ofEachState: count, complete: z.boolean() }),
  })
  .openapi("Queue", {
    example: {
      classes: [
        {
          class: "critical",
          depth: { ready: 0, scheduled: 0, held: 0, leased: 1 },
          oldestReadySec: null,
          nextDueAt: null,
        },
      ],
      ready: [
        {
          destinationId: "dst_01jdaqt3k0e0080000000000zz",
          destination: "billing",
          count: 40,
          since: "2026-11-21T18:00:00.000Z",
        },
      ],
      held: [
        {
          reason: "destination_paused",
          destinationId: "dst_01jdaqt3k0e0080000000000zz",
          destination: "billing",
          count: 12,
          since: "2026-11-21T18:00:00.000Z",
        },
      ],
      scheduled: [],
      lanes: [{ class: "normal", lane: "default/acct_9", ready: 40 }],
      counted: { ofEachState: 10_000, complete: true },
    },
  });
type Queue = z.infer<typeof queueSchema>;

async function show(context: OperationContext): Promise<Handled<Queue>> {
  const { tenant } = context.principal;
  const read = orRefusal(
    await readView(context.deps.db, async (tx) => ({
      counts: (await tx.run(countQueue, [tenant, COUNTED_MAX])).rows,
      lanes: (await tx.run(listReadyLanes, [tenant, LANE_ROWS_MAX, LANES_MAX])).rows,
    })),
  );
  if (!read.ok) return read;
  const { counts, lanes } = read.value;
  const own = catalogOf(context);
  const nowMs = context.deps.clock.now().getTime();
  const isCut = UNFINISHED_STATES.some((state) => sum(counts.filter((row) => row.state === state)) >= COUNTED_MAX);
  return {
    ok: true,
    value: {
      classes: PRIORITIES.map((_, priority) => toClass(counts, priority, nowMs)),
      ready: groupBy(counts, "ready").map(([row, rows]) => toWaiting(row, rows, own)),
      held: groupBy(counts, "held").map(([row, rows]) => ({
        reason: row.held_reason ?? "unknown",
        ...toWaiting(row, rows, own),
      })),
      scheduled: groupBy(counts, "scheduled").map(([row, rows]) => ({
        ...namesOf(row, own),
        count: sum(rows),
        nextDueAt: new Date(Math.min(...dueTimes(rows))).toISOString(),
      })),
      lanes: lanes.map(({ priority, lane, deliveries }) => ({ class: toPriority(priority), lane, ready: deliveries })),
      counted: { ofEachState: COUNTED_MAX, complete: !isCut },
    },
  };
}

function toClass(counts: readonly QueueCountRow[], priority: number, nowMs: number): Queue["classes"][number] {
  const own = counts.filter((row) => row.priority === priority);
  const ready = own.filter(({ state }) => state === "ready");
  const due = dueTimes(own);
  const depth = UNFINISHED_STATES.map((state) => [state, sum(own.filter((row) => row.state === state))] as const);
  return {
    class: toPriority(priority),
    depth: Object.fromEntries(depth),
    oldestReadySec:
      ready.length === 0 ? null : Math.max(0, nowMs - Math.min(...ready.map(({ since_ms }) => since_ms))) / 1_000,
    nextDueAt: due.length === 0 ? null : new Date(Math.min(...due)).toISOString(),
  };
}

/** Rows of a state by reason and destination, over all classes, the largest group first. */
function groupBy(counts: readonly QueueCountRow[], state: string): [QueueCountRow, QueueCountRow[]][] {
  const groups = new Map<string, [QueueCountRow, QueueCountRow[]]>();
  for (const row of counts) {
    if (row.state !== state) continue;
    const key = `${row.held_reason ?? ""} ${row.destination_id}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [row, [row]]);
    else known[1].push(row);
  }
  return [...groups.values()].toSorted((a, b) => sum(b[1]) - sum(a[1]));
}

function toWaiting(row: QueueCountRow, rows: readonly QueueCountRow[], own: TenantCatalog): z.infer<typeof waiting> {
  const since = new Date(Math.min(...rows.map(({ since_ms }) => since_ms))).toISOString();
  return { ...namesOf(row, own), count: sum(rows), since };
}

function namesOf({ destination_id: id }: QueueCountRow, own: TenantCatalog) {
  return { destinationId: toPublicId("dst", id), destination: own.destinationName(id) };
}

function dueTimes(rows: readonly QueueCountRow[]): number[] {
  return rows.flatMap(({ next_due_at: at }) => (at === null ? [] : [at.getTime()]));
}

function sum(rows: readonly QueueCountRow[]): number {
  return rows.reduce((total, { deliveries }) => total + deliveries, 0);
}

export const queueOperations = [
  operation({
    method: "get",
    path: "/queue",
    tag: "Status",
    summary: "What waits: by class, by reason and destination, and the longest lanes",
    description: "Of each state the first 10,000 are counted; counted says whether that is everything.",
    answer: queueSchema,
    handle: (context) => show(context),
  }),
];
