import { cold } from "../statement.ts";

/** The lanes that are ahead of the service, those furthest ahead first. Parameters: limit int. */
export const listLaneTags = cold<{ priority: number; lane: string; tag: number }>(
  "list_lane_tags",
  `SELECT t.priority, t.lane, t.tag
     FROM holdfast.lane_tag t LEFT JOIN holdfast.virtual_time v ON v.priority = t.priority
    WHERE t.tag > coalesce(v.v, 0) ORDER BY t.tag - coalesce(v.v, 0) DESC LIMIT $1`,
);
