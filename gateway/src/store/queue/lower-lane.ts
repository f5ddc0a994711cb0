import { cold } from "../statement.ts";

/** Puts a lane back to where it really is. Parameters: priority int, lane text, tag float8. */
export const lowerLane = cold(
  "lower_lane",
  "UPDATE holdfast.lane_tag SET tag = $3 WHERE priority = $1 AND lane = $2 AND tag > $3",
);
