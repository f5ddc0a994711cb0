import { cold } from "../statement.ts";

/**
 * The gates of active destinations that have something to do: deliveries wait at them, or may wait for their turn. One look
 * at an index for each gate.
 */
export const listGates = cold<{ destination_id: string; ordered: boolean; waiting: boolean }>(
  "list_gates",
  `SELECT g.destination_id, g.ordered, w.waiting
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
