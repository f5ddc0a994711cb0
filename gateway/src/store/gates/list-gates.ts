import { cold } from "../statement.ts";
import type { GateRow } from "./lock-gate.ts";
import { GATE_COLUMNS } from "./lock-gate.ts";

export interface QueueAtGate {
  /** Whether deliveries wait there. */
  readonly waiting: boolean;
  /** Permits that are out. */
  readonly out: number;
  /** Whether one that waits is more urgent than one that has a permit and that no worker has claimed. */
  readonly overtakes: boolean;
}

const queueAtGate = (id: string): string => `
          (SELECT count(*) FROM holdfast.delivery d WHERE d.destination_id = ${id} AND d.permit) AS out,
          coalesce((SELECT min(d.priority) FROM holdfast.delivery d
                     WHERE d.destination_id = ${id} AND d.held_reason = 'destination_gated')
                   < (SELECT max(d.priority) FROM holdfast.delivery d
                       WHERE d.destination_id = ${id} AND d.permit AND d.state = 'ready'), false) AS overtakes`;

/**
 * The gates of active destinations that have something to do: deliveries wait at them, or may wait for their turn. A few looks
 * at an index for each gate, so that a gate without room costs no transaction.
 */
export const listGates = cold<GateRow & QueueAtGate & { destination_id: string }>(
  "list_gates",
  `SELECT g.destination_id, ${GATE_COLUMNS}, w.waiting,${queueAtGate("g.destination_id")}
     FROM holdfast.destination_gate g
     JOIN holdfast.destination t ON t.id = g.destination_id AND t.state = 'active'
     CROSS JOIN LATERAL (
       SELECT EXISTS (
         SELECT FROM holdfast.delivery d
          WHERE d.destination_id = g.destination_id AND d.held_reason = 'destination_gated') AS waiting) w
    WHERE g.ordered OR w.waiting`,
);

/** How it stands at one destination's gate. Parameter: destination uuid. */
export const readQueueAtGate = cold<QueueAtGate>(
  "read_queue_at_gate",
  `SELECT EXISTS (
            SELECT FROM holdfast.delivery d
             WHERE d.destination_id = $1 AND d.held_reason = 'destination_gated') AS waiting,${queueAtGate("$1")}`,
);
