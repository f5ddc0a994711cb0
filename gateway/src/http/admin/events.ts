import { z } from "@hono/zod-openapi";
import { bucketOf, parsePublicId } from "../../domain/id.ts";
import { tellTimeline } from "../../domain/timeline.ts";
import { listReplaysOfEvent } from "../../store/replays/items.ts";
import { listRejectionsOfEvent } from "../../store/replays/scan-rejections.ts";
import { listAttempts } from "../../store/views/attempts.ts";
import { listOfEvents } from "../../store/views/deliveries.ts";
import { findEventRequest, pickEvents } from "../../store/views/events.ts";
import { readView } from "../../store/views/read-view.ts";
import { catalogOf } from "./catalog-operations.ts";
import { readHeaders, toDelivery } from "./delivery-shape.ts";
import { describeEvents, eventPageSchema, eventQuery, listEventPage } from "./event-list.ts";
import { eventDetailSchema, rawRequestSchema, toEvent, toEventFacts, toTimelineEntry } from "./event-shape.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { notFound, orRefusal } from "./refusal.ts";

const DELIVERIES_MAX = 1_000;
const ATTEMPTS_MAX = 1_000;

async function get(context: OperationContext, id: string): Promise<Handled<z.infer<typeof eventDetailSchema>>> {
  const uuid = parsePublicId("evt", id);
  if (uuid === null) return notFound("event", id);
  const { tenant } = context.principal;
  const read = orRefusal(
    await readView(context.deps.db, async (tx) => {
      const bucket = bucketOf(uuid);
      const [found] = await describeEvents(tx, tenant, (await tx.run(pickEvents, [tenant, [bucket], [uuid]])).rows);
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
      "providerId finds an event exactly, through the ledger of keys, over every source or the one that is named. A search by type or source goes through 50,000 events at a time, one by state or destination through 20,000, one by field through 10,000 bodies or 64 MiB of them; a page may be short, or empty, and still have a nextCursor, and searched says how far it got.",
    query: eventQuery,
    answer: eventPageSchema,
    handle: (context, { query }) => listEventPage(context, query),
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
