import { z } from "@hono/zod-openapi";
import { bucketOf, parsePublicId, toPublicId } from "../../domain/id.ts";
import { readView } from "../../store/views/read-view.ts";
import { boundOf, findFloor } from "../../store/views/search-floor.ts";
import type { RejectionRow } from "../../store/views/rejections.ts";
import { findRejection, listRejections } from "../../store/views/rejections.ts";
import { catalogOf } from "./catalog-operations.ts";
import { readHeaders } from "./delivery-shape.ts";
import { rawRequestSchema } from "./event-shape.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { pageQuery, readCursor, searchedPageOf, toPage } from "./page.ts";
import { notFound, orRefusal } from "./refusal.ts";
import { readRejectionFilter, rejectionFilter } from "./rejection-filter.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";

const rejectionSchema = z
  .object({
    id: z.string(),
    sourceId: z.string(),
    source: z.string(),
    receivedAt: z.iso.datetime(),
    status: z.number().int().openapi({ description: "What its sender was answered" }),
    reason: z.string(),
    diagnosis: z.record(z.string(), z.unknown()).openapi({ description: "What is wrong and the likely cause" }),
    method: z.string(),
    url: z.string(),
    remoteAddress: z.string(),
    bodyBytes: z.number().int(),
    eventId: z.string().nullable().openapi({ description: "The event that a replay made of it" }),
    replayId: z.string().nullable(),
  })
  .openapi("Rejection", {
    example: {
      id: "rej_01jdaqt3k0e0080000000000zz",
      sourceId: "src_01jdaqt3k0e0080000000000zz",
      source: "stripe",
      receivedAt: "2026-11-21T18:00:00.000Z",
      status: 401,
      reason: "signature_mismatch",
      diagnosis: {
        step: "signature",
        summary: "The signature is not made with this source's secret over these bytes.",
      },
      method: "POST",
      url: "/in/6mFh1QzYpU3Wq0sV9oXcL2bTnR8dKeJa",
      remoteAddress: "203.0.113.7",
      bodyBytes: 1_482,
      eventId: null,
      replayId: null,
    },
  });

const rejectionDetailSchema = rejectionSchema.extend({ request: rawRequestSchema }).openapi("RejectionDetail");

const rejectionQuery = z.strictObject({ ...rejectionFilter, ...pageQuery });

function toRejection(row: RejectionRow, own: TenantCatalog): z.infer<typeof rejectionSchema> {
  return {
    id: toPublicId("rej", row.id),
    sourceId: toPublicId("src", row.source_id),
    source: own.sourceName(row.source_id),
    receivedAt: row.received_at.toISOString(),
    status: row.status,
    reason: row.reason,
    diagnosis: row.diagnosis as Record<string, unknown>,
    method: row.method,
    url: row.url,
    remoteAddress: row.remote_address,
    bodyBytes: row.body_bytes,
    eventId: row.event_id === null ? null : toPublicId("evt", row.event_id),
    replayId: row.replay_id === null ? null : toPublicId("rpl", row.replay_id),
  };
}

async function listPage(context: OperationContext, query: z.infer<typeof rejectionQuery>) {
  const chosen = readRejectionFilter(context, query);
  if (!chosen.ok) return chosen;
  const { limit, cursor, ...filter } = query;
  const scope = ["rejections", Object.entries(filter).toSorted(([a], [b]) => (a < b ? -1 : 1))];
  const start = readCursor(scope, cursor, 1);
  if (!start.ok) return start;
  const { sourceId, reason, cause, from, until } = chosen;
  const before = start.after?.[0] ?? until;
  const { tenant } = context.principal;
  const read = orRefusal(
    await readView(context.deps.db, async (tx) => {
      const isFiltered = (sourceId ?? reason ?? cause) !== null;
      const reached = isFiltered ? await findFloor(tx, "rejections", tenant, before) : null;
      const floor = reached !== null && reached > from ? reached : null;
      const values = [tenant, before, floor ?? from, sourceId, reason, cause, limit + 1];
      const newest = floor === null ? null : boundOf("rejections");
      const searched = isFiltered ? { newest, complete: floor === null } : null;
      return { rows: (await tx.run(listRejections, values)).rows, floor, searched };
    }),
  );
  if (!read.ok) return read;
  const own = catalogOf(context);
  const page = toPage(
    scope,
    read.value.rows,
    limit,
    ({ id }) => [id],
    (row) => toRejection(row, own),
    read.value.floor === null ? null : [read.value.floor],
  );
  return { ok: true, value: { ...page, searched: read.value.searched } } as const;
}

async function get(context: OperationContext, id: string): Promise<Handled<z.infer<typeof rejectionDetailSchema>>> {
  const uuid = parsePublicId("rej", id);
  if (uuid === null) return notFound("rejection", id);
  const values = [context.principal.tenant, bucketOf(uuid), uuid];
  const read = orRefusal(
    await readView(context.deps.db, async (tx) => (await tx.run(findRejection, values)).rows[0] ?? null),
  );
  if (!read.ok) return read;
  const row = read.value;
  if (row === null) return notFound("rejection", id);
  const shown = toRejection(row, catalogOf(context));
  const { method, url, remoteAddress, receivedAt } = shown;
  const request = {
    method,
    url,
    remoteAddress,
    receivedAt,
    headers: readHeaders(row.headers),
    bodyBase64: row.body.toString("base64"),
    bodySha256: row.body_sha256.toString("hex"),
  };
  return { ok: true, value: { ...shown, request } };
}

const tag = "Rejections";

export const rejectionOperations = [
  operation({
    method: "get",
    path: "/rejections",
    tag,
    summary: "Arrivals that were not accepted, newest first, with what is wrong with them",
    description: "A filter goes through 20,000 of them at a time; searched says how far it got.",
    query: rejectionQuery,
    answer: searchedPageOf(rejectionSchema),
    handle: (context, { query }) => listPage(context, query),
  }),
  operation({
    method: "get",
    path: "/rejections/{id}",
    tag,
    summary: "One rejection with the request as it came",
    answer: rejectionDetailSchema,
    handle: (context, { id }) => get(context, id),
  }),
];
