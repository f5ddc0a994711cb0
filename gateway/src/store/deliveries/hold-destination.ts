import { cold } from "../statement.ts";

/** Holds what waits for a destination that was paused or disabled; leased ones finish. Parameters: destination uuid, reason. */
export const holdDestination = cold(
  "hold_destination",
  `UPDATE holdfast.delivery SET state = 'held', held_reason = $2, due_at = NULL
    WHERE destination_id = $1 AND state IN ('ready', 'scheduled')`,
);
