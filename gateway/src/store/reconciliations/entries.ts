import type { EntryState, RecoveredBy } from "../../domain/reconciliation.ts";
import { cold } from "../statement.ts";
import { tellsUnexplained } from "./runs.ts";

/** One entry of a run as it is stored, without its bytes. */
export interface EntryRow {
  readonly [column: string]: unknown;
  readonly run_id: string;
  readonly k: string;
  readonly bucket: number;
  readonly event_key: string;
  readonly provider_event_id: string;
  readonly reference: string | null;
  readonly event_type: string | null;
  readonly occurred_at: Date | null;
  readonly provider_outcome: "delivered" | "failed" | null;
  readonly state: EntryState;
  readonly recovered_by: RecoveredBy | null;
  readonly event_id: string | null;
  readonly due_at: Date;
  readonly asks: number;
  readonly detail: string | null;
}

const COLUMNS = `n.run_id, n.k, n.bucket, n.event_key, n.provider_event_id, n.reference, n.event_type, n.occurred_at, n.provider_outcome,
          n.state, n.recovered_by, n.event_id, n.due_at, n.asks, n.detail`;

/**
 * Adds entries to a run. One that is there already (pages overlap, and redeliveries repeat an id) keeps its state; that one of its
 * attempts was delivered is remembered, and so are the bytes of what an earlier run left without any. No key comes twice in one call.
 * Parameters: run id, keys uuid[], buckets int[], event keys text[], provider ids text[], references text[], types text[],
 * occurred timestamptz[], provider outcomes text[], states text[], event ids uuid[], headers bytea[], bodies bytea[], missing since
 * timestamptz[] (null where nobody can know), details text[], since when they are due.
 */
export const addEntries = cold(
  "add_reconciliation_entries",
  `INSERT INTO holdfast.reconciliation_entry AS n (
     run_id, k, bucket, event_key, provider_event_id, reference, event_type, occurred_at, provider_outcome, state, event_id,
     headers, body, missing_since, detail, due_at)
   SELECT $1::uuid, u.k, u.bucket, u.event_key, u.provider_event_id, u.reference, u.event_type, u.occurred_at, u.provider_outcome,
          u.state, u.event_id, u.headers, u.body, u.missing_since, u.detail, $16::timestamptz
     FROM unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::text[],
                 $10::text[], $11::uuid[], $12::bytea[], $13::bytea[], $14::timestamptz[], $15::text[])
          AS u(k, bucket, event_key, provider_event_id, reference, event_type, occurred_at, provider_outcome, state, event_id,
               headers, body, missing_since, detail)
    ORDER BY u.k
   ON CONFLICT (run_id, k) DO UPDATE
     SET provider_outcome = CASE WHEN 'delivered' IN (n.provider_outcome, excluded.provider_outcome) THEN 'delivered'
                                 ELSE coalesce(n.provider_outcome, excluded.provider_outcome) END,
         reference = coalesce(n.reference, excluded.reference),
         headers = CASE WHEN n.state = 'missing' AND n.body IS NULL THEN coalesce(excluded.headers, n.headers) ELSE n.headers END,
         body = CASE WHEN n.state = 'missing' AND n.body IS NULL THEN excluded.body ELSE n.body END`,
);

/**
 * What earlier runs could not explain is looked at again, unless it may have been recorded since, and forgotten: what a run knew to
 * be missing has its key in the ledger if it has come, as long as keys go back to that run. Nor is what is missing for longer than the
 * provider tells of it: nothing would end it. Parameters: run id, reconciliation id, now, since when all keys are known (null: always),
 * what is missing since before is left.
 */
export const carryUnexplained = cold(
  "carry_unexplained",
  `INSERT INTO holdfast.reconciliation_entry (
     run_id, k, bucket, event_key, provider_event_id, reference, event_type, occurred_at, provider_outcome, state, headers, body, missing_since, due_at)
   SELECT $1::uuid, o.k, o.bucket, o.event_key, o.provider_event_id, o.reference, o.event_type, o.occurred_at, o.provider_outcome,
          'missing', o.headers, o.body, least(o.missing_since, r.started_at), $3::timestamptz
     FROM holdfast.reconciliation_run r
     JOIN holdfast.reconciliation_entry o ON o.run_id = r.id
    WHERE ${tellsUnexplained("$2::uuid")}
      AND o.state = 'unexplained' AND o.missing_since >= $5 AND ($4::timestamptz IS NULL OR r.started_at >= $4)
    ORDER BY r.id DESC
   ON CONFLICT DO NOTHING`,
);

