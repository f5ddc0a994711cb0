import { cold } from "../statement.ts";

/**
 * Takes out of the head of the ready queue what may not be tried now, so that no claim has to step over it: one window at a
 * time, as what stands further back hurts nobody yet. A permit lets through at a gate, not at a destination that is paused.
 * Parameters: destinations uuid[], held reasons text[] (one for each), window int.
 */
export const holdHead = cold(
  "hold_head",
  `WITH head AS MATERIALIZED (
     SELECT q.bucket, q.id, q.destination_id FROM holdfast.delivery q
      WHERE q.state = 'ready' ORDER BY q.priority, q.rank LIMIT $3),
   picked AS MATERIALIZED (
     SELECT d.bucket, d.id, u.held_reason
       FROM head h
       JOIN unnest($1::uuid[], $2::text[]) AS u(destination_id, held_reason) ON u.destination_id = h.destination_id
       JOIN holdfast.delivery d ON d.bucket = h.bucket AND d.id = h.id
      WHERE d.state = 'ready' AND (NOT d.permit OR u.held_reason <> 'destination_gated')
        FOR UPDATE OF d SKIP LOCKED)
   UPDATE holdfast.delivery d SET state = 'held', held_reason = picked.held_reason, permit = false
     FROM picked
    WHERE d.bucket = picked.bucket AND d.id = picked.id AND d.state = 'ready'`,
);
