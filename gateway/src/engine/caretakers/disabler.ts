import type { NoticeKind } from "../../domain/failure-stretch.ts";
import { NOTICE_MS, noticesDue } from "../../domain/failure-stretch.ts";
import type { CatalogIndex } from "../../pipeline/catalog-index.ts";
import type { Log } from "../../platform/log.ts";
import { lockCatalog } from "../../store/catalog/catalog-version.ts";
import { disableDestination } from "../../store/catalog/disable-destination.ts";
import type { Database } from "../../store/database.ts";
import type { FailureRow } from "../../store/gates/failures.ts";
import { giveNotice, keepFailure, listFailures } from "../../store/gates/failures.ts";
import type { Apart } from "./apart.ts";

export interface DisablerDeps {
  readonly db: Database;
  /** The database's time as this process knows it. */
  readonly databaseNow: () => Date;
  readonly catalog: () => CatalogIndex;
  readonly refreshCatalog: () => Promise<unknown>;
  readonly log: Log;
}

/** A destination that has answered 410, and the URL that did: one which has another URL by now is not gone. */
export interface Gone {
  readonly id: string;
  readonly url: string;
}

// A change of the catalog writes whole rows, so whoever changes one beside it takes its lock: the state that it has read would come back.
const DEADLINE_MS = 10_000;

/**
 * Gives notice of destinations that only fail, and disables them after five days; what waits for them is held. One for which that
 * fails holds up no other.
 */
export async function disableFailing(deps: DisablerDeps & { readonly notices: Apart }): Promise<void> {
  const now = deps.databaseNow();
  const since = new Date(now.getTime() - NOTICE_MS).toISOString();
  try {
    for (const row of (await deps.db.run(listFailures, [since])).rows)
      await deps.notices.run(row.destination_id, () => giveAll(deps, row, now));
  } finally {
    deps.notices.report((id) => deps.catalog().findDestination(id)?.name ?? id);
  }
}

async function giveAll(deps: DisablerDeps, row: FailureRow, now: Date): Promise<void> {
  for (const kind of noticesDue({ firstAt: row.first_at, lastAt: row.last_at }, now)) await give(deps, row, kind, now);
}

/**
 * Disables what has answered 410, each once at a time. As many attempts end with that as there were slots, and each of them would
 * take a connection to wait for the catalog's lock with, until none is left to claim by.
 */
export function createGoneDisabler(deps: DisablerDeps): (gone: Gone) => Promise<void> {
  const underWay = new Set<string>();
  return async (gone) => {
    const key = `${gone.id} ${gone.url}`;
    if (underWay.has(key) || deps.catalog().findDestination(gone.id)?.state === "disabled") return;
    underWay.add(key);
    await disableGone(deps, gone).finally(() => underWay.delete(key));
  };
}

/** Disables a destination that has answered 410, with a notice. Failing is logged: the next 410 comes to the same. */
export async function disableGone(deps: Omit<DisablerDeps, "catalog">, { id, url }: Gone): Promise<void> {
  const now = deps.databaseNow();
  const at = now.toISOString();
  const done = await deps.db.transaction(async (tx) => {
    await tx.run(lockCatalog, []);
    if (!(await disableDestination(tx, { id, url }, GONE, now))) return false;
    await tx.run(giveNotice, [id, "disabled", at, at, GONE]);
    return true;
  }, DEADLINE_MS);
  // Or this process would go on sending to it until its next look at the catalog.
  if (done.ok) await deps.refreshCatalog().catch(() => {});
  if (done.ok && done.value) deps.log.warn({ destinationId: id }, "destination disabled: it answered 410 Gone");
  if (!done.ok)
    deps.log.error({ destinationId: id, error: done.message }, "a destination that is gone could not be disabled");
}

const GONE = "answered 410 Gone";

async function give(deps: DisablerDeps, row: FailureRow, kind: NoticeKind, now: Date): Promise<void> {
  const { destination_id: id, first_at: since } = row;
  const detail = tell(kind, row);
  const done = await deps.db.transaction(async (tx) => {
    if (kind === "disabled") await tx.run(lockCatalog, []);
    // It may have succeeded since it was listed, or while the lock was waited for.
    if ((await tx.run(keepFailure, [id, since.toISOString()])).rows.length === 0) return false;
    const given = await tx.run(giveNotice, [id, kind, since.toISOString(), now.toISOString(), detail]);
    if (given.rowCount === 1 && kind === "disabled") await disableDestination(tx, { id, url: null }, detail, now);
    return given.rowCount === 1;
  }, DEADLINE_MS);
  if (!done.ok) throw Object.assign(new Error(done.message), { code: done.code });
  if (!done.value) return;
  const destination = deps.catalog().findDestination(id)?.name ?? id;
  deps.log[kind === "disabled" ? "error" : "warn"]({ destination, notice: kind, since: since.toISOString() }, detail);
  if (kind === "disabled") await deps.refreshCatalog();
}

function tell(kind: NoticeKind, { first_at, failures }: FailureRow): string {
  const since = first_at.toISOString().slice(0, 16).replace("T", " ");
  const fact = `every attempt has failed since ${since} UTC (${failures} so far)`;
  switch (kind) {
    case "failing_1_day":
    case "failing_3_days":
      // Only if it does: a few failures with silence after them disable nothing.
      return `${fact}; if that goes on, the destination is disabled after 5 days and its deliveries are held`;
    case "disabled":
      return `${fact}; mend it and set it active again, and what is held is delivered`;
  }
}
