import type { Catalog, Source } from "../domain/catalog.ts";
import { bindSourceSecret } from "../domain/secret-binding.ts";
import type { SecretChange, SecretMove, VersionUsage } from "../domain/secret-life.ts";
import { bumpCatalogVersion, lockCatalog } from "../store/catalog/catalog-version.ts";
import { readLockedCatalog } from "../store/catalog/load-catalog.ts";
import { findEndedSecret, moveSecretVersions, retireEndedSecrets } from "../store/catalog/move-secrets.ts";
import { saveSecretVersion } from "../store/catalog/save-source.ts";
import { listSecretUsage } from "../store/catalog/secret-usage.ts";
import type { Queryable } from "../store/statement.ts";
import type { CatalogDeps, Changed } from "./change-catalog.ts";

/** A change that was refused or failed. */
export type SecretRefusal = Exclude<Changed, { ok: true }>;

/** What shall become of one source's versions, and the value of the one that is new. */
export type SecretsPlanned =
  | (Extract<SecretChange, { ok: true }> & { readonly source: Source; readonly newValue: string | null })
  | SecretRefusal;

export type SecretsChanged =
  | { readonly ok: true; readonly source: Source; readonly moves: readonly SecretMove[] }
  | SecretRefusal;

const DEADLINE_MS = 10_000;

/**
 * Changes the versions of one source's secrets in one transaction, alone like every change of the catalog. Values that are
 * stored stay sealed as they are, so a version whose key is not loaded can be moved too.
 */
export async function changeSecrets(
  deps: CatalogDeps,
  plan: (catalog: Catalog, usageOf: (source: Source) => Promise<readonly VersionUsage[]>) => Promise<SecretsPlanned>,
): Promise<SecretsChanged> {
  const done = await deps.db.transaction(async (tx): Promise<SecretsChanged> => {
    await tx.run(lockCatalog, []);
    const catalog = await readLockedCatalog(tx, deps.box);
    const stale = deps.watch?.before(catalog) ?? null;
    if (stale !== null) return { ok: false, cause: "stale", message: stale };
    const planned = await plan(catalog, (source) => readUsage(tx, source.id));
    if (!planned.ok) return planned;
    const { source, moves, newValue } = planned;
    const now = deps.clock.now();
    await move(tx, source, moves, now);
    for (const { version, from, state, position } of moves) {
      if (from !== null || newValue === null) continue;
      const sealed = deps.box.seal(Buffer.from(newValue, "utf8"), bindSourceSecret(source.tenant, source.id, version));
      await tx.run(saveSecretVersion, [source.id, version, source.tenant, position, state, sealed, null, now]);
    }
    await tx.run(bumpCatalogVersion, []);
    return { ok: true, source, moves };
  }, DEADLINE_MS);
  if (done.ok) return done.value;
  return { ok: false, cause: "database", unknown: done.unknown, message: done.message };
}

async function readUsage(tx: Queryable, sourceId: string): Promise<VersionUsage[]> {
  const { rows } = await tx.run(listSecretUsage, [sourceId]);
  return rows.map(({ version, last_used_at }) => ({ version, lastUsedAt: last_used_at }));
}

async function move(tx: Queryable, source: Source, moves: readonly SecretMove[], now: Date): Promise<void> {
  const known = moves.filter(({ from }) => from !== null);
  const moved = await tx.run(moveSecretVersions, [
    source.id,
    source.tenant,
    known.map(({ version }) => version),
    known.map(({ from }) => from),
    known.map(({ state }) => state),
    known.map(({ notAfter }) => notAfter?.toISOString() ?? null),
    known.map(({ position }) => position),
    now.toISOString(),
  ]);
  // The plan was made under the lock: a version that is in another state by now is a bug, and must not commit.
  if (moved.rowCount !== known.length) throw new Error("a secret version that was planned was not moved");
}

/**
 * Retires what has reached its end. Nothing verifies with it since that moment; here its state follows.
 *
 * @returns how many
 */
export async function retireEnded(deps: Pick<CatalogDeps, "db" | "clock">): Promise<number> {
  const now = deps.clock.now().toISOString();
  // Asked first without the lock: nearly always there is none.
  if ((await deps.db.run(findEndedSecret, [now])).rows.length === 0) return 0;
  const done = await deps.db.transaction(async (tx) => {
    await tx.run(lockCatalog, []);
    const retired = (await tx.run(retireEndedSecrets, [now])).rowCount ?? 0;
    if (retired > 0) await tx.run(bumpCatalogVersion, []);
    return retired;
  }, DEADLINE_MS);
  if (!done.ok) throw new Error(done.message);
  return done.value;
}
