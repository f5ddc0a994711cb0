import { cold } from "../statement.ts";

/**
 * Moves lanes by what this process added to them since it last looked, on top of what others added meanwhile. The rows are
 * taken in the order of the arrays: sorted, so that two processes cannot wait for each other.
 * Parameters: priorities int[], lanes text[], bases float8[], added float8[], tags float8[].
 */
export const moveLanes = cold<{ priority: number; lane: string; tag: number }>(
  "move_lanes",
  `WITH moved AS (
     SELECT * FROM unnest($1::int[], $2::text[], $3::float8[], $4::float8[], $5::float8[]) AS u(priority, lane, base, added, tag))
   , known AS MATERIALIZED (
     SELECT t.priority, t.lane, t.tag FROM holdfast.lane_tag t JOIN moved m ON m.priority = t.priority AND m.lane = t.lane
      ORDER BY t.priority, t.lane FOR UPDATE OF t)
   INSERT INTO holdfast.lane_tag AS t (priority, lane, tag)
   SELECT m.priority, m.lane, greatest(greatest(k.tag, m.base) + m.added, m.tag)
     FROM moved m LEFT JOIN known k ON k.priority = m.priority AND k.lane = m.lane
    ORDER BY m.priority, m.lane
   ON CONFLICT (priority, lane) DO UPDATE SET tag = greatest(t.tag, excluded.tag)
   RETURNING t.priority, t.lane, t.tag`,
);
