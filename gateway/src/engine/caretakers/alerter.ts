import type { AlertChannel } from "../../domain/alert-channel.ts";
import type { Alert, AlertMoves, NoticeKind } from "../../domain/alert.ts";
import { chooseChannels, moveAlerts } from "../../domain/alert.ts";
import { NOTICE_FACTS_MAX, toFact } from "../../domain/alert-notice.ts";
import type { Finding, Readings } from "../../domain/alert-rules.ts";
import { ALERT_WINDOW_MS, judgeAlerts } from "../../domain/alert-rules.ts";
import { lowestUuid, newUuid, toPublicId } from "../../domain/id.ts";
import type { CatalogIndex } from "../../pipeline/catalog-index.ts";
import type { Log } from "../../platform/log.ts";
import { messageOf } from "../../platform/log.ts";
import type { SecretsBox } from "../../platform/secrets-box.ts";
import type { AlertRow } from "../../store/alerts/alerts.ts";
import { alertValues, dropPendingAlerts, listStanding, saveAlert, toAlert } from "../../store/alerts/alerts.ts";
import { loadChannels } from "../../store/alerts/channels.ts";
import type { MeasuredRow } from "../../store/alerts/measures.ts";
import { MEASURES } from "../../store/alerts/measures.ts";
import { queueNotice } from "../../store/alerts/notices.ts";
import type { AlertSettings } from "../../store/alerts/settings.ts";
import { NO_ALERT_SETTINGS, loadAlertSettings } from "../../store/alerts/settings.ts";
import type { Database } from "../../store/database.ts";
import { isConnectionGone } from "../../store/database.ts";
import { listSaturation } from "../../store/saturation/list-saturation.ts";
import type { Queryable } from "../../store/statement.ts";
import { readDaysAhead } from "../../store/views/standing.ts";
import type { DatabaseClock } from "../database-clock.ts";
import type { Leader } from "../leader.ts";
import { underTerm } from "../leader.ts";
import { readProcesses } from "../process-watch.ts";
import { measureQueue } from "./gauger.ts";
import { readSnapshots } from "./watch-snapshots.ts";

export interface AlerterDeps {
  readonly db: Database;
  readonly databaseClock: DatabaseClock;
  readonly leader: Leader;
  readonly catalog: () => CatalogIndex;
  readonly box: SecretsBox;
  readonly random: (bytes: number) => Uint8Array;
  readonly log: Log;
  /** Why nothing is accepted, or null. */
  readonly unsafe: () => string | null;
  /** MiB free where the embedded database lives; null where that is not known. */
  readonly diskFreeMib: () => Promise<number | null>;
  /** Whose alerts are those of the gateway itself. */
  readonly operator: string;
}

const DEADLINE_MS = 10_000;

/**
 * One look: reads everything that rules are about, judges it, and writes down what begins, goes on and ends together with the
 * notices that follow, in one transaction under the term. Nothing is sent here. A rule whose reading fails is logged, and what
 * stands of it stays as it is; throws when the database is away.
 *
 * @returns how many notices were queued; null when this process does not lead
 */
export async function lookForAlerts(deps: AlerterDeps): Promise<number | null> {
  const term = deps.leader.current();
  if (term === null) return null;
  const settings = await loadAlertSettings(deps.db);
  const look = await read(deps);
  const found = new Map(
    [...look.readings].map(([tenant, one]) => [
      tenant,
      judgeAlerts(one, (settings.get(tenant) ?? NO_ALERT_SETTINGS).rules),
    ]),
  );
  const done = await underTerm(deps.db, term, (tx) => write(deps, tx, { ...look, found }, settings), DEADLINE_MS);
  if (done.ok) return done.value;
  if ("deposed" in done) return null;
  throw new Error(done.message);
}

interface Look {
  /** By tenant. */
  readonly readings: ReadonlyMap<string, Readings>;
  /** The rules of which nothing is known this time. */
  readonly unread: ReadonlySet<string>;
}

