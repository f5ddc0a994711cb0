import { cold, keyOf } from "../statement.ts";
import type { LetOutRow } from "./feed-gated.ts";

/**
 * The next order keys of a destination that have a delivery waiting, from a key on, itself included; the empty text is before all of them.
 * `free` are those that have none whose turn it is. It steps from key to key through the index, so a key with a long line costs no more
 * than one with a short, and stops after so many: with all of them a look would not end in time where there are very many.
 * Parameters: destination uuid, key text, limit int.
 */
export const findFreeKeys = cold<{ order_key: string; free: boolean }>(
  "find_free_keys",
  `WITH RECURSIVE k AS (
     (SELECT q.order_key, 1 AS step FROM holdfast.delivery q
       WHERE q.destination_id = $1 AND q.held_reason = 'ordered' AND q.order_key >= $2 ORDER BY q.order_key LIMIT 1)
     UNION ALL
     SELECT (SELECT q.order_key FROM holdfast.delivery q
              WHERE q.destination_id = $1 AND q.held_reason = 'ordered' AND q.order_key > k.order_key
              ORDER BY q.order_key LIMIT 1), k.step + 1
       FROM k WHERE k.order_key IS NOT NULL AND k.step < $3)
   SELECT k.order_key, NOT EXISTS (
            SELECT FROM holdfast.delivery o
             WHERE o.destination_id = $1 AND o.order_key = k.order_key AND o.held_reason IS DISTINCT FROM 'ordered') AS free
     FROM k WHERE k.order_key IS NOT NULL
    ORDER BY k.step`,
);

/**
 * The oldest delivery of each key, unless one of the key has its turn already: that one is ready, leased, waits for a retry or for
 * anything else than its turn. Only who holds the gate's row may run it, so no two can give at once.
 * Parameters: destination uuid, order keys text[].
 */
export const findHeads = cold<LetOutRow>(
  "find_heads",
  `SELECT h.bucket, h.id, h.priority, h.lane, h.rank
     FROM unnest($2::text[]) AS k(order_key)
     CROSS JOIN LATERAL (
       SELECT q.bucket, q.id, q.priority, q.lane, q.rank FROM holdfast.delivery q
        WHERE q.destination_id = $1 AND q.order_key = k.order_key AND q.state = 'held' AND q.held_reason = 'ordered'
        ORDER BY q.order_at, q.id LIMIT 1) h
    WHERE NOT EXISTS (
      SELECT FROM holdfast.delivery o
       WHERE o.destination_id = $1 AND o.order_key = k.order_key AND o.held_reason IS DISTINCT FROM 'ordered')
    ORDER BY h.priority, h.rank`,
);

/**
 * Gives deliveries their turn, as long as they still wait for it. A bare test of the state would let the planner go through all
 * that is held.
 * Parameters: buckets int[], ids uuid[], ranks float8[], whether they wait at the gate next (held) or are ready.
 */
export const giveTurns = cold(
  "give_turns",
  `UPDATE holdfast.delivery d
      SET state = CASE WHEN $4::boolean THEN 'held' ELSE 'ready' END,
          held_reason = CASE WHEN $4::boolean THEN 'destination_gated' END,
          ready_at = now(), rank = u.rank
     FROM unnest($1::int[], $2::uuid[], $3::float8[]) AS u(bucket, id, rank)
    WHERE d.bucket = ${keyOf("u.bucket")} AND d.id = u.id
      AND CASE WHEN d.held_reason = 'ordered' THEN d.state = 'held' END`,
);
