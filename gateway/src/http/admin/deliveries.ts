import { z } from "@hono/zod-openapi";
import { bucketOf, parsePublicId } from "../../domain/id.ts";
import { retryDelivery } from "../../recovery/retry-dead.ts";
import type { Queryable } from "../../store/statement.ts";
import { listAnsweredAttempts } from "../../store/views/attempts.ts";
import type { DeliveryRow } from "../../store/views/deliveries.ts";
import { findDelivery, listByEvent, listDead, listOfEvents, listUnfinished } from "../../store/views/deliveries.ts";
import { readView } from "../../store/views/read-view.ts";
import { boundOf, findFloor } from "../../store/views/search-floor.ts";
import { catalogOf, orUnread } from "./catalog-operations.ts";
import {
  answeredAttemptSchema,
  DELIVERY_STATES,
  deliveryDetailSchema,
  deliverySchema,
  readHeaders,
  toAttempt,
  toDelivery,
} from "./delivery-shape.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import type { searchedSchema } from "./page.ts";
import { pageQuery, readCursor, searchedPageOf, toPage, UUID_MAX, UUID_MIN } from "./page.ts";
import type { Refusal } from "./refusal.ts";
import { conflict, invalid, notFound, orRefusal } from "./refusal.ts";

const ATTEMPTS_MAX = 200;
const OF_EVENT_MAX = 1_000;

const deliveryQuery = z.strictObject({
  state: z.enum(DELIVERY_STATES).optional(),
  destination: z.string().max(140).optional().openapi({ description: "Id or name" }),
  event: z.string().max(64).optional().openapi({ description: "Id of an event" }),
  ...pageQuery,
});
type DeliveryQuery = z.infer<typeof deliveryQuery>;

interface Filter {
  readonly ok: true;
  readonly destinationId: string | null;
  readonly eventId: string | null;
}

function readFilter(context: OperationContext, query: DeliveryQuery): Filter | Refusal {
  const faults = [];
  const destination = query.destination === undefined ? null : catalogOf(context).findDestination(query.destination);
  if (query.destination !== undefined && destination === null) {
    faults.push({ path: "destination", problem: "there is no such destination" });
  }
  const eventId = query.event === undefined ? null : parsePublicId("evt", query.event);
  if (query.event !== undefined && eventId === null)
    faults.push({ path: "event", problem: "is not the id of an event" });
  return faults.length > 0 ? invalid(...faults) : { ok: true, destinationId: destination?.id ?? null, eventId };
}

interface FoundDeliveries {
  readonly rows: readonly DeliveryRow[];
  /** Where the search ended without having seen everything. */
  readonly floor: string | null;
  readonly searched: z.infer<typeof searchedSchema>;
}

async function listPage(context: OperationContext, query: DeliveryQuery) {
  const filter = readFilter(context, query);
  if (!filter.ok) return filter;
  if (filter.eventId !== null) return listForEvent(context, query, filter.eventId, filter.destinationId);
  const scope = ["deliveries", query.state, filter.destinationId];
  const byEvent = query.state === undefined || query.state === "processed";
  const start = readCursor(scope, query.cursor, byEvent ? 2 : 1);
  if (!start.ok) return start;
  const [first = UUID_MAX, second = UUID_MAX] = start.after ?? [];
  const { tenant } = context.principal;
  const { destinationId } = filter;
  const limit = query.limit + 1;
  const read = orRefusal(
    await readView(context.deps.db, async (tx): Promise<FoundDeliveries> => {
      if (byEvent) {
        const isFiltered = query.state !== undefined || destinationId !== null;
        const floor = isFiltered ? await findFloor(tx, "eventsWithDeliveries", tenant, first) : null;
        const values = [tenant, first, second, query.state ?? null, destinationId, limit, floor ?? UUID_MIN];
        const newest = floor === null ? null : boundOf("eventsWithDeliveries");
        const searched = isFiltered ? { newest, complete: floor === null } : null;
        return { rows: (await tx.run(listByEvent, values)).rows, floor, searched };
      }
      const listed =
        query.state === "dead"
          ? await tx.run(listDead, [tenant, first, destinationId, limit])
          : await tx.run(listUnfinished, [tenant, query.state, first, destinationId, limit]);
      return { rows: listed.rows, floor: null, searched: null };
    }),
  );
  if (!read.ok) return read;
  const own = catalogOf(context);
  const { rows, floor, searched } = read.value;
  const keysOf = (row: DeliveryRow): string[] => (byEvent ? [row.event_id, row.id] : [row.id]);
  const rest = floor === null ? null : [floor, UUID_MIN];
  const page = toPage(scope, rows, query.limit, keysOf, (row) => toDelivery(row, own), rest);
  return { ok: true, value: { ...page, searched } } as const;
}