async function read(deps: AlerterDeps): Promise<Look> {
  const unread = new Set<string>();
  // The one table that is slow must not silence what is said of all others. Without a connection nothing can be read or written.
  const unless = async <T>(rules: readonly string[], known: Promise<T>, calm: T): Promise<T> => {
    try {
      return await known;
    } catch (error) {
      if (isConnectionGone(error)) throw error;
      deps.log.error({ rules, error: messageOf(error) }, "what alerts are judged by could not be read");
      for (const rule of rules) unread.add(rule);
      return calm;
    }
  };
  const now = deps.databaseClock.now();
  const since = new Date(now.getTime() - ALERT_WINDOW_MS);
  const floor = lowestUuid(since.getTime());
  const takes = { now: [now], since: [since], floor: [floor], window: [floor, since], nothing: [] };
  const measured = new Map<string, Record<string, ReturnType<typeof toMeasured>[]>>([[deps.operator, {}]]);
  for (const [rule, { statement, takes: values }] of MEASURES) {
    const rows = deps.db.run(statement, takes[values]).then((result) => result.rows);
    for (const row of await unless([rule], rows, [])) {
      const own = measured.get(row.tenant) ?? {};
      (own[rule] ??= []).push(toMeasured(row));
      measured.set(row.tenant, own);
    }
  }
  const whole = {
    unsafe: deps.unsafe(),
    ...(await unless(["critical_waits", "queue_waits", "no_worker"], readQueue(deps), CALM_QUEUE)),
    processes: await unless(["no_ingest", "no_worker"], readRoles(deps.db), CALM.processes),
    overload: await unless(["refuses_high", "overloaded"], readOverload(deps.db), CALM.overload),
    ...(await unless(["old_snapshot"], readOldestSnapshot(deps.db), NO_SNAPSHOT)),
    partitionsAheadDays: await unless(["partitions_end"], readFewestAhead(deps), CALM.partitionsAheadDays),
    diskFreeMib: await deps.diskFreeMib(),
  };
  const readings = new Map(
    [...measured].map(([tenant, own]) => [tenant, { ...(tenant === deps.operator ? whole : CALM), measured: own }]),
  );
  return { readings, unread };
}

type QueueReadings = Pick<Readings, "oldestReadySec" | "unfinished">;

async function readQueue(deps: AlerterDeps): Promise<QueueReadings> {
  const { oldestReadyMs, depth } = await measureQueue(deps);
  return {
    oldestReadySec: Object.fromEntries(Object.entries(oldestReadyMs).map(([priority, ms]) => [priority, ms / 1_000])),
    unfinished: Object.values(depth).reduce((sum, count) => sum + count, 0),
  };
}

async function readRoles(db: Database): Promise<Readings["processes"]> {
  const live = await readProcesses(db);
  const countOf = (wanted: string): number => live.filter(({ roles }) => roles.includes(wanted)).length;
  return { ingest: countOf("ingest"), worker: countOf("worker") };
}

async function readOverload(db: Database): Promise<Readings["overload"]> {
  const [worst] = (await db.run(listSaturation, [])).rows;
  return { level: worst?.level ?? 0, signal: worst?.signal ?? null };
}

const NO_SNAPSHOT: Pick<Readings, "oldestSnapshotSec" | "forgottenSlot"> = {
  oldestSnapshotSec: 0,
  forgottenSlot: null,
};

async function readOldestSnapshot(db: Database): Promise<typeof NO_SNAPSHOT> {
  const { oldestSec, alarms } = await readSnapshots(db);
  const forgotten = alarms.find(({ ageSec }) => ageSec === null);
  return { oldestSnapshotSec: oldestSec, forgottenSlot: forgotten?.name ?? null };
}

async function readFewestAhead({ db, databaseClock }: AlerterDeps): Promise<number | null> {
  const days = [...(await readDaysAhead(db, databaseClock.now())).values()];
  return days.length === 0 ? null : Math.min(...days);
}

