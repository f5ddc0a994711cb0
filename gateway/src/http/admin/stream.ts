import { z } from "@hono/zod-openapi";
import { lowestUuid, parsePublicId, timeOf, toPublicId } from "../../domain/id.ts";
import { listEventsFrom } from "../../store/views/newest.ts";
import { readView } from "../../store/views/read-view.ts";
import type { AdminDeps } from "./admin-deps.ts";
import { catalogOf } from "./catalog-operations.ts";
import type { LiveFeed, LiveItem } from "./live-feed.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { conflict, invalid } from "./refusal.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";
import { viewCatalog } from "./tenant-catalog.ts";

const STREAMS_MAX = 100;
const HEARTBEAT_MS = 15_000;
/** A key that was revoked meanwhile is asked for again by then; whoever listens resumes where it was. */
const LIFE_MS = 900_000;
/** How much a reader may be behind, in bytes; then it is dropped with the place at which to go on. */
const BEHIND_BYTES_MAX = 1_048_576;
const BACKFILL_MAX = 1_000;
const BACKFILL_MS_MAX = 3_600_000;
const OVERLAP_MS = 10_000;

interface Filter {
  readonly sourceId: string | null;
  readonly type: string | null;
}

const streamQuery = z.strictObject({
  source: z.string().max(140).optional().openapi({ description: "Id or name; deliveries are then left out" }),
  type: z.string().max(256).optional().openapi({ description: "Of the events; deliveries are then left out" }),
  after: z
    .string()
    .max(64)
    .optional()
    .openapi({ description: "Id of the last event seen; Last-Event-ID does the same" }),
});

const itemSchema = z
  .union([
    z.object({
      id: z.string(),
      source: z.string(),
      eventType: z.string().nullable(),
      providerEventId: z.string().nullable(),
      receivedAt: z.iso.datetime(),
    }),
    z.object({
      id: z.string(),
      eventId: z.string(),
      destination: z.string(),
      state: z.string(),
      attempt: z.number().int(),
    }),
  ])
  .openapi("StreamItem", {
    example: {
      id: "evt_01jdaqt3k0e0080000000000zz",
      source: "stripe",
      eventType: "invoice.paid",
      providerEventId: "evt_1QPp",
      receivedAt: "2026-11-21T18:00:00.000Z",
    },
  });

/**
 * Opens a stream of the tenant's new events and the states of their deliveries. `Last-Event-ID`, or `after`, is the id of an
 * event: what came since then, and a few seconds before, is told first, so that a reader drops what it has and misses nothing.
 */
async function open(context: OperationContext, query: z.infer<typeof streamQuery>): Promise<Handled<never>> {
  const { deps, principal, lastEventId } = context;
  const { tenant } = principal;
  const source = query.source === undefined ? null : catalogOf(context).findSource(query.source);
  if (query.source !== undefined && source === null)
    return invalid({ path: "source", problem: "there is no such source" });
  const after = lastEventId ?? query.after;
  const afterId = after === undefined ? null : parsePublicId("evt", after);
  if (after !== undefined && afterId === null)
    return invalid({ path: "after", problem: "must be the id of an event, evt_…" });
  if (deps.feed.size() >= STREAMS_MAX) return conflict(`${STREAMS_MAX} streams are open already; close one.`);
  const filter = { sourceId: source?.id ?? null, type: query.type ?? null };
  const missed = afterId === null ? [] : await readMissed(deps, tenant, afterId);
  const write = (items: readonly LiveItem[]) => toText(items, filter, viewCatalog(deps.catalog.current(), tenant));
  return { ok: true, stream: openStream(deps.feed, tenant, write, missed) };
}

async function readMissed(deps: AdminDeps, tenant: string, afterId: string): Promise<LiveItem[]> {
  const oldestMs = deps.clock.now().getTime() - BACKFILL_MS_MAX;
  const from = lowestUuid(Math.max(oldestMs, timeOf(afterId) - OVERLAP_MS));
  const read = await readView(deps.db, async (tx) => (await tx.run(listEventsFrom, [tenant, from, BACKFILL_MAX])).rows);
  return read.ok ? read.value.map((row) => ({ kind: "event", row })) : [];
}

function openStream(
  feed: LiveFeed,
  tenant: string,
  write: (items: readonly LiveItem[]) => string,
  missed: readonly LiveItem[],
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let end: (() => void) | null = null;
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const send = (text: string): void => {
          if (text === "") return;
          controller.enqueue(encoder.encode(text));
          if ((controller.desiredSize ?? 0) > 0) return;
          end?.();
          controller.close();
        };
        const leave = feed.follow(tenant, (items) => send(write(items)));
        const beat = setInterval(() => send(": still here\n\n"), HEARTBEAT_MS);
        const life = setTimeout(() => {
          end?.();
          controller.close();
        }, LIFE_MS);
        beat.unref();
        life.unref();
        end = () => {
          leave();
          clearInterval(beat);
          clearTimeout(life);
        };
        send(`retry: 2000\n: open\n\n${write(missed)}`);
      },
      cancel: () => end?.(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: BEHIND_BYTES_MAX }),
  );
}

/** Each event carries its id, so a reader that is dropped knows where to go on; deliveries carry none. */
function toText(items: readonly LiveItem[], filter: Filter, own: TenantCatalog): string {
  return items
    .map((item) => (item.kind === "event" ? eventText(item.row, filter, own) : deliveryText(item.row, filter, own)))
    .join("");
}

function eventText(
  row: Extract<LiveItem, { kind: "event" }>["row"],
  { sourceId, type }: Filter,
  own: TenantCatalog,
): string {
  if (sourceId !== null && row.source_id !== sourceId) return "";
  if (type !== null && row.event_type !== type) return "";
  const id = toPublicId("evt", row.id);
  const data = {
    id,
    source: own.sourceName(row.source_id),
    eventType: row.event_type,
    providerEventId: row.provider_event_id,
    receivedAt: row.received_at.toISOString(),
  };
  return `event: event\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}

// Whose event is another source's or type's is not known here; a filtered stream tells of events alone.
function deliveryText(row: Extract<LiveItem, { kind: "delivery" }>["row"], filter: Filter, own: TenantCatalog): string {
  if (filter.sourceId !== null || filter.type !== null) return "";
  const data = {
    id: toPublicId("dlv", row.id),
    eventId: toPublicId("evt", row.event_id),
    destination: own.destinationName(row.destination_id),
    state: row.state,
    attempt: row.attempt,
  };
  return `event: delivery\ndata: ${JSON.stringify(data)}\n\n`;
}

export const streamOperations = [
  operation({
    method: "get",
    path: "/stream",
    tag: "Events",
    summary: "New events and the states of their deliveries, as they come (server-sent events)",
    description:
      "`event: event` and `event: delivery`, each with its data as JSON. An event carries its id: give it back as Last-Event-ID, and what was missed of the last hour comes first. Ends after fifteen minutes, and when the reader is a mebibyte behind; go on from where it was.",
    query: streamQuery,
    stream: true,
    mayConflict: true,
    answer: itemSchema,
    handle: (context, { query }) => open(context, query),
  }),
];
