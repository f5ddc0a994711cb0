import { z } from "@hono/zod-openapi";
import type { Destination, Route, Source } from "../../domain/catalog.ts";
import { BREAKER_STATES } from "../../domain/breaker.ts";
import { MASKED } from "../../domain/field-checks.ts";
import { GATE_REASONS } from "../../domain/gate.ts";
import { toPublicId } from "../../domain/id.ts";
import { isSecretHeader } from "../../domain/moved-secret.ts";
import { PRIORITIES, toPriority } from "../../domain/priority.ts";
import { SECRET_RECEIVER_FIELDS } from "../../domain/secret-binding.ts";
import { BATCH_MODES, DEFAULT_SOURCE_POLICY } from "../../domain/source-policy.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";

const origin = z.enum(["file", "api", "sample"]);
const moment = z.iso.datetime();

export const sourceSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    provider: z.string(),
    ingestUrl: z.string(),
    state: z.enum(["active", "disabled"]),
    origin,
    bodyBytesMax: z.number().int(),
    priority: z.enum(PRIORITIES).openapi({ description: "For routes that declare none" }),
    lane: z.string().nullable().openapi({ description: "What divides its events into lanes; null: the tenant is one" }),
    laneWeight: z.number().int(),
    ratePerSec: z.number().int().nullable().openapi({ description: "Arrivals a second; null: no limit" }),
    burst: z.number().int().nullable(),
    confirmSubscriptions: z.boolean().nullable().openapi({ description: "null: where audience is set (Amazon SNS)" }),
    batch: z.enum(BATCH_MODES).openapi({ description: "What a request of several events becomes" }),
    receiver: z.record(z.string(), z.unknown()),
    secrets: z.array(
      z.object({
        version: z.string(),
        state: z.enum(["pending", "active", "retiring", "retired"]),
        notAfter: moment.nullable(),
        readable: z.boolean().openapi({ description: "Whether the key that sealed it is loaded" }),
      }),
    ),
    createdAt: moment,
    updatedAt: moment,
  })
  .openapi("Source", {
    example: {
      id: "src_01jdaqt3k0e0080000000000zz",
      name: "stripe",
      provider: "stripe",
      ingestUrl: "http://127.0.0.1:4400/in/6mFh1QzYpU3Wq0sV9oXcL2bTnR8dKeJa",
      state: "active",
      origin: "file",
      bodyBytesMax: 1_048_576,
      priority: "normal",
      lane: "body:/account",
      laneWeight: 1,
      ratePerSec: 50,
      burst: 200,
      confirmSubscriptions: null,
      batch: "event",
      receiver: {},
      secrets: [{ version: "v1", state: "active", notAfter: null, readable: true }],
      createdAt: "2026-11-21T18:00:00.000Z",
      updatedAt: "2026-11-21T18:00:00.000Z",
    },
  });

export function toSource(source: Source, ingestUrl: string): z.infer<typeof sourceSchema> {
  const secretFields: readonly string[] = SECRET_RECEIVER_FIELDS;
  const receiver = [
    ...Object.entries(source.receiver).map(([name, value]) => [name, secretFields.includes(name) ? MASKED : value]),
    ...source.receiverUnreadable.map((name) => [name, MASKED]),
  ];
  return {
    id: toPublicId("src", source.id),
    name: source.name,
    provider: source.provider,
    ingestUrl: `${ingestUrl}/in/${source.key}`,
    state: source.state,
    origin: source.origin,
    bodyBytesMax: source.bodyBytesMax,
    priority: toPriority(source.policy.priority),
    lane: source.policy.lane,
    laneWeight: source.policy.laneWeight,
    ratePerSec: source.policy.ratePerSec,
    burst: source.policy.burst,
    confirmSubscriptions: source.policy.confirmSubscriptions,
    batch: source.policy.batch,
    receiver: Object.fromEntries(receiver) as Record<string, unknown>,
    secrets: source.secrets.map(({ version, state, notAfter, value }) => ({
      version,
      state,
      notAfter: notAfter?.toISOString() ?? null,
      readable: value !== null,
    })),
    createdAt: source.createdAt.toISOString(),
    updatedAt: source.updatedAt.toISOString(),
  };
}

