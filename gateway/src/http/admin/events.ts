import { z } from "@hono/zod-openapi";
import { placeKey } from "../../domain/bucket.ts";
import { bucketOf, lowestUuid, parsePublicId } from "../../domain/id.ts";
import { tellTimeline } from "../../domain/timeline.ts";
import { findKeyOwners } from "../../store/events/find-key-owners.ts";
import { listReplaysOfEvent } from "../../store/replays/items.ts";
import { listRejectionsOfEvent } from "../../store/replays/scan-rejections.ts";
import type { Queryable } from "../../store/statement.ts";
import { listAttempts } from "../../store/views/attempts.ts";
import { listOfEvents } from "../../store/views/deliveries.ts";
import type { EventRow } from "../../store/views/events.ts";
import { findEventRequest, listDuplicates, listEvents, pickEvents } from "../../store/views/events.ts";
import { readView } from "../../store/views/read-view.ts";
import { findFloor } from "../../store/views/search-floor.ts";
import { catalogOf } from "./catalog-operations.ts";
import { readHeaders, toDelivery } from "./delivery-shape.ts";
import type { EventExtras } from "./event-shape.ts";
import {
  eventDetailSchema,
  eventSchema,
  rawRequestSchema,
  toEvent,
  toEventFacts,
  toTimelineEntry,
} from "./event-shape.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { pageOf, pageQuery, readCursor, toPage, UUID_MAX } from "./page.ts";
import { invalid, notFound, orRefusal } from "./refusal.ts";

const DELIVERIES_MAX = 1_000;
const ATTEMPTS_MAX = 1_000;

const moment = z.iso.datetime({ offset: true });
const eventQuery = z.strictObject({
  source: z.string().max(140).optional().openapi({ description: "Id or name" }),
  type: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .openapi({ description: "* stands for any run of characters", example: "invoice.*" }),
  since: moment.optional().openapi({ description: "Received at or after" }),
  until: moment.optional().openapi({ description: "Received before" }),
  providerId: z.string().min(1).max(512).optional().openapi({ description: "The provider's own id of the event" }),
  ...pageQuery,
});
type EventQuery = z.infer<typeof eventQuery>;

async function listPage(context: OperationContext, query: EventQuery) {
  const own = catalogOf(context);
  const source = query.source === undefined ? null : own.findSource(query.source);
  if (query.source !== undefined && source === null)
    return invalid({ path: "source", problem: "there is no such source" });
  const scope = ["events", source?.id, query.type, query.since, query.until, query.providerId];
  const start = readCursor(scope, query.cursor, 1);
  if (!start.ok) return start;
  const until = query.until === undefined ? UUID_MAX : lowestUuid(Date.parse(query.until));
  const before = start.after?.[0] ?? until;
  const from = lowestUuid(query.since === undefined ? 0 : Math.max(0, Date.parse(query.since)));
  const { tenant } = context.principal;
  const read = orRefusal(
    await readView(context.deps.db, async (tx) => {
      if (query.providerId !== undefined) {
        const sources = source === null ? own.sources : [source];
        const rows = await pickByProviderId(tx, tenant, sources, query.providerId);
        const wanted = rows.filter(
          ({ id, event_type: type }) => id < before && id >= from && matches(query.type, type),
        );
        return { rows: await describe(tx, tenant, wanted.slice(0, query.limit + 1)), floor: null };
      }
      const isFiltered = query.type !== undefined || source !== null;
      const reached = isFiltered ? await findFloor(tx, "events", tenant, before) : null;
      // Below `from` nothing is wanted, so a search that would end there has seen everything.
      const floor = reached !== null && reached > from ? reached : null;
      const type = query.type === undefined ? null : toLikePattern(query.type);
      const values = [tenant, before, floor ?? from, source?.id ?? null, type, query.limit + 1];
      return { rows: await describe(tx, tenant, (await tx.run(listEvents, values)).rows), floor };
    }),
  );
  if (!read.ok) return read;
  const page = toPage(
    scope,
    read.value.rows,
    query.limit,
    ({ row }) => [row.id],
    ({ row, extras }) => toEvent(row, own, extras),
    read.value.floor === null ? null : [read.value.floor],
  );
  return { ok: true, value: page } as const;
}

/**
 * Finds events by the provider's own id through the ledger, which every source's keys are placed in: exact, and as quick
 * with a million events as with one. An id is keyed as text, as a JSON number or as a hash, so each form is looked up.
 */
async function pickByProviderId(
  tx: Queryable,
  tenant: string,
  sources: readonly { readonly id: string }[],
  providerId: string,
): Promise<EventRow[]> {
  const forms = [`id:${providerId}`, `number:${providerId}`, `sha256:${providerId.toLowerCase()}`];
  const places = sources.flatMap(({ id }) => forms.map((form) => placeKey(id, Buffer.from(form, "utf8"))));
  if (places.length === 0) return [];
  const owners = await tx.run(findKeyOwners, [places.map(({ bucket }) => bucket), places.map(({ key }) => key)]);
  const ids = [...new Set(owners.rows.map((row) => row.event_id))];
  return (await tx.run(pickEvents, [tenant, ids.map(bucketOf), ids])).rows;
}

