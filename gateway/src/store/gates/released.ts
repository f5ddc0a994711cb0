/**
 * What a held delivery `d` becomes when its destination can be served again: one that keeps an order waits for its turn, one
 * whose destination has a gate waits there (an open gate lets it through at once), any other is ready. So what a pause has
 * gathered comes out at the destination's own limits.
 */
export const RELEASED = `
      state = CASE WHEN d.order_key IS NOT NULL OR EXISTS (
                SELECT FROM holdfast.destination_gate g WHERE g.destination_id = d.destination_id)
              THEN 'held' ELSE 'ready' END,
      held_reason = CASE WHEN d.order_key IS NOT NULL THEN 'ordered' WHEN EXISTS (
                      SELECT FROM holdfast.destination_gate g WHERE g.destination_id = d.destination_id)
                    THEN 'destination_gated' END`;
