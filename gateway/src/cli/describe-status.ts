import type { Overload, Status } from "@holdfast/client";
import { isRecord } from "../config/read-settings.ts";
import { PRIORITIES } from "../domain/priority.ts";
import { summarizeOverload } from "./describe-overload.ts";
import { formatDuration } from "./table.ts";

/** One thing that `doctor` looked at. */
export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  /** What was found. */
  readonly found: string;
  /** What to do; null when nothing. */
  readonly remedy: string | null;
}

export function fine(check: string, found: string): Finding {
  return { check, ok: true, found, remedy: null };
}

export function wrong(check: string, found: string, remedy: string): Finding {
  return { check, ok: false, found, remedy };
}

/** What a gateway's status says of its health: the database, how far ahead its partitions reach, and what waits. */
export function* findingsOfStatus(status: Status): Generator<Finding> {
  const { database, deliveries, overload, partitionsAheadDays, snapshots } = status;
  const processes = Array.isArray(status["processes"]) ? status["processes"].filter(isRecord) : null;
  if (isRecord(database)) yield findingOfDatabase(database);
  if (typeof partitionsAheadDays === "number") {
    const found = `made ${partitionsAheadDays} days ahead`;
    const remedy =
      "The gateway's partitioner does not come through; its log says why. Events of a day without one are refused.";
    yield partitionsAheadDays >= PARTITION_DAYS_MIN ? fine("partitions", found) : wrong("partitions", found, remedy);
  }
  if (processes !== null) yield findingOfProcesses(processes);
  if (isRecord(snapshots) && Array.isArray(snapshots["alarms"])) yield findingOfSnapshots(snapshots["alarms"]);
  if (isRecord(deliveries)) yield* findingsOfDeliveries(deliveries, processes === null || anyHas(processes, "worker"));
  // A gateway of an earlier version does not tell.
  if (isRecord(overload)) yield findingOfOverload(overload, anyHas(processes ?? [], "ingest"));
}

/** They are made a week ahead, so two days left mean that five days of tries have failed. */
const PARTITION_DAYS_MIN = 2;

/** What to do when the database is away or its settings are unsafe. */
export const DATABASE_REMEDY = "Nothing is acknowledged until this is mended; see docs/operate/database.md.";

function findingOfDatabase({ description, safety }: Readonly<Record<string, unknown>>): Finding {
  if (isRecord(safety) && safety["ok"] === true) return fine("database", `${text(description)}, durable settings`);
  const why = isRecord(safety) ? `${text(safety["cause"])}: ${text(safety["detail"])}` : "its settings are not known";
  return wrong("database", why, DATABASE_REMEDY);
}

function findingOfProcesses(processes: readonly Readonly<Record<string, unknown>>[]): Finding {
  const lines = processes.map((one) => {
    const roles = Array.isArray(one["roles"]) ? one["roles"].map(text).join("+") : "unknown";
    return `${text(one["host"])}:${text(one["pid"])} ${roles}${one["leads"] === true ? " (leads)" : ""}`;
  });
  const found = `${processes.length}: ${lines.slice(0, SHOWN_MAX).join(", ")}${lines.length > SHOWN_MAX ? ", …" : ""}`;
  if (processes.some((one) => one["leads"] === true)) return fine("processes", found);
  const remedy =
    "For some seconds after a leader was killed that is so; else the processes' logs say why none takes over.";
  return wrong("processes", `${found}; none leads`, remedy);
}

const SHOWN_MAX = 8;

function anyHas(processes: readonly Readonly<Record<string, unknown>>[], role: string): boolean {
  return processes.some(({ roles }) => Array.isArray(roles) && roles.includes(role));
}

function findingOfSnapshots(alarms: readonly unknown[]): Finding {
  const [first] = alarms.filter(isRecord);
  if (first === undefined) return fine("old snapshots", "none");
  const age = typeof first["ageSec"] === "number" ? ` for ${Math.round(first["ageSec"])} s` : "";
  const found = `${alarms.length}, first ${text(first["kind"])} ${text(first["name"])}, ${text(first["state"])}${age}`;
  return wrong(
    "old snapshots",
    found,
    "End it: it keeps the database from clearing away dead rows; see docs/operate/retention.md.",
  );
}

const startOne = (role: string): string => `Start one: holdfast start --role ${role}; or see in its log why it ended.`;
const SLOW_REMEDY =
  "The disk is too busy, or dead rows stand before what waits: see `old snapshots` above, and docs/operate/retention.md.";

function* findingsOfDeliveries(
  deliveries: Readonly<Record<string, unknown>>,
  isDelivering: boolean,
): Generator<Finding> {
  const { depth, counted, oldestReadySec: ages } = deliveries;
  if (depth === null) yield wrong("deliveries", "could not be counted in time", SLOW_REMEDY);
  if (isRecord(depth)) {
    // A gateway of an earlier version counts them all, and does not tell.
    const most = isRecord(counted) ? counted["ofEachState"] : null;
    const write = (count: unknown): string => `${text(count)}${count === most ? " or more" : ""}`;
    const counts = Object.entries(depth).map(([state, count]) => `${write(count)} ${state}`);
    const found = counts.join(", ");
    // Where every event is only kept there is nothing for a worker to do.
    const isStranded = !isDelivering && Object.values(depth).some((count) => count !== 0);
    yield isStranded
      ? wrong("deliveries", `${found}; no process delivers`, startOne("worker"))
      : fine("deliveries", found);
  }
  if (ages === null) yield wrong("oldest ready", "could not be read in time", SLOW_REMEDY);
  if (isRecord(ages)) {
    const waits = PRIORITIES.flatMap((priority) => {
      const sec = ages[priority];
      return typeof sec === "number" ? [`${priority} ${formatDuration(sec * 1_000)}`] : [];
    });
    yield fine("oldest ready", waits.length === 0 ? "none" : waits.join(", "));
  }
}

function findingOfOverload(overload: Overload, isTakingIn: boolean): Finding {
  const found = summarizeOverload(overload);
  if (overload.since === null) {
    // One that has just begun says it a moment later.
    if (isTakingIn) return fine("overload", found);
    return wrong("overload", "no process takes in", startOne("ingest"));
  }
  const remedy = "See who is refused with `holdfast throttle show`; docs/operate/queue.md tells what helps.";
  return overload.level === 0 ? fine("overload", found) : wrong("overload", found, remedy);
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "unknown";
}
