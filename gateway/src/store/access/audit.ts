import type { AuditEntry } from "../../domain/audit-entry.ts";
import { AUDIT_START, hashAudit, toAuditTime } from "../../domain/audit-entry.ts";
import type { Queryable } from "../statement.ts";
import { cold } from "../statement.ts";

// One entry of a tenant at a time. References to the tenant take a weaker lock and do not wait for it.
const lockTenant = cold("lock_audit_tenant", "SELECT id FROM holdfast.tenant WHERE id = $1 FOR NO KEY UPDATE");

const findLastAudit = cold<{ n: number; hash: Buffer }>(
  "find_last_audit",
  "SELECT n, hash FROM holdfast.audit WHERE tenant = $1 ORDER BY n DESC LIMIT 1",
);

const insertAudit = cold(
  "insert_audit",
  `INSERT INTO holdfast.audit (tenant, n, at, actor, actor_id, action, target, detail, previous_hash, hash)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
);

/**
 * Adds an entry to its tenant's chain. To be called in a transaction: its lock holds to the end, so that nobody else's entry
 * comes between.
 *
 * @returns its place and hash, to be logged: what is written outside the database cannot be altered with it
 */
export async function appendAudit(tx: Queryable, entry: AuditEntry): Promise<{ n: number; hash: string }> {
  await tx.run(lockTenant, [entry.tenant]);
  const last = (await tx.run(findLastAudit, [entry.tenant])).rows[0];
  const n = (last?.n ?? 0) + 1;
  const previousHash = last?.hash ?? AUDIT_START;
  const hash = hashAudit({ ...entry, at: toAuditTime(entry.at) }, { n, previousHash });
  const { tenant, at, actor, actorId, action, target, detail } = entry;
  await tx.run(insertAudit, [tenant, n, at, actor, actorId, action, target, detail, previousHash, hash]);
  return { n, hash: hash.toString("hex") };
}

export interface AuditRow {
  readonly tenant: string;
  readonly n: number;
  /** With microseconds: `2026-11-21T18:00:00.123000Z`. */
  readonly at: string;
  readonly actor: string;
  readonly actor_id: string | null;
  readonly action: string;
  readonly target: string | null;
  readonly detail: string;
  readonly previous_hash: Buffer;
  readonly hash: Buffer;
}

const COLUMNS = `tenant, n, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, actor, actor_id, action,
          target, detail, previous_hash, hash`;

/**
 * Newest first. Parameters: tenant, before n (exclusive), lowest n to look at, actor (name or id) or null, action or null,
 * target or null, from, until, limit.
 */
export const listAudit = cold<AuditRow>(
  "list_audit",
  `SELECT ${COLUMNS} FROM holdfast.audit
    WHERE tenant = $1 AND n < $2 AND n >= $3
      AND ($4::text IS NULL OR actor = $4 OR actor_id = $4)
      AND ($5::text IS NULL OR action = $5)
      AND ($6::text IS NULL OR target = $6)
      AND ($7::timestamptz IS NULL OR at >= $7) AND ($8::timestamptz IS NULL OR at < $8)
    ORDER BY n DESC LIMIT $9`,
);

/** In order, for the verifier. Parameters: tenant, from n (inclusive), limit. */
export const readChain = cold<AuditRow>(
  "read_audit_chain",
  `SELECT ${COLUMNS} FROM holdfast.audit WHERE tenant = $1 AND n >= $2 ORDER BY n LIMIT $3`,
);

/** The newest place of a tenant's chain; 0 when there is none. Parameter: tenant. */
export const findAuditEnd = cold<{ n: number }>(
  "find_audit_end",
  "SELECT coalesce(max(n), 0)::bigint AS n FROM holdfast.audit WHERE tenant = $1",
);
