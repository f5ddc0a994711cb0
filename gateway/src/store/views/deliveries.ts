import { cold } from "../statement.ts";

/** A delivery, finished or not, with what its event is. */
export interface DeliveryRow {
  readonly id: string;
  readonly event_id: string;
  readonly destination_id: string;
  readonly key: string;
  readonly trigger: string;
  readonly retry_of: string | null;
  readonly retried_as: string | null;
  readonly priority: number;
  readonly state: string;
  readonly attempt: number;
  readonly due_at: Date | null;
  readonly held_reason: string | null;
  readonly reason: string | null;
  readonly finished_at: Date | null;
  readonly source_id: string | null;
  readonly event_type: string | null;
}

const UNFINISHED = `d.id, d.event_id, d.destination_id, d.key, d.trigger, d.retry_of, NULL::uuid AS retried_as, d.priority,
          d.state, d.attempt, d.due_at, d.held_reason, NULL::text AS reason, NULL::timestamptz AS finished_at`;
const FINISHED = `f.id, f.event_id, f.destination_id, f.key, f.trigger, f.retry_of, f.retried_as, f.priority,
          f.state, f.attempt, NULL::timestamptz AS due_at, NULL::text AS held_reason, f.reason, f.finished_at`;

/**
 * What is not finished, in one state, newest first.
 * Parameters: tenant, state, before id (exclusive), destination uuid or null, limit.
 */
export const listUnfinished = cold<DeliveryRow>(
  "list_unfinished",
  `SELECT ${UNFINISHED}, e.source_id, e.event_type
     FROM (SELECT q.* FROM holdfast.delivery q
            WHERE q.tenant = $1 AND q.state = $2 AND q.id < $3 AND ($4::uuid IS NULL OR q.destination_id = $4)
            ORDER BY q.id DESC LIMIT $5) d
     LEFT JOIN holdfast.event e ON e.bucket = d.bucket AND e.id = d.event_id
    ORDER BY d.id DESC`,
);

/** Dead deliveries, retried and dismissed ones too, newest first, by their own index. Parameters: tenant, before id (exclusive), destination uuid or null, limit. */
export const listDead = listDying("list_dead", "q.state = 'dead'");

/** The same of those that nobody has retried or dismissed, by an index of theirs. */
export const listOpen = listDying("list_open", "q.state = 'dead' AND q.retried_as IS NULL AND q.dismissed_at IS NULL");

// The condition stands in the text: as a parameter it would not lead to its index.
function listDying(name: string, which: string) {
  return cold<DeliveryRow>(
    name,
    `SELECT ${FINISHED}, e.source_id, e.event_type
       FROM (SELECT q.* FROM holdfast.finished_delivery q
              WHERE q.tenant = $1 AND ${which} AND q.id < $2 AND ($3::uuid IS NULL OR q.destination_id = $3)
              ORDER BY q.id DESC LIMIT $4) f
       LEFT JOIN holdfast.event e ON e.bucket = f.bucket AND e.id = f.event_id
      ORDER BY f.id DESC`,
  );
}

/**
 * Deliveries of any state, by their events, newest event first: the index on events gives the order, which finished
 * deliveries have no index for, since it would cost on the path of every event.
 * Parameters: tenant, before event id, before delivery id (both exclusive, as a pair), state or null, destination uuid or
 * null, limit, lowest event id.
 */
export const listByEvent = cold<DeliveryRow>(
  "list_deliveries_by_event",
  `SELECT x.*, e.source_id, e.event_type
     FROM holdfast.event e
     CROSS JOIN LATERAL (
       SELECT ${UNFINISHED} FROM holdfast.delivery d WHERE d.bucket = e.bucket AND d.event_id = e.id
       UNION ALL
       SELECT ${FINISHED} FROM holdfast.finished_delivery f WHERE f.bucket = e.bucket AND f.event_id = e.id) x
    WHERE e.tenant = $1 AND e.id <= $2 AND e.id >= $7 AND (e.id, x.id) < ($2::uuid, $3::uuid)
      AND ($4::text IS NULL OR x.state = $4)
      AND ($5::uuid IS NULL OR x.destination_id = $5)
    ORDER BY e.id DESC, x.id DESC
    LIMIT $6`,
);

/** Dead deliveries by their ids, newest first. Parameters: tenant, buckets int[], ids uuid[]. */
export const pickDead = cold<DeliveryRow>(
  "pick_dead",
  `SELECT ${FINISHED}, e.source_id, e.event_type
     FROM unnest($2::int[], $3::uuid[]) AS u(bucket, id)
     JOIN holdfast.finished_delivery f ON f.bucket = u.bucket AND f.id = u.id
     LEFT JOIN holdfast.event e ON e.bucket = f.bucket AND e.id = f.event_id
    WHERE f.tenant = $1 AND f.state = 'dead'
    ORDER BY f.id DESC`,
);

/** Every delivery of these events, oldest first. Parameters: tenant, buckets int[], event ids uuid[], limit. */
export const listOfEvents = cold<DeliveryRow>(
  "list_deliveries_of_events",
  `SELECT x.*, NULL::uuid AS source_id, NULL::text AS event_type
     FROM (
       SELECT ${UNFINISHED} FROM holdfast.delivery d
        WHERE d.tenant = $1
          AND (d.bucket, d.event_id) IN (SELECT u.bucket, u.id FROM unnest($2::int[], $3::uuid[]) AS u(bucket, id))
       UNION ALL
       SELECT ${FINISHED} FROM holdfast.finished_delivery f
        WHERE f.tenant = $1
          AND (f.bucket, f.event_id) IN (SELECT u.bucket, u.id FROM unnest($2::int[], $3::uuid[]) AS u(bucket, id))) x
    ORDER BY x.id
    LIMIT $4`,
);

/** One delivery, wherever it is. Parameters: tenant, bucket, id. */
export const findDelivery = cold<DeliveryRow>(
  "find_delivery",
  `SELECT x.*, e.source_id, e.event_type
     FROM (
       SELECT d.bucket, ${UNFINISHED} FROM holdfast.delivery d WHERE d.tenant = $1 AND d.bucket = $2 AND d.id = $3
       UNION ALL
       SELECT f.bucket, ${FINISHED} FROM holdfast.finished_delivery f WHERE f.tenant = $1 AND f.bucket = $2 AND f.id = $3) x
     LEFT JOIN holdfast.event e ON e.bucket = x.bucket AND e.id = x.event_id`,
);
