import { cold } from "../statement.ts";
import type { GateRow } from "./lock-gate.ts";
import { GATE_COLUMNS } from "./lock-gate.ts";

export interface QueueAtGate {
  /** Whether deliveries wait there. */
  readonly waiting: boolean;
  /** Permits that are out. */
  readonly out: number;
  /** Those of them that no worker has claimed. */
  readonly unclaimed: number;
  /** Whether one that waits is more urgent than one that has a permit and that no worker has claimed. */
  readonly overtakes: boolean;
}

// The permits in one aggregate: a maximum alone would be looked for among all that is ready, from its end.
const queueAtGate = (id: string): string => `(
         SELECT w.urgent IS NOT NULL AS waiting, p.out, p.unclaimed,
                coalesce(w.urgent < p.least_urgent, false) AS overtakes
           FROM (SELECT min(d.priority) AS urgent FROM holdfast.delivery d
                  WHERE d.destination_id = ${id} AND d.held_reason = 'destination_gated') w
           CROSS JOIN (
             SELECT count(*) AS out, count(*) FILTER (WHERE d.state = 'ready') AS unclaimed,
                    max(d.priority) FILTER (WHERE d.state = 'ready') AS least_urgent
               FROM holdfast.delivery d WHERE d.destination_id = ${id} AND d.permit) p)`;

/**
 * The gates of active destinations that have something to do: deliveries wait at them, or may wait for their turn. A few looks
 * at an index for each gate, so that a gate without room costs no transaction. With the time, as the database has it now.
 */
export const listGates = cold<GateRow & QueueAtGate & { destination_id: string; now: Date }>(
  "list_gates",
  `SELECT g.destination_id, ${GATE_COLUMNS}, s.*, clock_timestamp() AS now
     FROM holdfast.destination_gate g
     JOIN holdfast.destination t ON t.id = g.destination_id AND t.state = 'active'
     CROSS JOIN LATERAL ${queueAtGate("g.destination_id")} s
    WHERE g.ordered OR s.waiting`,
);

/** How it stands at one destination's gate. Parameter: destination uuid. */
export const readQueueAtGate = cold<QueueAtGate>("read_queue_at_gate", `SELECT s.* FROM ${queueAtGate("$1")} s`);
