import type { Throttle } from "../domain/throttle.ts";
import type { Clock } from "../platform/clock.ts";
import { bumpCatalogVersion, lockCatalog } from "../store/catalog/catalog-version.ts";
import type { Database, Transaction } from "../store/database.ts";
import { deleteEndedThrottles, deleteThrottle, saveThrottle } from "../store/throttles/save-throttle.ts";

/** What became of a change: whether anything is different now, or why it is not known. */
export type ThrottleChange =
  | { readonly ok: true; readonly isChanged: boolean }
  | { readonly ok: false; readonly cause: "database"; readonly unknown: boolean; readonly message: string };

export interface ThrottleDeps {
  readonly db: Database;
  readonly clock: Clock;
}

const DEADLINE_MS = 8_000;

/** Sets a throttle in place of the one that its target had. Every process follows it within half a second. */
export function setThrottle(deps: ThrottleDeps, throttle: Throttle): Promise<ThrottleChange> {
  const { tenant, scope, target, action, admitPercent, reason, setAt, until } = throttle;
  return change(deps, tenant, async (tx) => {
    await tx.run(saveThrottle, [tenant, scope, target, action, admitPercent, reason, setAt, until]);
    return true;
  });
}

/** Ends a throttle before its time. */
export function clearThrottle(
  deps: ThrottleDeps,
  { tenant, scope, target }: Pick<Throttle, "tenant" | "scope" | "target">,
): Promise<ThrottleChange> {
  return change(
    deps,
    tenant,
    async (tx) => ((await tx.run(deleteThrottle, [tenant, scope, target])).rowCount ?? 0) > 0,
  );
}

async function change(
  { db }: ThrottleDeps,
  tenant: string,
  write: (tx: Transaction) => Promise<boolean>,
): Promise<ThrottleChange> {
  const done = await db.transaction(async (tx) => {
    await tx.run(lockCatalog, []);
    await tx.run(deleteEndedThrottles, [tenant]);
    const isChanged = await write(tx);
    if (isChanged) await tx.run(bumpCatalogVersion, []);
    return isChanged;
  }, DEADLINE_MS);
  if (done.ok) return { ok: true, isChanged: done.value };
  return { ok: false, cause: "database", unknown: done.unknown, message: done.message };
}
