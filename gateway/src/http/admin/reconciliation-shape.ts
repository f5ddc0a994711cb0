import { z } from "@hono/zod-openapi";
import { toPublicId } from "../../domain/id.ts";
import type { Reconciliation } from "../../domain/reconciliation.ts";
import { ENTRY_STATES, RECONCILIATION_RUNBOOK, RUN_STATES } from "../../domain/reconciliation.ts";
import type { EntryRow } from "../../store/reconciliations/entries.ts";
import type { RunRow } from "../../store/reconciliations/runs.ts";
import { NAMED_MAX } from "../../store/reconciliations/runs.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";

const moment = z.iso.datetime();

export const reconciliationRunSchema = z
  .object({
    id: z.string(),
    reconciliationId: z.string(),
    reconciliation: z.string(),
    cause: z.enum(["scheduled", "requested"]),
    startedBy: z.string(),
    windowFrom: moment,
    windowTo: moment,
    state: z
      .enum(RUN_STATES)
      .openapi({ description: "started: reads the log; listed: recovers; recovered: compares ours" }),
    detail: z.string().nullable().openapi({ description: "What it waits for, why it failed, or what it left out" }),
    pages: z.number().int(),
    dueAt: moment.nullable().openapi({ description: "When it goes on, while it waits" }),
    report: z
      .object({
        listed: z.number().int().openapi({ description: "Events of the provider's log; matched + deadHere + missing" }),
        matched: z.number().int(),
        missing: z.number().int().openapi({ description: "recovered + unexplained, once the run has completed" }),
        recovered: z.number().int(),
        deadHere: z.number().int().openapi({ description: "Recorded here, and ended as a dead letter" }),
        unknownToProvider: z.number().int().openapi({ description: "Of ours, and not in the provider's log" }),
        unexplained: z.number().int().openapi({ description: "Missing, and not recovered: an alarm" }),
      })
      .openapi("ReconciliationReport"),
    startedAt: moment,
    finishedAt: moment.nullable(),
    runbook: z.string(),
  })
  .openapi("ReconciliationRun");

export const reconciliationEntrySchema = z
  .object({
    providerEventId: z.string(),
    eventType: z.string().nullable(),
    occurredAt: moment.nullable(),
    providerOutcome: z
      .enum(["delivered", "failed"])
      .nullable()
      .openapi({ description: "What the provider's log calls it" }),
    state: z.enum(ENTRY_STATES),
    recoveredBy: z.enum(["redelivery", "provider_api", "arrival"]).nullable(),
    eventId: z.string().nullable(),
    asks: z
      .number()
      .int()
      .openapi({ description: "How often the provider was asked for a redelivery, or was asked in vain" }),
    detail: z.string().nullable(),
  })
  .openapi("ReconciliationEntry");

export const reconciliationSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    sourceId: z.string(),
    source: z.string(),
    connector: z.record(z.string(), z.string()),
    hasSecret: z.boolean(),
    secretReadable: z.boolean(),
    eventTypes: z.array(z.string()),
    schedule: z.string().nullable().openapi({ description: "A cron pattern in UTC" }),
    lookbackSec: z.number().int(),
    overlapSec: z.number().int(),
    lagSec: z.number().int(),
    redeliver: z.boolean(),
    redeliveryWaitSec: z.number().int(),
    state: z.enum(["active", "disabled"]),
    origin: z.enum(["file", "api", "sample"]),
    nextDueAt: moment.nullable(),
    lastRun: reconciliationRunSchema.nullable().openapi({ description: "The newest run that has ended" }),
    currentRun: reconciliationRunSchema.nullable().openapi({ description: "The run that is under way" }),
    unexplained: z.number().int().openapi({
      description:
        "Missing, and not recovered: by the newest completed run, which has looked again at what those before it left. An alarm",
    }),
    unexplainedIn: z
      .array(z.object({ runId: z.string(), startedAt: moment, count: z.number().int() }))
      .openapi({ description: `Which runs these are and how many each has: the newest ${NAMED_MAX}, newest first` }),
    createdAt: moment,
    updatedAt: moment,
  })
  .openapi("Reconciliation");

export function toReconciliation(
  setup: Reconciliation,
  own: TenantCatalog,
  runs: {
    readonly last: RunRow | null;
    readonly current: RunRow | null;
    /** Those that tell what is unexplained, each with the sum over all of them. */
    readonly telling: readonly (Pick<RunRow, "id" | "started_at" | "unexplained"> & { readonly in_all: number })[];
  },
): z.infer<typeof reconciliationSchema> {
  return {
    id: toPublicId("rec", setup.id),
    name: setup.name,
    sourceId: toPublicId("src", setup.sourceId),
    source: own.sourceName(setup.sourceId),
    connector: Object.fromEntries(Object.entries(setup.connector).filter(([, value]) => value !== undefined)),
    hasSecret: setup.secret !== null || setup.secretUnreadable,
    secretReadable: !setup.secretUnreadable,
    eventTypes: [...setup.eventTypes],
    schedule: setup.schedule,
    lookbackSec: setup.lookbackSec,
    overlapSec: setup.overlapSec,
    lagSec: setup.lagSec,
    redeliver: setup.redeliver,
    redeliveryWaitSec: setup.redeliveryWaitSec,
    state: setup.state,
    origin: setup.origin,
    nextDueAt: setup.nextDueAt?.toISOString() ?? null,
    lastRun: runs.last === null ? null : toRun(runs.last, setup.name),
    currentRun: runs.current === null ? null : toRun(runs.current, setup.name),
    unexplained: runs.telling[0]?.in_all ?? 0,
    unexplainedIn: runs.telling.map(({ id, started_at, unexplained }) => ({
      runId: toPublicId("run", id),
      startedAt: started_at.toISOString(),
      count: unexplained,
    })),
    createdAt: setup.createdAt.toISOString(),
    updatedAt: setup.updatedAt.toISOString(),
  };
}

export function toRun(row: RunRow, name: string): z.infer<typeof reconciliationRunSchema> {
  return {
    id: toPublicId("run", row.id),
    reconciliationId: toPublicId("rec", row.reconciliation_id),
    reconciliation: name,
    cause: row.cause,
    startedBy: row.started_by,
    windowFrom: row.window_from.toISOString(),
    windowTo: row.window_to.toISOString(),
    state: row.state,
    detail: row.detail,
    pages: row.pages,
    dueAt: row.finished_at === null ? row.due_at.toISOString() : null,
    report: {
      listed: row.listed,
      matched: row.matched,
      missing: row.missing,
      recovered: row.recovered,
      deadHere: row.dead_here,
      unknownToProvider: row.unknown_to_provider,
      unexplained: row.unexplained,
    },
    startedAt: row.started_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    runbook: RECONCILIATION_RUNBOOK,
  };
}

export function toEntry(row: EntryRow): z.infer<typeof reconciliationEntrySchema> {
  return {
    providerEventId: row.provider_event_id,
    eventType: row.event_type,
    occurredAt: row.occurred_at?.toISOString() ?? null,
    providerOutcome: row.provider_outcome,
    state: row.state,
    recoveredBy: row.recovered_by,
    eventId: row.event_id === null ? null : toPublicId("evt", row.event_id),
    asks: row.asks,
    detail: row.detail,
  };
}