/**
 * What may have been processed a run of a window of its own goes on telling where it has not seen it: nobody looks for it again, and a
 * window elsewhere says nothing of it. Asked before it has completed, like what follows. Parameters: run id, reconciliation id.
 */
export const carryForgotten = cold(
  "carry_forgotten",
  `INSERT INTO holdfast.reconciliation_entry (
     run_id, k, bucket, event_key, provider_event_id, reference, event_type, occurred_at, provider_outcome, state, missing_since, detail, due_at)
   SELECT $1::uuid, o.k, o.bucket, o.event_key, o.provider_event_id, o.reference, o.event_type, o.occurred_at, o.provider_outcome,
          o.state, o.missing_since, o.detail, o.due_at
     FROM holdfast.reconciliation_run r
     JOIN holdfast.reconciliation_entry o ON o.run_id = r.id
    WHERE ${tellsUnexplained("$2::uuid")} AND o.state = 'unexplained' AND o.missing_since IS NULL
    ORDER BY r.id DESC
   ON CONFLICT DO NOTHING`,
);

/**
 * How many events a run did not look at again that were unexplained and known to be missing when it began. Asked before it has
 * completed: then it tells by itself what is unexplained. Parameters: run id, reconciliation id.
 */
export const countLeft = cold<{ count: number }>(
  "count_left_unexplained",
  `SELECT count(DISTINCT o.k)::int AS count
     FROM holdfast.reconciliation_run r
     JOIN holdfast.reconciliation_entry o ON o.run_id = r.id
    WHERE ${tellsUnexplained("$2::uuid")}
      AND o.state = 'unexplained' AND o.missing_since IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM holdfast.reconciliation_entry n WHERE n.run_id = $1 AND n.k = o.k)`,
);

/** Missing entries whose time has come, each with whether its body is kept. Parameters: run id, now, limit. */
export const listDueEntries = cold<EntryRow & { readonly has_body: boolean }>(
  "list_due_entries",
  `SELECT ${COLUMNS}, n.body IS NOT NULL AS has_body FROM holdfast.reconciliation_entry n
    WHERE n.run_id = $1 AND n.state IN ('missing', 'asked') AND n.due_at <= $2
    ORDER BY n.due_at, n.k LIMIT $3`,
);

/** When the next missing entry is due; no row when none is left. Parameter: run id. */
export const findNextDueEntry = cold<{ due_at: Date }>(
  "find_next_due_entry",
  `SELECT due_at FROM holdfast.reconciliation_entry
    WHERE run_id = $1 AND state IN ('missing', 'asked') ORDER BY due_at LIMIT 1`,
);

/** The bytes that came with the listing. Parameters: run id, key. */
export const findEntryBytes = cold<{ headers: Buffer | null; body: Buffer | null }>(
  "find_entry_bytes",
  "SELECT headers, body FROM holdfast.reconciliation_entry WHERE run_id = $1 AND k = $2",
);

/**
 * What became of missing entries. Their bytes go once they are recovered. Parameters: run id, keys uuid[], states text[], recovered
 * by text[], event ids uuid[], due timestamptz[], asks int[], details text[].
 */
export const markEntries = cold(
  "mark_reconciliation_entries",
  `UPDATE holdfast.reconciliation_entry n
      SET state = u.state, recovered_by = u.recovered_by, event_id = coalesce(u.event_id, n.event_id), due_at = u.due_at,
          asks = u.asks, detail = u.detail,
          headers = CASE WHEN u.state <> 'recovered' THEN n.headers END, body = CASE WHEN u.state <> 'recovered' THEN n.body END
     FROM unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::timestamptz[], $7::int[], $8::text[])
          AS u(k, state, recovered_by, event_id, due_at, asks, detail)
    WHERE n.run_id = $1 AND n.k = u.k AND n.state IN ('missing', 'asked')`,
);

