import { createHash } from "node:crypto";

/** What somebody did, as it is kept: nothing in it is a secret. */
export interface AuditEntry {
  readonly tenant: string;
  readonly at: Date;
  /** The name that the key or person had then. */
  readonly actor: string;
  /** The public id of the key or person; null for whoever came by a one-time link before links had an owner. */
  readonly actorId: string | null;
  /** The operation: `PATCH /destinations/{id}`. */
  readonly action: string;
  /** What it was done to: a public id or a name. */
  readonly target: string | null;
  /** JSON text. */
  readonly detail: string;
}

/** An entry's place in its tenant's chain. */
export interface AuditLink {
  /** From 1, without a gap. */
  readonly n: number;
  readonly previousHash: Buffer;
}

/** What the first entry of a chain follows. */
export const AUDIT_START: Buffer = Buffer.alloc(32);

/**
 * The hash of an entry at its place: SHA-256 over all that is kept of it and over the hash before it, as a JSON list, so
 * that no two different entries give the same text.
 *
 * @param at as `2026-11-21T18:00:00.123000Z`: with the database's microseconds, so that none of them can be changed unseen
 */
export function hashAudit(entry: Omit<AuditEntry, "at"> & { readonly at: string }, link: AuditLink): Buffer {
  const { tenant, at, actor, actorId, action, target, detail } = entry;
  const parts = [link.previousHash.toString("hex"), tenant, link.n, at, actor, actorId, action, target, detail];
  return createHash("sha256")
    .update(JSON.stringify(["holdfast audit 1", ...parts]))
    .digest();
}

/** A time with microseconds, as the database writes it. */
export function toAuditTime(at: Date): string {
  return at.toISOString().replace("Z", "000Z");
}

/** An entry as it was read back. */
export interface KeptAudit extends Omit<AuditEntry, "at">, AuditLink {
  readonly at: string;
  readonly hash: Buffer;
}

/** The first row that breaks a chain, and how. */
export interface AuditBreak {
  readonly n: number;
  /** `missing`: a row before it is gone. `altered`: it is not what was written. `unlinked`: it does not follow the row before. */
  readonly problem: "missing" | "altered" | "unlinked";
}

/**
 * Follows a chain on from `last`, and tells the first row that breaks it.
 *
 * @param last the last row that was found whole; `{ n: 0, hash: AUDIT_START }` at the start
 * @param rows what follows, in order
 */
export function followChain(
  last: { readonly n: number; readonly hash: Buffer },
  rows: readonly KeptAudit[],
): { readonly last: { readonly n: number; readonly hash: Buffer }; readonly broken: AuditBreak | null } {
  let { n, hash } = last;
  for (const row of rows) {
    if (row.n !== n + 1) return { last: { n, hash }, broken: { n: n + 1, problem: "missing" } };
    if (!hashAudit(row, row).equals(row.hash)) return { last: { n, hash }, broken: { n: row.n, problem: "altered" } };
    if (!row.previousHash.equals(hash)) return { last: { n, hash }, broken: { n: row.n, problem: "unlinked" } };
    ({ n, hash } = row);
  }
  return { last: { n, hash }, broken: null };
}
