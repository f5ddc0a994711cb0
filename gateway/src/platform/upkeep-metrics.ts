import type { Registry } from "prom-client";
import { Counter, Gauge } from "prom-client";

/** What is told of the database's upkeep: who leads, what retention dropped, and who holds an old snapshot. */
export function createUpkeepMetrics(registers: Registry[]) {
  return {
    leads: new Gauge({
      name: "holdfast_leader",
      help: "1 while this process does the caretakers' work that one process does for all",
      registers,
    }),
    liveProcesses: new Gauge({
      name: "holdfast_processes",
      aggregator: "max",
      help: "Processes of this gateway that live, by role, wherever they run; shown by the leader, as 0 where nobody takes in or delivers",
      labelNames: ["role"],
      registers,
    }),
    // By table, so that a process that does not lead shows none: an unlabelled 0 of it would be the fewest.
    partitionsAhead: new Gauge({
      name: "holdfast_partitions_ahead_days",
      aggregator: "min",
      help: "Days for which partitions are made ahead, by table; what comes on a day without one is refused",
      labelNames: ["table"],
      registers,
    }),
    retentionDropped: new Counter({
      name: "holdfast_retention_dropped_partitions_total",
      help: "Partitions dropped because they are older than they are kept, by table",
      labelNames: ["table"],
      registers,
    }),
    retentionDroppedRows: new Counter({
      name: "holdfast_retention_dropped_rows_total",
      help: "Rows that went with dropped partitions, by the server's own estimate, by table",
      labelNames: ["table"],
      registers,
    }),
    retentionDeadLetters: new Counter({
      name: "holdfast_retention_dropped_dead_letters_total",
      help: "Dead letters that nobody had retried and that went with dropped partitions",
      registers,
    }),
    retentionNeeded: new Gauge({
      name: "holdfast_retention_needed_partitions",
      aggregator: "max",
      help: "Partitions that are older than they are kept and stay because unfinished deliveries or late dead letters need them",
      registers,
    }),
    oldestSnapshotSeconds: new Gauge({
      name: "holdfast_database_oldest_snapshot_seconds",
      aggregator: "max",
      help: "Age of the oldest session or prepared transaction that keeps dead rows from being cleared away",
      registers,
    }),
    inactiveSlots: new Gauge({
      name: "holdfast_database_inactive_replication_slots",
      aggregator: "max",
      help: "Replication slots that nobody reads from",
      registers,
    }),
  };
}