/** Parameter: run id. */
export const countEntries = cold<{ state: EntryState; count: number }>(
  "count_reconciliation_entries",
  "SELECT state, count(*)::int AS count FROM holdfast.reconciliation_entry WHERE run_id = $1 GROUP BY state",
);

/** What matched needs no row any more once it is counted. Parameter: run id. */
export const dropMatched = cold(
  "drop_matched_entries",
  "DELETE FROM holdfast.reconciliation_entry WHERE run_id = $1 AND state = 'matched'",
);

/** A page of a run's entries by key. Parameters: run id, after key, state or null, limit. */
export const listEntries = cold<EntryRow>(
  "list_reconciliation_entries",
  `SELECT ${COLUMNS} FROM holdfast.reconciliation_entry n
    WHERE n.run_id = $1 AND n.k > $2 AND ($3::text IS NULL OR n.state = $3)
    ORDER BY n.k LIMIT $4`,
);

/**
 * Which of these events have a delivery that ended as a dead letter and that nobody has retried, dismissed, or replayed to its end.
 * Parameters: buckets int[], event ids uuid[].
 */
export const findDeadEvents = cold<{ event_id: string }>(
  "find_dead_events",
  `SELECT DISTINCT f.event_id FROM holdfast.finished_delivery f
     JOIN unnest($1::int[], $2::uuid[]) AS u(bucket, event_id) ON u.bucket = f.bucket AND u.event_id = f.event_id
    WHERE f.state = 'dead' AND f.retried_as IS NULL AND f.dismissed_at IS NULL AND f.trigger <> 'copy'
      AND NOT EXISTS (SELECT 1 FROM holdfast.finished_delivery o
                       WHERE o.bucket = f.bucket AND o.event_id = f.event_id AND o.destination_id = f.destination_id
                         AND o.state = 'processed')`,
);

/**
 * A page of our own events in order of id, each with whether the provider's log held it in this run. The page is cut before it is
 * filtered, so that each step reads a bounded number of rows. Events whose key is made of their content have no id to be found by.
 * Parameters: tenant, after id (exclusive), before id (exclusive), source id, run id, limit.
 */
export const compareOwnEvents = cold<{
  id: string;
  event_key: Buffer;
  provider_event_id: string | null;
  event_type: string | null;
  happened_at: Date;
  is_own: boolean;
  is_listed: boolean;
}>(
  "compare_own_events",
  `SELECT e.id, e.event_key, e.provider_event_id, e.event_type, coalesce(e.occurred_at, e.received_at) AS happened_at,
          e.source_id = $4 AS is_own,
          EXISTS (SELECT 1 FROM holdfast.reconciliation_entry n WHERE n.run_id = $5 AND n.event_id = e.id) AS is_listed
     FROM (SELECT q.id, q.event_key, q.provider_event_id, q.event_type, q.occurred_at, q.received_at, q.source_id
             FROM holdfast.event q
            WHERE q.tenant = $1 AND q.id > $2 AND q.id < $3
            ORDER BY q.id LIMIT $6) e
    ORDER BY e.id`,
);

/**
 * Events of ours that the provider's log does not hold. Parameters: run id, keys uuid[], buckets int[], event keys text[], provider
 * ids text[], types text[], happened timestamptz[], event ids uuid[], now.
 */
export const addUnknown = cold(
  "add_unknown_entries",
  `INSERT INTO holdfast.reconciliation_entry (
     run_id, k, bucket, event_key, provider_event_id, event_type, occurred_at, state, event_id, due_at)
   SELECT $1::uuid, u.k, u.bucket, u.event_key, u.provider_event_id, u.event_type, u.occurred_at, 'unknown_to_provider', u.event_id, $9::timestamptz
     FROM unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::uuid[])
          AS u(k, bucket, event_key, provider_event_id, event_type, occurred_at, event_id)
   ON CONFLICT DO NOTHING`,
);
