import type { Page } from "./api-shapes.ts";
import type { Changes, Shelf } from "./create-api.ts";
import type { EntryQuery, PageQuery, RunQuery } from "./list-queries.ts";

/** What one comparison with a provider's own log found, in events. */
export interface ReconciliationReport {
  /** Events of the provider's log: matched + deadHere + missing. */
  listed: number;
  matched: number;
  /** recovered + unexplained, once the run has completed. */
  missing: number;
  recovered: number;
  /** Recorded here, and ended as a dead letter. */
  deadHere: number;
  /** Of ours, and not in the provider's log. */
  unknownToProvider: number;
  /** Missing, and not recovered: an alarm. */
  unexplained: number;
}

export interface ReconciliationRun {
  id: string;
  reconciliationId: string;
  reconciliation: string;
  cause: "scheduled" | "requested";
  startedBy: string;
  windowFrom: string;
  windowTo: string;
  /** `started`: reads the log; `listed`: recovers; `recovered`: compares ours. */
  state: "started" | "listed" | "recovered" | "completed" | "failed" | "cancelled";
  /** What it waits for, why it failed, or what it left out. */
  detail: string | null;
  pages: number;
  /** When it goes on, while it waits. */
  dueAt: string | null;
  report: ReconciliationReport;
  startedAt: string;
  finishedAt: string | null;
  /** The page that says what to do. */
  runbook: string;
}

/** One event within a run; of a completed run all but what matched. */
export interface ReconciliationEntry {
  providerEventId: string;
  eventType: string | null;
  occurredAt: string | null;
  providerOutcome: "delivered" | "failed" | null;
  state: "matched" | "dead_here" | "missing" | "asked" | "recovered" | "unexplained" | "unknown_to_provider";
  recoveredBy: "redelivery" | "provider_api" | "arrival" | null;
  eventId: string | null;
  asks: number;
  detail: string | null;
}

/** A source that is compared with its provider's own log. */
export interface Reconciliation {
  id: string;
  name: string;
  sourceId: string;
  source: string;
  connector: Record<string, string>;
  hasSecret: boolean;
  secretReadable: boolean;
  eventTypes: string[];
  /** A cron pattern in UTC. */
  schedule: string | null;
  lookbackSec: number;
  overlapSec: number;
  lagSec: number;
  redeliver: boolean;
  redeliveryWaitSec: number;
  state: "active" | "disabled";
  origin: "file" | "api" | "sample";
  nextDueAt: string | null;
  /** The newest run that has ended. */
  lastRun: ReconciliationRun | null;
  /** The run that is under way. */
  currentRun: ReconciliationRun | null;
  /** Missing, and not recovered, by the runs that tell of now: an alarm. */
  unexplained: number;
  /** Which runs these are and how many each has: the newest 20, newest first. */
  unexplainedIn: { runId: string; startedAt: string; count: number }[];
  createdAt: string;
  updatedAt: string;
}

/** The fields of the configuration file, docs/configuration.md, and a name. */
export interface ReconciliationInput {
  name: string;
  source: string;
  connector: { kind: string } & Record<string, string>;
  secret?: string;
  eventTypes?: string[];
  schedule?: string;
  lookbackSec?: number;
  overlapSec?: number;
  lagSec?: number;
  redeliver?: boolean;
  redeliveryWaitSec?: number;
}

/** Comparisons with providers' own logs; a reconciliation by id or name, a run by id. */
export interface Reconciliations extends Shelf<Reconciliation, Reconciliation, PageQuery> {
  create(input: ReconciliationInput): Promise<Reconciliation>;
  /** The secret stays when it is not given. */
  update(id: string, changes: Changes<ReconciliationInput>): Promise<Reconciliation>;
  /** Compares now, from where the last run ended, or a window of its own (ISO 8601). */
  start(id: string, window?: { from: string; to: string }): Promise<ReconciliationRun>;
  runs: Shelf<ReconciliationRun, ReconciliationRun, RunQuery> & {
    entries(id: string, query?: EntryQuery): Promise<Page<ReconciliationEntry>>;
    cancel(id: string): Promise<ReconciliationRun>;
  };
}
