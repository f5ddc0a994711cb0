import type { LoopCause, LoopKind } from "../../domain/retry-loop.ts";
import { cold } from "../statement.ts";

export interface RetryLoopRow {
  readonly source_id: string;
  readonly kind: LoopKind;
  readonly fingerprint: string;
  readonly cause: LoopCause;
  readonly reason: string | null;
  readonly count: number;
  readonly first_at: Date;
  readonly last_at: Date;
}

/**
 * A page of a tenant's loops, the one that came last first. Parameters: tenant, source uuid or null, then of the last one
 * seen (or null) its last moment, its source and its fingerprint, and the limit.
 */
export const listLoops = cold<RetryLoopRow>(
  "list_loops",
  `SELECT source_id, kind, fingerprint, cause, reason, count, first_at, last_at
     FROM holdfast.retry_loop
    WHERE tenant = $1
      AND ($2::uuid IS NULL OR source_id = $2)
      AND ($3::timestamptz IS NULL OR (last_at, source_id, fingerprint) < ($3, $4::uuid, $5::text))
    ORDER BY last_at DESC, source_id DESC, fingerprint DESC
    LIMIT $6`,
);
