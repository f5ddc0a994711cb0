import { cold } from "../statement.ts";

/**
 * Forgets loops that came last before a moment, and of each source all but the newest: whoever can make a source refuse can
 * make loops, and must not fill the disk. In pieces, for there may be more than one statement's time is enough for.
 * Parameters: moment, how many a source keeps, how many are forgotten at most.
 */
export const pruneLoops = cold(
  "prune_loops",
  `DELETE FROM holdfast.retry_loop l
    USING (SELECT o.*
             FROM holdfast.source s
            CROSS JOIN LATERAL (
                    (SELECT r.source_id, r.kind, r.fingerprint
                       FROM holdfast.retry_loop r
                      WHERE r.source_id = s.id AND r.last_at < $1
                      LIMIT $3)
                    UNION
                    (SELECT r.source_id, r.kind, r.fingerprint
                       FROM holdfast.retry_loop r
                      WHERE r.source_id = s.id
                      ORDER BY r.last_at DESC, r.kind, r.fingerprint
                     OFFSET $2 LIMIT $3)) o
            LIMIT $3) surplus
    WHERE l.source_id = surplus.source_id AND l.kind = surplus.kind AND l.fingerprint = surplus.fingerprint`,
);
