import { cold } from "../statement.ts";

/** Tells the others how far the service has got; it only moves forward. Parameters: priorities int[], v float8[]. */
export const raiseVirtualTime = cold(
  "raise_virtual_time",
  `INSERT INTO holdfast.virtual_time AS t (priority, v)
   SELECT u.priority, u.v FROM unnest($1::int[], $2::float8[]) AS u(priority, v) ORDER BY u.priority
   ON CONFLICT (priority) DO UPDATE SET v = excluded.v WHERE t.v < excluded.v`,
);