async function listForEvent(
  context: OperationContext,
  query: DeliveryQuery,
  eventId: string,
  destinationId: string | null,
) {
  const scope = ["deliveries", "event", eventId, query.state, destinationId];
  const start = readCursor(scope, query.cursor, 1);
  if (!start.ok) return start;
  const after = start.after?.[0] ?? "";
  const { tenant } = context.principal;
  const read = orRefusal(
    await readView(
      context.deps.db,
      async (tx) => (await tx.run(listOfEvents, [tenant, [bucketOf(eventId)], [eventId], OF_EVENT_MAX])).rows,
    ),
  );
  if (!read.ok) return read;
  // An event has one delivery for each destination and retry, so these few are filtered here.
  const rows = read.value.filter(
    (row) =>
      row.id > after &&
      (query.state === undefined || row.state === query.state) &&
      (destinationId === null || row.destination_id === destinationId),
  );
  const own = catalogOf(context);
  const page = toPage(
    scope,
    rows,
    query.limit,
    (row) => [row.id],
    (row) => toDelivery(row, own),
  );
  return { ok: true, value: { ...page, searched: null } } as const;
}

async function get(context: OperationContext, id: string): Promise<Handled<z.infer<typeof deliveryDetailSchema>>> {
  const uuid = parsePublicId("dlv", id);
  if (uuid === null) return notFound("delivery", id);
  const read = orRefusal(await readView(context.deps.db, (tx) => readDetail(tx, context.principal.tenant, uuid)));
  if (!read.ok) return read;
  if (read.value === null) return notFound("delivery", id);
  const { row, attempts } = read.value;
  return { ok: true, value: { ...toDelivery(row, catalogOf(context)), attempts } };
}

async function readDetail(tx: Queryable, tenant: string, id: string) {
  const bucket = bucketOf(id);
  const row = (await tx.run(findDelivery, [tenant, bucket, id])).rows[0];
  if (row === undefined) return null;
  const attempts = (await tx.run(listAnsweredAttempts, [bucket, id, ATTEMPTS_MAX])).rows.map(
    (attempt): z.infer<typeof answeredAttemptSchema> => ({
      ...toAttempt(attempt),
      response:
        attempt.status === null
          ? null
          : {
              headers: readHeaders(attempt.response_headers),
              bodyBase64: attempt.response_body?.toString("base64") ?? "",
              truncated: attempt.response_truncated,
            },
    }),
  );
  return { row, attempts };
}

async function retry(context: OperationContext, id: string): Promise<Handled<z.infer<typeof deliverySchema>>> {
  const { deps, principal, requestId } = context;
  const uuid = parsePublicId("dlv", id);
  if (uuid === null) return notFound("delivery", id);
  const own = catalogOf(context);
  const retried = await retryDelivery(
    deps,
    principal.tenant,
    uuid,
    (destinationId) => own.destinations.find((destination) => destination.id === destinationId) ?? null,
  );
  switch (retried.kind) {
    case "missing":
      return notFound("delivery", id);
    case "refused":
      return conflict(retried.message);
    case "failed":
      return {
        ok: false,
        code: "store_unavailable",
        detail: retried.unknown
          ? "It is not known whether it was queued; asking again is safe."
          : "Nothing was changed.",
        unknown: retried.unknown,
        cause: retried.message,
      };
    case "queued": {
      deps.log.info(
        { requestId, keyId: principal.keyId, delivery: id, held: retried.held },
        "a delivery was retried by hand",
      );
      if (!retried.held) deps.wake();
      const read = orRefusal(
        await readView(
          deps.db,
          async (tx) => (await tx.run(findDelivery, [principal.tenant, bucketOf(uuid), retried.deliveryId])).rows[0],
        ),
      );
      if (!read.ok) return orUnread(read);
      return read.value === undefined ? notFound("delivery", id) : { ok: true, value: toDelivery(read.value, own) };
    }
  }
}

const tag = "Deliveries";

export const deliveryOperations = [
  operation({
    method: "get",
    path: "/deliveries",
    tag,
    summary: "Deliveries, newest first",
    description:
      "Of one state in order of the deliveries; processed ones and those of every state in order of their events; those of one event oldest first. A filtered search reads 20,000 events at a time, so a page may be short, or empty, and still have a nextCursor.",
    query: deliveryQuery,
    answer: searchedPageOf(deliverySchema),
    handle: (context, { query }) => listPage(context, query),
  }),
  operation({
    method: "get",
    path: "/deliveries/{id}",
    tag,
    summary: "One delivery with its attempts and what was answered",
    answer: deliveryDetailSchema,
    handle: (context, { id }) => get(context, id),
  }),
  operation({
    method: "post",
    path: "/deliveries/{id}/retry",
    access: "responder",
    tag,
    summary: "Try a delivery again at once",
    description:
      "A dead one gets one successor with the same idempotency key; one that waits becomes ready. What is ready, leased or processed is refused with 409.",
    status: 201,
    body: { schema: z.strictObject({}), optional: true },
    answer: deliverySchema,
    handle: (context, { id }) => retry(context, id),
  }),
];
