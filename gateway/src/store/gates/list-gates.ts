import { cold } from "../statement.ts";
import type { GateRow } from "./lock-gate.ts";
import { GATE_COLUMNS } from "./lock-gate.ts";

/**
 * The gates of active destinations that have something to do: deliveries wait at them, or may wait for their turn. Two looks
 * at an index for each gate, so that a gate without room costs no transaction.
 */
export const listGates = cold<GateRow & { destination_id: string; waiting: boolean; out: number }>(
  "list_gates",
  `SELECT g.destination_id, ${GATE_COLUMNS}, w.waiting,
          (SELECT count(*) FROM holdfast.delivery d WHERE d.destination_id = g.destination_id AND d.permit) AS out
     FROM holdfast.destination_gate g
     JOIN holdfast.destination t ON t.id = g.destination_id AND t.state = 'active'
     CROSS JOIN LATERAL (
       SELECT EXISTS (
         SELECT FROM holdfast.delivery d
          WHERE d.destination_id = g.destination_id AND d.held_reason = 'destination_gated') AS waiting) w
    WHERE g.ordered OR w.waiting`,
);

/** Whether deliveries wait at a destination's gate, and how many permits are out. Parameter: destination uuid. */
export const readQueueAtGate = cold<{ waiting: boolean; out: number }>(
  "read_queue_at_gate",
  `SELECT EXISTS (
            SELECT FROM holdfast.delivery d
             WHERE d.destination_id = $1 AND d.held_reason = 'destination_gated') AS waiting,
          (SELECT count(*) FROM holdfast.delivery d WHERE d.destination_id = $1 AND d.permit) AS out`,
);