const CALM_QUEUE: QueueReadings = { oldestReadySec: {}, unfinished: 0 };
const CALM: Omit<Readings, "measured"> = {
  ...CALM_QUEUE,
  unsafe: null,
  processes: null,
  overload: { level: 0, signal: null },
  ...NO_SNAPSHOT,
  partitionsAheadDays: null,
  diskFreeMib: null,
};

function toMeasured({ subject, subject_name, source_ids, value, detail }: MeasuredRow) {
  return { subject, subjectName: subject_name, sourceIds: source_ids, value, detail };
}

async function write(
  deps: AlerterDeps,
  tx: Queryable,
  { found, unread }: { readonly found: ReadonlyMap<string, readonly Finding[]>; readonly unread: Look["unread"] },
  settings: ReadonlyMap<string, AlertSettings>,
): Promise<number> {
  const now = deps.databaseClock.now();
  const standing = (await tx.run(listStanding, [])).rows.filter(({ rule }) => !unread.has(rule));
  const tenants = new Set([...found.keys(), ...standing.map(({ tenant }) => tenant)]);
  const channels = await loadChannels(tx, deps.box, null);
  const newId = (): string => newUuid(now.getTime(), 0, deps.random(8));
  let queued = 0;
  for (const tenant of tenants) {
    const before = standing.filter((row: AlertRow) => row.tenant === tenant).map(toAlert);
    const moves = moveAlerts(before, found.get(tenant) ?? [], now, newId);
    for (const alert of moves.saved) await tx.run(saveAlert, alertValues(tenant, alert));
    if (moves.dropped.length > 0) await tx.run(dropPendingAlerts, [moves.dropped]);
    const own = channels.filter((channel) => channel.tenant === tenant);
    const groups = group(deps, moves, own, settings.get(tenant) ?? NO_ALERT_SETTINGS);
    for (const { channel, kind, alerts } of groups) {
      const facts = alerts.slice(0, NOTICE_FACTS_MAX).map((alert) => toFact(alert, toPublicId("alt", alert.id)));
      await tx.run(queueNotice, [newId(), tenant, channel.id, kind, JSON.stringify(facts), now]);
    }
    queued += groups.length;
    tell(deps.log, moves);
    warnOfUnheard(deps.log, tenant, moves, new Set(groups.flatMap(({ alerts }) => alerts)));
  }
  return queued;
}

/** What each channel is told at once: one notice for all that began, one for all that still holds, one for all that is over. */
function group(deps: AlerterDeps, moves: AlertMoves, channels: readonly AlertChannel[], { owners }: AlertSettings) {
  const index = deps.catalog();
  const nameOf = (id: string): string => index.findSourceById(id)?.name ?? "";
  const told = (alert: Alert) => chooseChannels(alert, alert.sourceIds.map(nameOf), channels, owners);
  return (Object.entries(moves.told) as [NoticeKind, readonly Alert[]][]).flatMap(([kind, alerts]) =>
    channels
      .map((channel) => ({ channel, kind, alerts: alerts.filter((alert) => told(alert).includes(channel)) }))
      .filter((one) => one.alerts.length > 0),
  );
}

function tell(log: Log, { told }: AlertMoves): void {
  for (const { rule, subjectName, detail, severity } of told.fired)
    log.warn({ rule, subject: subjectName, severity, detail }, "an alert fires");
  for (const { rule, subjectName } of told.resolved) log.info({ rule, subject: subjectName }, "an alert is over");
}

function warnOfUnheard(log: Log, tenant: string, { told }: AlertMoves, heard: ReadonlySet<Alert>): void {
  const unheard = [...told.fired, ...told.repeated].filter((alert) => !heard.has(alert));
  if (unheard.length === 0) return;
  const rules = [...new Set(unheard.map(({ rule }) => rule))].join(", ");
  const message = "nobody is told of alerts: no active channel takes their severity";
  log.warn({ tenant, rules, alerts: unheard.length }, message);
}
