import { cold } from "../statement.ts";

/**
 * Takes an Idempotency-Key for a request; of two who try at once, one gets a row. One whose day is over is taken anew.
 * Parameters: tenant, principal, key, request hash, now, expires.
 */
export const takeIdempotencyKey = cold<{ created_at: Date }>(
  "take_idempotency_key",
  `INSERT INTO holdfast.kept_answer AS k (tenant, principal, idempotency_key, request_hash, created_at, expires_at)
   VALUES ($1, $2, $3, $4, $5, $6)
   ON CONFLICT (tenant, principal, idempotency_key) DO UPDATE
     SET request_hash = EXCLUDED.request_hash, status = NULL, sealed = NULL, created_at = $5, expires_at = $6
     WHERE k.expires_at <= $5
   RETURNING created_at`,
);

export interface KeptAnswerRow {
  readonly request_hash: Buffer;
  /** Both null while the request is under way. */
  readonly status: number | null;
  readonly sealed: Buffer | null;
}

/** Parameters: tenant, principal, key. */
export const findKeptAnswer = cold<KeptAnswerRow>(
  "find_kept_answer",
  `SELECT request_hash, status, sealed FROM holdfast.kept_answer
    WHERE tenant = $1 AND principal = $2 AND idempotency_key = $3`,
);

/** Parameters: tenant, principal, key, status, sealed. */
export const keepAnswer = cold(
  "keep_answer",
  `UPDATE holdfast.kept_answer SET status = $4, sealed = $5
    WHERE tenant = $1 AND principal = $2 AND idempotency_key = $3 AND status IS NULL`,
);

/** For a request that changed nothing: its key may be used again. Parameters: tenant, principal, key. */
export const releaseIdempotencyKey = cold(
  "release_idempotency_key",
  `DELETE FROM holdfast.kept_answer WHERE tenant = $1 AND principal = $2 AND idempotency_key = $3 AND status IS NULL`,
);

/** Forgets answers whose day is over. Parameter: now. */
export const deleteOldAnswers = cold("delete_old_answers", "DELETE FROM holdfast.kept_answer WHERE expires_at <= $1");
