import { cold } from "../statement.ts";

export interface GateRow {
  readonly ordered: boolean;
  readonly slow_concurrency: number | null;
  readonly quick_since: Date | null;
  readonly breaker: "closed" | "open" | "recovering";
  readonly breaker_since: Date | null;
  readonly breaker_concurrency: number | null;
  readonly probe_at: Date | null;
  readonly round_succeeded: number;
  readonly round_failed: number;
  readonly tokens: number;
  readonly refilled_at: Date;
}

export const GATE_COLUMNS = `g.ordered, g.slow_concurrency, g.quick_since, g.breaker, g.breaker_since, g.breaker_concurrency, g.probe_at,
          g.round_succeeded, g.round_failed, g.tokens, g.refilled_at`;

/**
 * Takes the gate of an active destination, until the transaction ends: who holds it alone gives permits and turns. No row:
 * the destination is not active, or somebody else holds its gate right now. With the time, as the database has it now: all who feed a
 * gate go by one clock. Parameter: destination uuid.
 */
export const takeGate = cold<GateRow & { now: Date }>(
  "take_gate",
  `SELECT ${GATE_COLUMNS}, clock_timestamp() AS now
     FROM holdfast.destination_gate g
     JOIN holdfast.destination t ON t.id = g.destination_id AND t.state = 'active'
    WHERE g.destination_id = $1
      FOR UPDATE OF g SKIP LOCKED`,
);

/** Takes a gate whatever its destination's state is, waiting for who holds it. Parameter: destination uuid. */
export const lockGate = cold<GateRow>(
  "lock_gate",
  `SELECT ${GATE_COLUMNS} FROM holdfast.destination_gate g WHERE g.destination_id = $1 FOR UPDATE OF g`,
);

/** Sees to it that a destination has a gate; one that is there is not touched. Parameters: destination uuid, now. */
export const ensureGate = cold(
  "ensure_gate",
  `INSERT INTO holdfast.destination_gate (destination_id, refilled_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
);

/** Tells the feeders that deliveries to a destination keep an order; never taken back, since some may still wait. Parameter: destination uuid. */
export const markOrdered = cold(
  "mark_ordered",
  "UPDATE holdfast.destination_gate g SET ordered = true WHERE g.destination_id = $1 AND NOT g.ordered",
);