export const destinationSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(["http", "handler"]),
    url: z.string().nullable(),
    handler: z.string().nullable(),
    headers: z.record(z.string(), z.string()),
    timeoutMs: z.number().int(),
    retry: z.object({ scheduleSec: z.array(z.number()), refusalsMax: z.number().int() }),
    concurrency: z.number().int().nullable(),
    ratePerSec: z.number().nullable(),
    burst: z.number().int().nullable(),
    state: z.enum(["active", "paused", "disabled"]),
    stateReason: z.string().nullable(),
    gate: z
      .object({ reason: z.enum(GATE_REASONS), breaker: z.enum(BREAKER_STATES), breakerSince: moment.nullable() })
      .nullable()
      .openapi({ description: "What holds its deliveries back while it is active; null: nothing" }),
    origin,
    createdAt: moment,
    updatedAt: moment,
    signingSecret: z.string().optional().openapi({ description: "Only in the answer that created it" }),
  })
  .openapi("Destination", {
    example: {
      id: "dst_01jdaqt3k0e0080000000000zz",
      name: "billing",
      kind: "http",
      url: "https://billing.example.com/webhooks",
      handler: null,
      headers: { authorization: MASKED },
      timeoutMs: 15_000,
      retry: { scheduleSec: [5, 30, 120], refusalsMax: 3 },
      concurrency: 10,
      ratePerSec: null,
      burst: null,
      state: "active",
      stateReason: null,
      gate: { reason: "limit", breaker: "closed", breakerSince: null },
      origin: "file",
      createdAt: "2026-11-21T18:00:00.000Z",
      updatedAt: "2026-11-21T18:00:00.000Z",
    },
  });

export function toDestination(destination: Destination): z.infer<typeof destinationSchema> {
  const { target, policy, gate } = destination;
  const headers = destination.headers.map(([name, value]) => [name, isSecretHeader(name) ? MASKED : value]);
  return {
    id: toPublicId("dst", destination.id),
    name: destination.name,
    kind: target.kind,
    url: target.kind === "http" ? target.url : null,
    handler: target.kind === "handler" ? target.handler : null,
    headers: Object.fromEntries(headers) as Record<string, string>,
    timeoutMs: policy.timeoutMs,
    retry: {
      scheduleSec: policy.retry.scheduleMs.map((ms) => ms / 1_000),
      refusalsMax: policy.retry.refusalsMax,
    },
    concurrency: policy.concurrency,
    ratePerSec: policy.ratePerSec,
    burst: policy.burst,
    state: destination.state,
    stateReason: destination.stateReason,
    gate:
      gate === null
        ? null
        : {
            reason: gate.reason,
            breaker: gate.breaker,
            breakerSince: gate.breakerSince?.toISOString() ?? null,
          },
    origin: destination.origin,
    createdAt: destination.createdAt.toISOString(),
    updatedAt: destination.updatedAt.toISOString(),
  };
}

export const routeSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    sourceId: z.string(),
    source: z.string(),
    destinationId: z.string(),
    destination: z.string(),
    eventTypes: z.array(z.string()),
    priority: z.enum(PRIORITIES).openapi({ description: "The one that holds: its own or the source's" }),
    priorityFrom: z.enum(["route", "source"]),
    when: z.string().nullable().openapi({ description: "The filter, a CEL expression over event; null: none" }),
    orderBy: z.string().nullable().openapi({ description: "What keeps deliveries in order; null: nothing" }),
    state: z.enum(["active", "disabled"]),
    origin,
    createdAt: moment,
    updatedAt: moment,
  })
  .openapi("Route", {
    example: {
      id: "rte_01jdaqt3k0e0080000000000zz",
      name: "stripe-billing",
      sourceId: "src_01jdaqt3k0e0080000000000zz",
      source: "stripe",
      destinationId: "dst_01jdaqt3k0e0080000000000zz",
      destination: "billing",
      eventTypes: ["invoice.*"],
      priority: "normal",
      priorityFrom: "source",
      when: "event.body.amount > 100",
      orderBy: null,
      state: "active",
      origin: "file",
      createdAt: "2026-11-21T18:00:00.000Z",
      updatedAt: "2026-11-21T18:00:00.000Z",
    },
  });

export const routeDetailSchema = routeSchema
  .extend({
    filterFaults: z
      .object({ count: z.number().int(), last: z.string(), firstAt: moment, lastAt: moment })
      .nullable()
      .openapi({ description: "Events left out because the filter could not be worked out for them; null: none" }),
  })
  .openapi("RouteDetail");

export function toRoute(
  route: Route,
  own: Pick<TenantCatalog, "sources" | "sourceName" | "destinationName">,
): z.infer<typeof routeSchema> {
  const source = own.sources.find(({ id }) => id === route.sourceId);
  return {
    id: toPublicId("rte", route.id),
    name: route.name,
    sourceId: toPublicId("src", route.sourceId),
    source: own.sourceName(route.sourceId),
    destinationId: toPublicId("dst", route.destinationId),
    destination: own.destinationName(route.destinationId),
    eventTypes: [...route.eventTypes],
    priority: toPriority(route.priority ?? source?.policy.priority ?? DEFAULT_SOURCE_POLICY.priority),
    priorityFrom: route.priority === null ? "source" : "route",
    when: route.policy.when,
    orderBy: route.policy.orderBy,
    state: route.state,
    origin: route.origin,
    createdAt: route.createdAt.toISOString(),
    updatedAt: route.updatedAt.toISOString(),
  };
}
