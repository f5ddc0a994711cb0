import type { Priority } from "./priority.ts";

/** `page`: somebody must act now. `ticket`: somebody must act soon. */
export const SEVERITIES = ["page", "ticket"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a rule goes by. */
export interface RuleTerms {
  readonly severity: Severity;
  /** In the rule's own unit; the rule fires above it, or below it where less is worse. */
  readonly threshold: number;
  /** For how long it has to hold before anybody is told. */
  readonly forSec: number;
}

/** A rule as it is built in. */
export interface AlertRule extends RuleTerms {
  readonly name: string;
  /** The unit of the threshold: `sec`, `count`, `level`, `mib`. */
  readonly unit: "sec" | "count" | "level" | "mib";
  /** On which side of the threshold it fires; `from` takes the threshold itself with it. */
  readonly fires: "above" | "from" | "below";
  readonly summary: string;
  /** A page of the documentation, from the root of the repository. */
  readonly runbook: string;
  /** The rule of docs/operate/alerts.yml that says the same, where Prometheus can see it. */
  readonly prometheus: string | null;
}

const QUEUE_PAGE = "docs/operate/queue.md";
const DESTINATION_PAGE = "docs/runbooks/destination-down.md";

/** Of the time that a secret has left, of days that are made ahead, of processes and of the disk. */
const LESS_IS_WORSE: ReadonlySet<string> = new Set([
  "secret_ends",
  "partitions_end",
  "no_ingest",
  "no_worker",
  "disk_low",
]);

const rule = (
  name: string,
  [severity, threshold, unit, forSec]: readonly [Severity, number, AlertRule["unit"], number],
  summary: string,
  [runbook, prometheus]: readonly [string, string | null],
): AlertRule => {
  // Levels are steps that are reached.
  const fires = LESS_IS_WORSE.has(name) ? "below" : unit === "level" ? "from" : "above";
  return { name, severity, threshold, unit, fires, forSec, summary, runbook, prometheus };
};

/** Every rule with its defaults; those that Prometheus knows too have its terms. */
export const ALERT_RULES: readonly AlertRule[] = [
  rule(
    "database_unsafe",
    ["page", 0, "count", 60],
    "The database is away or its settings could lose events; nothing is accepted.",
    ["docs/operate/database.md", "HoldfastDatabaseDown"],
  ),
  rule(
    "critical_waits",
    ["page", 60, "sec", 120],
    "A critical delivery has been ready for too long and nobody has tried it.",
    [QUEUE_PAGE, "HoldfastCriticalWaits"],
  ),
  rule("queue_waits", ["ticket", 1_800, "sec", 600], "Ready deliveries of a class wait for too long.", [
    QUEUE_PAGE,
    "HoldfastQueueWaits",
  ]),
  rule(
    "refuses_high",
    ["page", 3, "level", 60],
    "Overloaded so far that high arrivals are slowed down or refused, and all less urgent ones refused.",
    [QUEUE_PAGE, "HoldfastRefusesHigh"],
  ),
  rule("overloaded", ["ticket", 1, "level", 600], "Arrivals that may wait are slowed down or refused.", [
    QUEUE_PAGE,
    "HoldfastOverloaded",
  ]),
  rule(
    "throttle_in_force",
    ["ticket", 900, "sec", 0],
    "Somebody has slowed down or refused arrivals by hand, and it still holds.",
    [QUEUE_PAGE, null],
  ),
  rule(
    "breaker_open",
    ["ticket", 0, "count", 900],
    "A destination fails, so its breaker is open; its deliveries wait.",
    [DESTINATION_PAGE, "HoldfastBreakerOpen"],
  ),
  rule(
    "destination_failing",
    ["ticket", 3_600, "sec", 0],
    "Every attempt at a destination has failed for a long time.",
    [DESTINATION_PAGE, null],
  ),
  rule(
    "destination_disabled",
    ["page", 0, "count", 0],
    "A destination was disabled because it only failed; its deliveries are held.",
    [DESTINATION_PAGE, null],
  ),
  rule("dead_letters_grow", ["page", 10, "count", 0], "Deliveries to a destination end in the dead letters.", [
    "docs/runbooks/dead-letters-growing.md",
    null,
  ]),
  rule("rejections_grow", ["page", 10, "count", 0], "A source refuses arrivals again and again.", [
    "docs/runbooks/signature-drift.md",
    null,
  ]),
  rule("retry_loop", ["ticket", 2, "count", 0], "A provider sends the same request again and again.", [
    "docs/runbooks/retry-loop.md",
    null,
  ]),
  rule("secret_ends", ["ticket", 86_400, "sec", 0], "A secret that is still in use is about to end.", [
    "docs/operate/secrets.md",
    null,
  ]),
  rule("secret_retired_used", ["page", 0, "count", 0], "A sender still signs with a secret that has been retired.", [
    "docs/operate/secrets.md",
    null,
  ]),
  rule(
    "reconciliation_unexplained",
    ["page", 0, "count", 60],
    "The provider's own log has events that could not be recovered.",
    ["docs/runbooks/provider-outage.md", "HoldfastReconciliationUnexplained"],
  ),
  rule(
    "reconciliation_fails",
    ["ticket", 0, "count", 60],
    "The provider's own log could not be read; nothing is compared until it can.",
    ["docs/runbooks/provider-outage.md", "HoldfastReconciliationFails"],
  ),
  rule(
    "old_snapshot",
    ["ticket", 60, "sec", 300],
    "An old snapshot, or a replication slot that nobody reads, keeps the database from cleaning up behind the queue.",
    ["docs/operate/retention.md", "HoldfastOldSnapshot"],
  ),
  rule(
    "partitions_end",
    ["page", 2, "count", 600],
    "Hardly any day is made ahead: when the last has passed, everything is refused.",
    [QUEUE_PAGE, "HoldfastPartitionsEnd"],
  ),
  rule("no_ingest", ["page", 1, "count", 60], "No process takes anything in: what providers send is not answered.", [
    QUEUE_PAGE,
    "HoldfastNoIngest",
  ]),
  rule("no_worker", ["page", 1, "count", 60], "No process delivers, and there are deliveries that are not finished.", [
    QUEUE_PAGE,
    "HoldfastNoWorker",
  ]),
  rule("disk_low", ["page", 2_048, "mib", 60], "The disk of the embedded database is nearly full.", [
    "docs/runbooks/database-full.md",
    null,
  ]),
];

/** How far back the counts of dead letters, rejections and loops look. */
export const ALERT_WINDOW_MS = 900_000;

/** What a tenant has changed of a rule. */
export interface RuleChange extends Partial<RuleTerms> {
  readonly state?: "active" | "disabled";
}
export type RuleChanges = Readonly<Record<string, RuleChange>>;

/** Whom a finding is about. */
export interface Subject {
  /** Lasting: the id of a source or a destination with what tells several of it apart, or empty for the gateway. */
  readonly subject: string;
  readonly subjectName: string;
  /** Whose owners are told. Empty: the gateway's. */
  readonly sourceIds: readonly string[];
}

interface Measured extends Subject {
  readonly value: number;
  readonly detail: string;
}

/** One look at everything that rules are about, of one tenant. Where a value is not known it is absent. */
export interface Readings {
  readonly unsafe: string | null;
  /** Seconds, by class. */
  readonly oldestReadySec: Readonly<Partial<Record<Priority, number>>>;
  readonly overload: { readonly level: number; readonly signal: string | null };
  readonly oldestSnapshotSec: number;
  /** A replication slot that nobody reads, of a server that does not tell since when. */
  readonly forgottenSlot: string | null;
  /** How many live by role, on whatever machine. */
  readonly processes: { readonly ingest: number; readonly worker: number } | null;
  /** Deliveries; beyond some thousands the server's own estimate. */
  readonly unfinished: number;
  /** Of the table that has the fewest. */
  readonly partitionsAheadDays: number | null;
  readonly diskFreeMib: number | null;
  /** What is about sources and destinations, by the rule's name; the value is compared with the rule's threshold. */
  readonly measured: Readonly<Record<string, readonly Measured[]>>;
}

/** A rule that holds about a subject now. */
export interface Finding extends Measured {
  readonly rule: string;
  readonly severity: Severity;
  readonly forSec: number;
}

/** The terms of a rule as a tenant has them; null when it is switched off. */
export function termsOf(built: AlertRule, changes: RuleChanges): RuleTerms | null {
  const change = Object.hasOwn(changes, built.name) ? changes[built.name]! : {};
  if (change.state === "disabled") return null;
  const { severity = built.severity, threshold = built.threshold, forSec = built.forSec } = change;
  return { severity, threshold, forSec };
}

/** Judges the readings by every rule that is on. Pure: what holds is told, whether it has been told before is not its matter. */
export function judgeAlerts(readings: Readings, changes: RuleChanges): Finding[] {
  return ALERT_RULES.flatMap((built) => {
    const terms = termsOf(built, changes);
    if (terms === null) return [];
    const { severity, threshold, forSec } = terms;
    return readFor(built.name, readings)
      .filter(({ value }) => isBeyond(built, value, threshold))
      .map((measured) => ({ ...measured, rule: built.name, severity, forSec }));
  });
}

function isBeyond({ fires }: AlertRule, value: number, threshold: number): boolean {
  if (fires === "from") return value >= threshold;
  return fires === "below" ? value < threshold : value > threshold;
}

const GATEWAY: Subject = { subject: "", subjectName: "the gateway", sourceIds: [] };

function readFor(name: string, readings: Readings): readonly Measured[] {
  const { unsafe, oldestReadySec, overload, processes, unfinished, partitionsAheadDays, diskFreeMib } = readings;
  switch (name) {
    case "database_unsafe":
      return unsafe === null ? [] : [{ ...GATEWAY, value: 1, detail: unsafe }];
    case "critical_waits":
      return waits(oldestReadySec, (priority) => priority === "critical");
    case "queue_waits":
      return waits(oldestReadySec, (priority) => priority !== "critical");
    case "refuses_high":
    case "overloaded":
      return [
        {
          ...GATEWAY,
          value: overload.level,
          detail: `level ${overload.level}, because of ${overload.signal ?? "nothing"}`,
        },
      ];
    case "old_snapshot":
      return [{ ...GATEWAY, ...measureSnapshot(readings) }];
    case "partitions_end":
      return ofGateway(partitionsAheadDays, (days) => `partitions are made ${days} days ahead`);
    case "no_ingest":
      return ofGateway(processes && processes.ingest, (count) => `${count} processes with the role ingest live`);
    case "no_worker":
      // Where every event is only kept there is nothing for one to do.
      if (unfinished === 0) return [];
      return ofGateway(processes && processes.worker, (count) => `${count} processes with the role worker live`);
    case "disk_low":
      return ofGateway(diskFreeMib, (mib) => `${Math.round(mib)} MiB are free`);
    default:
      return Object.hasOwn(readings.measured, name) ? readings.measured[name]! : [];
  }
}

// What nobody can tell the age of may be older than any threshold; the log behind such a slot grows until the disk is full.
function measureSnapshot({ oldestSnapshotSec: sec, forgottenSlot }: Readings): Pick<Measured, "value" | "detail"> {
  if (forgottenSlot === null) return { value: sec, detail: `the oldest is ${Math.round(sec)} s old` };
  const detail = `nobody reads the replication slot ${forgottenSlot}; since when, this server does not tell`;
  return { value: Infinity, detail };
}

/** Nothing where it is not known. */
function ofGateway(value: number | null, describe: (value: number) => string): Measured[] {
  return value === null ? [] : [{ ...GATEWAY, value, detail: describe(value) }];
}

function waits(ages: Readings["oldestReadySec"], wanted: (priority: string) => boolean): Measured[] {
  return Object.entries(ages)
    .filter(([priority]) => wanted(priority))
    .map(([priority, value]) => ({
      subject: priority,
      subjectName: `class ${priority}`,
      sourceIds: [],
      value,
      detail: `the oldest ready delivery of class ${priority} has waited for ${Math.round(value)} s`,
    }));
}
