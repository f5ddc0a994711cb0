import { timingSafeEqual } from "node:crypto";
import { hashApiKey, isApiKey, newApiKey } from "../../domain/api-key.ts";
import { newUuid } from "../../domain/id.ts";
import type { Role } from "../../domain/role.ts";
import type { Clock } from "../../platform/clock.ts";
import { findApiKey, insertApiKey, noteKeyUses } from "../../store/access/api-keys.ts";
import type { Queryable } from "../../store/statement.ts";

/** Who a request comes from: the tenant that every query is bound to, and what they may do. */
export interface Principal {
  readonly tenant: string;
  readonly role: Role;
  /** For people to read: the key's name, or the person's. */
  readonly name: string;
  /** The API key by which it came, or which opened the session or made the link to it; null for a person. */
  readonly keyId: string | null;
  readonly personId: string | null;
  /** From when on what they have shown counts no more: their session, their key; null for what has no end. */
  readonly expiresAt: Date | null;
  /** Null for a request that carries its key. */
  readonly sessionId: string | null;
}

export interface ApiKeyDeps {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
}

/**
 * Makes and stores an API key.
 *
 * @returns the clear key, which is nowhere kept, and the id by which it can be revoked (a UUID)
 */
export async function createApiKey(
  deps: ApiKeyDeps,
  wanted: { readonly tenant: string; readonly name: string; readonly role?: Role; readonly expiresAt?: Date | null },
): Promise<{ readonly id: string; readonly key: string; readonly prefix: string; readonly createdAt: Date }> {
  const createdAt = deps.clock.now();
  const made = newApiKey(deps.random);
  const id = newUuid(createdAt.getTime(), 0, deps.random(8));
  await deps.db.run(insertApiKey, [
    id,
    wanted.tenant,
    wanted.name,
    made.prefix,
    made.sha256,
    createdAt,
    wanted.expiresAt ?? null,
    wanted.role ?? "admin",
  ]);
  return { id, key: made.key, prefix: made.prefix, createdAt };
}

/**
 * Whose key this is, or null when it is malformed, unknown, expired or revoked. Asked anew for each request, so a
 * revocation counts at once.
 */
export async function findPrincipal(deps: Pick<ApiKeyDeps, "db" | "clock">, key: string): Promise<Principal | null> {
  if (!isApiKey(key)) return null;
  const sha256 = hashApiKey(key);
  const row = (await deps.db.run(findApiKey, [sha256])).rows[0];
  if (row === undefined || !timingSafeEqual(row.sha256, sha256)) return null;
  if (row.revoked_at !== null) return null;
  if (row.expires_at !== null && row.expires_at.getTime() <= deps.clock.now().getTime()) return null;
  const now = deps.clock.now();
  // To the minute: enough to see whether a key is still in use, and not a write for each request.
  if (now.getTime() - (row.last_used_at?.getTime() ?? 0) > 60_000) await deps.db.run(noteKeyUses, [[row.id], [now]]);
  const { tenant, role, name } = row;
  return { tenant, role, name, keyId: row.id, personId: null, expiresAt: row.expires_at, sessionId: null };
}
