import { cold } from "../statement.ts";

/**
 * Puts a lane back to where it really is, unless another process has moved it on since it was looked at: what has moved it waits
 * there. Gives where it is now.
 * Parameters: priority int, lane text, tag float8, the tag below which it was looked at float8.
 */
export const lowerLane = cold<{ tag: number }>(
  "lower_lane",
  `UPDATE holdfast.lane_tag SET tag = CASE WHEN tag <= $4::float8 THEN least(tag, $3::float8) ELSE tag END
    WHERE priority = $1 AND lane = $2
   RETURNING tag`,
);
