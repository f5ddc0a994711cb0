import { cold } from "../statement.ts";

// What has had its turn at the gate does not stand behind those that were behind it: its rank became one of now when it was let out.
const FIRST_PLACE = `least(d.rank, (
        SELECT min(w.rank) FROM holdfast.delivery w
         WHERE w.destination_id = d.destination_id AND w.priority = d.priority AND w.held_reason = 'destination_gated'))`;

/**
 * Takes back the permits of what no worker has claimed yet for what is more urgent and waits, the least urgent first: no more
 * than those that go before it. Only who holds the gate's row may run it. Parameters: destination uuid, limit int.
 */
export const yieldPermits = cold(
  "yield_permits",
  `WITH waiting AS MATERIALIZED (
     SELECT l.priority, row_number() OVER (ORDER BY l.priority) AS place
       FROM (SELECT q.priority FROM holdfast.delivery q
              WHERE q.destination_id = $1 AND q.state = 'held' AND q.held_reason = 'destination_gated'
              ORDER BY q.priority, q.rank
              LIMIT $2) l),
   permits AS MATERIALIZED (
     SELECT q.bucket, q.id FROM holdfast.delivery q
      WHERE q.destination_id = $1 AND q.permit AND q.priority > (SELECT min(w.priority) FROM waiting w)),
   given AS MATERIALIZED (
     SELECT l.*, row_number() OVER (ORDER BY l.priority DESC, l.rank DESC) AS place
       FROM (SELECT q.bucket, q.id, q.priority, q.rank FROM permits p
               JOIN holdfast.delivery q ON q.bucket = p.bucket AND q.id = p.id
              WHERE q.permit AND q.state = 'ready'
              ORDER BY q.priority DESC, q.rank DESC
              LIMIT $2 FOR UPDATE OF q SKIP LOCKED) l)
   UPDATE holdfast.delivery d
      SET state = 'held', held_reason = 'destination_gated', permit = false, rank = ${FIRST_PLACE}
     FROM given JOIN waiting USING (place)
    WHERE given.priority > waiting.priority AND d.bucket = given.bucket AND d.id = given.id AND d.state = 'ready'`,
);

/**
 * Takes back the permits of what no worker has claimed yet: it waits at the gate again. Only who holds the gate's row may run it.
 * Parameters: destination uuid, limit int.
 */
export const takePermits = cold(
  "take_permits",
  `WITH given AS MATERIALIZED (
     SELECT q.bucket, q.id FROM holdfast.delivery q
      WHERE q.destination_id = $1 AND q.permit AND q.state = 'ready'
      LIMIT $2 FOR UPDATE SKIP LOCKED)
   UPDATE holdfast.delivery d
      SET state = 'held', held_reason = 'destination_gated', permit = false, rank = ${FIRST_PLACE}
     FROM given
    WHERE d.bucket = given.bucket AND d.id = given.id AND d.state = 'ready'`,
);
