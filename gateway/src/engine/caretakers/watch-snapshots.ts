import type { Log } from "../../platform/log.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { Queryable } from "../../store/statement.ts";
import type { SnapshotHolder } from "../../store/upkeep/snapshot-holders.ts";
import { listSnapshotHolders } from "../../store/upkeep/snapshot-holders.ts";

/** From this age on an old view harms: claims read over ever more dead rows (measured: facts on a held snapshot). */
export const SNAPSHOT_ALARM_SEC = 60;

/** What keeps PostgreSQL from clearing away dead rows. */
export interface SnapshotStanding {
  /** Of sessions, prepared transactions, and slots whose age is known; 0 without any. */
  readonly oldestSec: number;
  readonly inactiveSlots: number;
  /** Those that alarm: older than {@link SNAPSHOT_ALARM_SEC}, and every inactive replication slot. */
  readonly alarms: readonly SnapshotHolder[];
}

/** Looks at who holds an old view of the database. @param alarmSec the age from which one alarms */
export async function readSnapshots(db: Queryable, alarmSec = SNAPSHOT_ALARM_SEC): Promise<SnapshotStanding> {
  const holders = await listSnapshotHolders(db);
  return {
    oldestSec: holders.reduce((oldest, { ageSec }) => Math.max(oldest, ageSec ?? 0), 0),
    inactiveSlots: holders.filter(({ kind }) => kind === "replication_slot").length,
    alarms: holders.filter(({ kind, ageSec }) => kind === "replication_slot" || (ageSec ?? 0) > alarmSec),
  };
}

/** Shows it in the metrics, and warns once when an alarm begins. @returns a round, called again and again */
export function createSnapshotWatch(
  deps: { readonly db: Queryable; readonly metrics: Metrics; readonly log: Log },
  alarmSec = SNAPSHOT_ALARM_SEC,
): () => Promise<SnapshotStanding> {
  let told = new Set<string>();
  return async () => {
    const standing = await readSnapshots(deps.db, alarmSec);
    deps.metrics.oldestSnapshotSeconds.set(standing.oldestSec);
    deps.metrics.inactiveSlots.set(standing.inactiveSlots);
    for (const { kind, name, state, ageSec } of standing.alarms) {
      if (!told.has(name))
        deps.log.warn(
          { kind, name, state, ageSec: ageSec === null ? null : Math.round(ageSec) },
          "an old snapshot keeps the database from clearing away dead rows; the queue gets slower until it ends",
        );
    }
    told = new Set(standing.alarms.map(({ name }) => name));
    return standing;
  };
}
