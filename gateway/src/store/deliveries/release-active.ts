import { RELEASED } from "../gates/released.ts";
import { cold } from "../statement.ts";

/**
 * Lets deliveries go that are held for a destination which is active again, also those that a process held because it had
 * not yet heard so. Looked for by the reason alone, so that nothing but the index of those can serve. Parameters: limit int.
 */
export const releaseActive = cold<{ id: string }>(
  "release_active",
  `UPDATE holdfast.delivery d SET ${RELEASED}
    WHERE d.state = 'held' AND (d.bucket, d.id) IN (
      SELECT q.bucket, q.id
        FROM holdfast.destination t
        JOIN holdfast.delivery q ON q.destination_id = t.id
       WHERE t.state = 'active' AND q.held_reason IN ('destination_paused', 'destination_disabled')
       LIMIT $1 FOR UPDATE OF q SKIP LOCKED)
   RETURNING d.id`,
);
