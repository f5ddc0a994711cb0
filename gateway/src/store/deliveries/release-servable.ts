import { UNORDERED_RELEASED } from "../gates/released.ts";
import { cold } from "../statement.ts";

/**
 * Lets deliveries go that were held because some process could not serve their destination, and this one can. One that
 * keeps an order has its turn already. What waits at a gate, and may be long, is not in the index.
 * Parameters: destinations uuid[], held reasons text[] (one for each destination), limit int.
 */
export const releaseServable = cold(
  "release_servable",
  `UPDATE holdfast.delivery d SET ${UNORDERED_RELEASED}
    WHERE d.state = 'held' AND (d.bucket, d.id) IN (
      SELECT q.bucket, q.id
        FROM unnest($1::uuid[], $2::text[]) AS u(destination_id, held_reason)
        JOIN holdfast.delivery q ON q.destination_id = u.destination_id AND q.held_reason = u.held_reason
       WHERE q.held_reason NOT IN ('destination_gated', 'ordered')
       LIMIT $3 FOR UPDATE OF q SKIP LOCKED)`,
);
