import type { Registry } from "prom-client";
import { Counter, Gauge } from "prom-client";

/** What reconciliations with providers' logs have found. */
export function createReconciliationMetrics(registers: Registry[]) {
  return {
    reconciliationRuns: new Counter({
      name: "holdfast_reconciliation_runs_total",
      help: "Finished reconciliations by source and result",
      labelNames: ["source", "result"],
      registers,
    }),
    reconciliationRecovered: new Counter({
      name: "holdfast_reconciliation_recovered_events_total",
      help: "Events that the provider's log had and we lacked, recorded since, by source and way",
      labelNames: ["source", "by"],
      registers,
    }),
    reconciliationUnexplained: new Gauge({
      name: "holdfast_reconciliation_unexplained_events",
      aggregator: "max",
      help: "Events that a source's active reconciliations found missing in their newest runs and could not recover; alarm above 0",
      labelNames: ["source"],
      registers,
    }),
    reconciliationFailing: new Gauge({
      name: "holdfast_reconciliation_failing",
      aggregator: "max",
      help: "Active reconciliations of a source whose newest finished run failed, so that nothing is compared; alarm above 0",
      labelNames: ["source"],
      registers,
    }),
  };
}