function matches(type: string | undefined, eventType: string | null): boolean {
  if (type === undefined) return true;
  const parts = type.split("*").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return eventType !== null && new RegExp(`^${parts.join(".*")}$`, "s").test(eventType);
}

function toLikePattern(type: string): string {
  return type.replaceAll(/[\\%_]/g, "\\$&").replaceAll("*", "%");
}

async function describe(
  tx: Queryable,
  tenant: string,
  rows: readonly EventRow[],
): Promise<{ row: EventRow; extras: EventExtras }[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const buckets = ids.map(bucketOf);
  const duplicates = new Map((await tx.run(listDuplicates, [buckets, ids])).rows.map((row) => [row.event_id, row]));
  const states = new Map<string, Record<string, number>>();
  for (const delivery of (await tx.run(listOfEvents, [tenant, buckets, ids, 10 * DELIVERIES_MAX])).rows) {
    const counted = states.get(delivery.event_id) ?? {};
    counted[delivery.state] = (counted[delivery.state] ?? 0) + 1;
    states.set(delivery.event_id, counted);
  }
  return rows.map((row) => ({
    row,
    extras: { duplicate: duplicates.get(row.id) ?? null, states: states.get(row.id) ?? {} },
  }));
}

async function get(context: OperationContext, id: string): Promise<Handled<z.infer<typeof eventDetailSchema>>> {
  const uuid = parsePublicId("evt", id);
  if (uuid === null) return notFound("event", id);
  const { tenant } = context.principal;
  const read = orRefusal(
    await readView(context.deps.db, async (tx) => {
      const bucket = bucketOf(uuid);
      const [found] = await describe(tx, tenant, (await tx.run(pickEvents, [tenant, [bucket], [uuid]])).rows);
      if (found === undefined) return null;
      const deliveries = (await tx.run(listOfEvents, [tenant, [bucket], [uuid], DELIVERIES_MAX])).rows;
      const ids = deliveries.map((delivery) => delivery.id);
      const attempts = (await tx.run(listAttempts, [bucket, ids, ATTEMPTS_MAX])).rows;
      const recovery = {
        rejections: (await tx.run(listRejectionsOfEvent, [tenant, uuid])).rows,
        replays: (await tx.run(listReplaysOfEvent, [bucket, uuid])).rows,
      };
      return { ...found, deliveries, attempts, recovery };
    }),
  );
  if (!read.ok) return read;
  if (read.value === null) return notFound("event", id);
  const { row, extras, deliveries, attempts, recovery } = read.value;
  const own = catalogOf(context);
  const timeline = tellTimeline(row.received_at, deliveries, attempts, recovery);
  return {
    ok: true,
    value: {
      ...toEvent(row, own, extras),
      ...toEventFacts(row, extras.duplicate),
      timeline: timeline.map((entry) => toTimelineEntry(entry, own)),
      deliveries: deliveries.map((delivery) => toDelivery(delivery, own, row)),
    },
  };
}

const rawQuery = z.strictObject({
  part: z.enum(["body"]).optional().openapi({ description: "body: the exact bytes, as a file" }),
});

async function getRaw(
  context: OperationContext,
  id: string,
  query: z.infer<typeof rawQuery>,
): Promise<Handled<z.infer<typeof rawRequestSchema>>> {
  const uuid = parsePublicId("evt", id);
  if (uuid === null) return notFound("event", id);
  const read = orRefusal(
    await readView(context.deps.db, async (tx) => {
      return (await tx.run(findEventRequest, [context.principal.tenant, bucketOf(uuid), uuid])).rows[0] ?? null;
    }),
  );
  if (!read.ok) return read;
  if (read.value === null) return notFound("event", id);
  const { method, url, remote_address: remoteAddress, received_at: receivedAt, headers, body } = read.value;
  if (query.part === "body") return { ok: true, file: body, name: `${id}.bin` };
  return {
    ok: true,
    value: {
      method,
      url,
      remoteAddress,
      receivedAt: receivedAt.toISOString(),
      headers: readHeaders(headers),
      bodyBase64: body.toString("base64"),
      bodySha256: read.value.body_sha256.toString("hex"),
    },
  };
}

const tag = "Events";

export const eventOperations = [
  operation({
    method: "get",
    path: "/events",
    tag,
    summary: "Events, newest first",
    description:
      "providerId finds an event exactly, through the ledger of keys, over every source or the one that is named. A search by type or source reads 100,000 events at a time, so a page may be short, or empty, and still have a nextCursor.",
    query: eventQuery,
    answer: pageOf(eventSchema),
    handle: (context, { query }) => listPage(context, query),
  }),
  operation({
    method: "get",
    path: "/events/{id}",
    tag,
    summary: "One event: its timeline, deliveries and duplicates",
    answer: eventDetailSchema,
    handle: (context, { id }) => get(context, id),
  }),
  operation({
    method: "get",
    path: "/events/{id}/raw",
    tag,
    summary: "The request as it came: headers in order and the exact bytes",
    query: rawQuery,
    answer: rawRequestSchema,
    file: true,
    handle: (context, { id, query }) => getRaw(context, id, query),
  }),
];
