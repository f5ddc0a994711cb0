const HAS_GATE = "EXISTS (SELECT FROM holdfast.destination_gate g WHERE g.destination_id = d.destination_id)";

/**
 * Since when a delivery that is let go is due: since it was made, as the first 48 bits of a UUIDv7 tell in milliseconds (RFC 9562, 5.7).
 * Where the clock that told them was ahead, as it may be by days, it is due now, and so is what retries or replays it.
 */
export const DUE_SINCE =
  "least(to_timestamp(('x' || substr(d.id::text, 1, 8) || substr(d.id::text, 10, 4))::bit(48)::bigint / 1000.0), now())";

/**
 * What a held delivery `d` becomes when its destination can be served again, for those that keep no order: one whose
 * destination has a gate waits there (an open gate lets it through at once). Any other is due since it was made: the stager
 * queues it in the order of that, each lane behind itself. Straight into the ready queue, with the ranks of back then, a
 * backlog of hours would stand before everything that is fresh.
 */
export const UNORDERED_RELEASED = `
      state = CASE WHEN ${HAS_GATE} THEN 'held' ELSE 'scheduled' END,
      held_reason = CASE WHEN ${HAS_GATE} THEN 'destination_gated' END,
      due_at = CASE WHEN ${HAS_GATE} THEN NULL ELSE ${DUE_SINCE} END`;

/**
 * The same for all: one that keeps an order waits for its turn. So what a pause has gathered comes out at the destination's
 * own limits.
 */
export const RELEASED = `
      state = CASE WHEN d.order_key IS NOT NULL OR ${HAS_GATE} THEN 'held' ELSE 'scheduled' END,
      held_reason = CASE WHEN d.order_key IS NOT NULL THEN 'ordered' WHEN ${HAS_GATE} THEN 'destination_gated' END,
      due_at = CASE WHEN d.order_key IS NOT NULL OR ${HAS_GATE} THEN NULL ELSE ${DUE_SINCE} END`;
