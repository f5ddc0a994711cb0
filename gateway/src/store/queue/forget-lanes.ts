import { cold } from "../statement.ts";

/** Forgets the lanes that the service has caught up with: they begin anew. */
export const forgetLanes = cold(
  "forget_lanes",
  `DELETE FROM holdfast.lane_tag t USING holdfast.virtual_time v WHERE v.priority = t.priority AND t.tag <= v.v`,
);
