import { z } from "@hono/zod-openapi";
import type { BodyField } from "../../domain/body-field.ts";
import { hasField, parseBodyField, plainStretch } from "../../domain/body-field.ts";
import { placeKey } from "../../domain/bucket.ts";
import type { FieldFault } from "../../domain/field-checks.ts";
import { bucketOf, lowestUuid } from "../../domain/id.ts";
import { findKeyOwners } from "../../store/events/find-key-owners.ts";
import type { Queryable } from "../../store/statement.ts";
import { listOfEvents } from "../../store/views/deliveries.ts";
import type { EventRow } from "../../store/views/events.ts";
import { listDuplicates, listEvents, measureBodies, pickEvents, searchBodies } from "../../store/views/events.ts";
import { readView } from "../../store/views/read-view.ts";
import { boundOf, findFloor } from "../../store/views/search-floor.ts";
import { catalogOf } from "./catalog-operations.ts";
import { DELIVERY_STATES } from "./delivery-shape.ts";
import type { EventExtras } from "./event-shape.ts";
import { eventSchema, toEvent } from "./event-shape.ts";
import type { OperationContext } from "./operation.ts";
import { momentInput } from "./query-moment.ts";
import { pageQuery, readCursor, searchedPageOf, toPage, UUID_MAX } from "./page.ts";
import type { Refusal } from "./refusal.ts";
import { invalid, orRefusal } from "./refusal.ts";

const DELIVERIES_MAX = 10_000;
/** Bodies that one search reads, and what they may weigh together: a body is decompressed to be looked through. */
const BODIES_MAX = 10_000;
const BODY_BYTES_MAX = 64 * 1_048_576;
const BODIES_AT_ONCE = 100;

export const eventQuery = z.strictObject({
  source: z.string().max(140).optional().openapi({ description: "Id or name" }),
  type: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .openapi({ description: "* stands for any run of characters", example: "invoice.*" }),
  since: momentInput.optional().openapi({ description: "Received at or after" }),
  until: momentInput.optional().openapi({ description: "Received before" }),
  providerId: z.string().min(1).max(512).optional().openapi({ description: "The provider's own id of the event" }),
  state: z.enum(DELIVERY_STATES).optional().openapi({ description: "Of any of its deliveries" }),
  destination: z.string().max(140).optional().openapi({ description: "Id or name: of any of its deliveries" }),
  field: z.string().min(3).max(600).optional().openapi({
    description: "A JSON pointer into the body, and the value there: exact, numbers digit by digit",
    example: "/data/object/customer=cus_123",
  }),
  ...pageQuery,
});
type EventQuery = z.infer<typeof eventQuery>;

export const eventPageSchema = searchedPageOf(eventSchema).openapi("EventPage");

interface Search {
  readonly ok: true;
  readonly sourceIds: readonly string[];
  readonly sourceId: string | null;
  readonly destinationId: string | null;
  readonly type: string | null;
  readonly state: string | null;
  readonly field: BodyField | null;
  readonly providerId: string | null;
  readonly fromMs: number;
  readonly untilMs: number | null;
  readonly limit: number;
}

function readSearch(context: OperationContext, query: EventQuery): Search | Refusal {
  const own = catalogOf(context);
  const faults: FieldFault[] = [];
  const source = query.source === undefined ? null : own.findSource(query.source);
  if (query.source !== undefined && source === null)
    faults.push({ path: "source", problem: "there is no such source" });
  const destination = query.destination === undefined ? null : own.findDestination(query.destination);
  if (query.destination !== undefined && destination === null)
    faults.push({ path: "destination", problem: "there is no such destination" });
  const field = query.field === undefined ? null : parseBodyField(query.field);
  if (query.field !== undefined && field === null)
    faults.push({ path: "field", problem: "must be a JSON pointer, = and a value: /data/object/customer=cus_123" });
  if (faults.length > 0) return invalid(...faults);
  return {
    ok: true,
    sourceIds: (source === null ? own.sources : [source]).map(({ id }) => id),
    sourceId: source?.id ?? null,
    destinationId: destination?.id ?? null,
    type: query.type === undefined ? null : toLikePattern(query.type),
    state: query.state ?? null,
    field,
    providerId: query.providerId ?? null,
    fromMs: query.since === undefined ? 0 : Math.max(0, Date.parse(query.since)),
    untilMs: query.until === undefined ? null : Date.parse(query.until),
    limit: query.limit,
  };
}

/** A page of events by their filter, with what had to be searched for it. */
export async function listEventPage(context: OperationContext, query: EventQuery) {
  const search = readSearch(context, query);
  if (!search.ok) return search;
  const { limit, cursor, ...filter } = query;
  const scope = ["events", Object.entries(filter).toSorted(([a], [b]) => (a < b ? -1 : 1))];
  const start = readCursor(scope, cursor, 1);
  if (!start.ok) return start;
  const before = start.after?.[0] ?? (search.untilMs === null ? UUID_MAX : lowestUuid(search.untilMs));
  const { tenant } = context.principal;
  const read = orRefusal(
    await readView(context.deps.db, async (tx) => {
      const found = await runSearch(tx, tenant, before, search);
      return { ...found, rows: await describeEvents(tx, tenant, found.rows) };
    }),
  );
  if (!read.ok) return read;
  const { rows, floor, searched } = read.value;
  const own = catalogOf(context);
  const page = toPage(
    scope,
    rows,
    limit,
    ({ row }) => [row.id],
    ({ row, extras }) => toEvent(row, own, extras),
    floor === null ? null : [floor],
  );
  return { ok: true, value: { ...page, searched } } as const;
}

