import type { Context } from "hono";
import { lowestUuid, parsePublicId, timeOf, toPublicId } from "../../domain/id.ts";
import { listEventsFrom } from "../../store/views/newest.ts";
import { readView } from "../../store/views/read-view.ts";
import type { AdminDeps } from "./admin-deps.ts";
import type { AdminEnv } from "./admin-env.ts";
import { answerProblem } from "./answer-problem.ts";
import type { LiveFeed, LiveItem } from "./live-feed.ts";
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

/**
 * `GET /api/v1/stream`: the tenant's new events and the states of their deliveries, as server-sent events. `Last-Event-ID`, or
 * `after`, is the id of an event: what came since then, and a few seconds before, is told first, so that a reader drops what it
 * has and misses nothing.
 */
export function serveStream(deps: AdminDeps, feed: LiveFeed) {
  return async (c: Context<AdminEnv>): Promise<Response> => {
    const principal = c.get("principal");
    if (principal === undefined) return answerProblem(c, "unauthorized");
    const own = viewCatalog(deps.catalog.current(), principal.tenant);
    const asked = c.req.query("source");
    const source = asked === undefined ? null : own.findSource(asked);
    const refuse = (path: string, problem: string) =>
      answerProblem(c, "invalid_input", { faults: [{ path, problem }] });
    if (asked !== undefined && source === null) return refuse("source", "there is no such source");
    const after = c.req.header("last-event-id") ?? c.req.query("after");
    const afterId = after === undefined ? null : parsePublicId("evt", after);
    if (after !== undefined && afterId === null) return refuse("after", "must be the id of an event, evt_…");
    if (feed.size() >= STREAMS_MAX)
      return answerProblem(c, "conflict", { detail: `${STREAMS_MAX} streams are open already; close one.` });
    const filter = { sourceId: source?.id ?? null, type: c.req.query("type") ?? null };
    const missed = afterId === null ? [] : await readMissed(deps, principal.tenant, afterId);
    const catalog = (): TenantCatalog => viewCatalog(deps.catalog.current(), principal.tenant);
    const body = openStream(feed, principal.tenant, (items) => toText(items, filter, catalog()), missed);
    return c.body(body, 200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
  };
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
