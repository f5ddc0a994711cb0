import { cold } from "../statement.ts";

/**
 * Says how one process stands. Parameters: process, level, signal or null, value or null, threshold or null, since, refused
 * jsonb by class.
 */
export const reportSaturation = cold(
  "report_saturation",
  `INSERT INTO holdfast.saturation (process, level, signal, value, threshold, since, seen_at, refused)
   VALUES ($1, $2, $3, $4, $5, $6, now(), $7::jsonb)
   ON CONFLICT (process) DO UPDATE
     SET level = excluded.level, signal = excluded.signal, value = excluded.value, threshold = excluded.threshold,
         since = excluded.since, seen_at = excluded.seen_at, refused = excluded.refused`,
);

/** Forgets a process that ends, and those that were killed an hour ago. Parameter: process. */
export const forgetSaturation = cold(
  "forget_saturation",
  "DELETE FROM holdfast.saturation WHERE process = $1 OR seen_at < now() - interval '1 hour'",
);
