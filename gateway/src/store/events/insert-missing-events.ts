import { hot } from "../statement.ts";
import { NEW_EVENTS } from "./insert-events.ts";

/**
 * Records events that may be there already, with the parameters of `insertEvents`. Returns the ids that were not there before:
 * only for those may deliveries be inserted, or a repeat after an unknown outcome would revive finished ones.
 */
export const insertMissingEvents = hot<{ id: string }>(
  "insert_missing_events",
  `${NEW_EVENTS} ON CONFLICT DO NOTHING RETURNING id`,
);
