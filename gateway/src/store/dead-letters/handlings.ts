import { cold } from "../statement.ts";

export interface HandlingRow {
  readonly id: string;
  readonly kind: "retry" | "dismiss";
  readonly reason: string | null;
  readonly filter: Record<string, unknown>;
  readonly deliveries: number;
  readonly handled_at: Date;
  readonly handled_by: string;
  readonly undone_at: Date | null;
  readonly undone_by: string | null;
}

/** Writes down what was done. Parameters: id, tenant, kind, reason or null, filter json, how many, when, by whom. */
export const insertHandling = cold(
  "insert_handling",
  `INSERT INTO holdfast.handling (id, tenant, kind, reason, filter, deliveries, handled_at, handled_by)
   VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8)`,
);

/** Parameters: tenant, before id (exclusive), limit. */
export const listHandlings = cold<HandlingRow>(
  "list_handlings",
  `SELECT id, kind, reason, filter, deliveries, handled_at, handled_by, undone_at, undone_by
     FROM holdfast.handling WHERE tenant = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
);

/** Parameters: tenant, ids uuid[]. */
export const findHandlings = cold<HandlingRow>(
  "find_handlings",
  `SELECT id, kind, reason, filter, deliveries, handled_at, handled_by, undone_at, undone_by
     FROM holdfast.handling WHERE tenant = $1 AND id = ANY($2::uuid[])`,
);

/** Parameters: tenant, id, when, by whom. */
export const markUndone = cold(
  "mark_undone",
  "UPDATE holdfast.handling SET undone_at = $3, undone_by = $4 WHERE tenant = $1 AND id = $2 AND undone_at IS NULL",
);

/** Why dead letters were dismissed, when and by whom. Parameters: tenant, buckets int[], ids uuid[]. */
export const listDismissals = cold<{
  id: string;
  dismissed_at: Date;
  handling: string;
  reason: string | null;
  handled_by: string | null;
}>(
  "list_dismissals",
  `SELECT f.id, f.dismissed_at, f.handling, h.reason, h.handled_by
     FROM unnest($2::int[], $3::uuid[]) AS u(bucket, id)
     JOIN holdfast.finished_delivery f ON f.bucket = u.bucket AND f.id = u.id
     LEFT JOIN holdfast.handling h ON h.id = f.handling
    WHERE f.tenant = $1 AND f.dismissed_at IS NOT NULL`,
);
