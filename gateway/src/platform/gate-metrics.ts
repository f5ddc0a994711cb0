import type { Registry } from "prom-client";
import { Gauge } from "prom-client";

/** How many destinations are held back, and by what. Counts alone: a destination of its own would be a label without end. */
export function createGateMetrics(registers: Registry[]) {
  return {
    destinationGates: new Gauge({
      name: "holdfast_destination_gate",
      aggregator: "max",
      help: "Active destinations whose deliveries need a permit, by the strongest reason: breaker, slow, limit",
      labelNames: ["reason"],
      registers,
    }),
    breakerStates: new Gauge({
      name: "holdfast_breaker_state",
      aggregator: "max",
      help: "Active destinations by the state of their breaker: closed, open, recovering",
      labelNames: ["state"],
      registers,
    }),
  };
}
