import { cold } from "../statement.ts";

/**
 * Adds to the faults of routes' filters. Sorted, so that processes which count the same routes cannot deadlock.
 * Parameters: routes uuid[], faults int[], last faults text[], first times timestamptz[], last times timestamptz[].
 */
export const addRouteFaults = cold(
  "add_route_faults",
  `INSERT INTO holdfast.route_fault AS k (route_id, faults, last_fault, first_at, last_at)
   SELECT r.id, u.faults, u.last_fault, u.first_at, u.last_at
     FROM unnest($1::uuid[], $2::int[], $3::text[], $4::timestamptz[], $5::timestamptz[])
          AS u(route_id, faults, last_fault, first_at, last_at)
     JOIN holdfast.route r ON r.id = u.route_id
    ORDER BY r.id
   ON CONFLICT (route_id) DO UPDATE
     SET faults = k.faults + excluded.faults, last_fault = excluded.last_fault,
         first_at = least(k.first_at, excluded.first_at), last_at = greatest(k.last_at, excluded.last_at)`,
);

/** The faults of one route's filter. Parameter: route id. */
export const findRouteFaults = cold<{ faults: number; last_fault: string; first_at: Date; last_at: Date }>(
  "find_route_faults",
  "SELECT faults, last_fault, first_at, last_at FROM holdfast.route_fault WHERE route_id = $1",
);