interface Found {
  readonly rows: readonly EventRow[];
  /** Where the search ended without having seen everything. */
  readonly floor: string | null;
  readonly searched: { readonly newest: number | null; readonly complete: boolean } | null;
}

async function runSearch(tx: Queryable, tenant: string, before: string, search: Search): Promise<Found> {
  const { sourceId, destinationId, type, state, field, providerId, limit } = search;
  const from = lowestUuid(search.fromMs);
  const ids = providerId === null ? null : await pickByProviderId(tx, tenant, search.sourceIds, providerId);
  if (ids?.length === 0) return { rows: [], floor: null, searched: null };
  const isFiltered = ids === null && (type ?? sourceId ?? state ?? destinationId ?? field) !== null;
  const of = state === null && destinationId === null ? "events" : "eventsWithDeliveries";
  const reached = isFiltered ? await findFloor(tx, of, tenant, before) : null;
  // Below `from` nothing is wanted, so a search that would end there has seen everything.
  const floor = reached !== null && reached > from ? reached : null;
  const filter = [tenant, before, floor ?? from, sourceId, type, ids, state, destinationId];
  if (field !== null) return searchFields(tx, filter, field, { limit, floor, of });
  const rows = (await tx.run(listEvents, [...filter, limit + 1])).rows;
  const newest = floor === null ? null : boundOf(of);
  return { rows, floor, searched: isFiltered ? { newest, complete: floor === null } : null };
}

/** Goes through bodies, the newest first, within the bounds: PostgreSQL sorts out by bytes, what is left is read as JSON. */
async function searchFields(
  tx: Queryable,
  filter: readonly unknown[],
  field: BodyField,
  bounds: { readonly limit: number; readonly floor: string | null; readonly of: Parameters<typeof boundOf>[0] },
): Promise<Found> {
  const { limit } = bounds;
  const measured = (await tx.run(measureBodies, [...filter, BODIES_MAX, BODY_BYTES_MAX])).rows[0];
  if (measured === undefined || measured.lowest === null) {
    const newest = bounds.floor === null ? null : boundOf(bounds.of);
    return { rows: [], floor: bounds.floor, searched: { newest, complete: bounds.floor === null } };
  }
  const isCut = measured.looked < measured.found || measured.found >= BODIES_MAX;
  const floor = isCut ? measured.lowest : bounds.floor;
  const [tenant, first, , ...rest] = filter;
  const bytes = Buffer.from(plainStretch(field.value), "utf8");
  const rows: EventRow[] = [];
  for (let before = first; rows.length <= limit;) {
    const values = [tenant, before, measured.lowest, ...rest, BODIES_AT_ONCE, bytes];
    const some = (await tx.run(searchBodies, values)).rows;
    for (const { body, ...row } of some) if (rows.length <= limit && hasField(body, field)) rows.push(row);
    const last = some.at(-1);
    if (last === undefined || some.length < BODIES_AT_ONCE) break;
    before = last.id;
  }
  return { rows, floor, searched: { newest: measured.looked, complete: floor === null } };
}

/**
 * Finds events by the provider's own id through the ledger, which every source's keys are placed in: exact, and as quick
 * with a million events as with one. An id is keyed as text, as a JSON number or as a hash, so each form is looked up.
 */
async function pickByProviderId(
  tx: Queryable,
  tenant: string,
  sourceIds: readonly string[],
  providerId: string,
): Promise<string[]> {
  const forms = [`id:${providerId}`, `number:${providerId}`, `sha256:${providerId.toLowerCase()}`];
  const places = sourceIds.flatMap((id) => forms.map((form) => placeKey(id, Buffer.from(form, "utf8"))));
  if (places.length === 0) return [];
  const owners = await tx.run(findKeyOwners, [places.map(({ bucket }) => bucket), places.map(({ key }) => key)]);
  const ids = [...new Set(owners.rows.map((row) => row.event_id))];
  return (await tx.run(pickEvents, [tenant, ids.map(bucketOf), ids])).rows.map(({ id }) => id);
}

function toLikePattern(type: string): string {
  return type.replaceAll(/[\\%_]/g, "\\$&").replaceAll("*", "%");
}

/** Adds to events what a list shows beside them: their duplicates and the states of their deliveries. */
export async function describeEvents(
  tx: Queryable,
  tenant: string,
  rows: readonly EventRow[],
): Promise<{ row: EventRow; extras: EventExtras }[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const buckets = ids.map(bucketOf);
  const duplicates = new Map((await tx.run(listDuplicates, [buckets, ids])).rows.map((row) => [row.event_id, row]));
  const states = new Map<string, Record<string, number>>();
  for (const delivery of (await tx.run(listOfEvents, [tenant, buckets, ids, DELIVERIES_MAX])).rows) {
    const counted = states.get(delivery.event_id) ?? {};
    counted[delivery.state] = (counted[delivery.state] ?? 0) + 1;
    states.set(delivery.event_id, counted);
  }
  return rows.map((row) => ({
    row,
    extras: { duplicate: duplicates.get(row.id) ?? null, states: states.get(row.id) ?? {} },
  }));
}
