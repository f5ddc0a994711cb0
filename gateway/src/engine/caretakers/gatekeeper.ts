import type { AttemptCounts, Breaker } from "../../domain/breaker.ts";
import { BREAKER_WINDOW_MS, isFailing, moveBreaker } from "../../domain/breaker.ts";
import type { CatalogIndex } from "../../pipeline/catalog-index.ts";
import { toBreaker } from "../../pipeline/feed.ts";
import type { Log } from "../../platform/log.ts";
import { bumpCatalogVersion } from "../../store/catalog/catalog-version.ts";
import type { Database } from "../../store/database.ts";
import { readHealth, sumJudgedHealth } from "../../store/gates/health.ts";
import { readQueueAtGate } from "../../store/gates/list-gates.ts";
import type { GateRow } from "../../store/gates/lock-gate.ts";
import { ensureGate, lockGate } from "../../store/gates/lock-gate.ts";
import { listRestless, saveBreaker, saveSlow } from "../../store/gates/save-gate.ts";
import { takePermits } from "../../store/gates/take-permits.ts";
import type { Queryable } from "../../store/statement.ts";
import type { Apart } from "./apart.ts";

export interface GatekeeperDeps {
  readonly db: Database;
  /** The database's time as this process knows it. */
  readonly databaseNow: () => Date;
  readonly catalog: () => CatalogIndex;
  /** Reads the catalog anew, since a gate has opened or closed. */
  readonly refreshCatalog: () => Promise<unknown>;
  readonly log: Log;
}

/** The largest limit that a destination may declare. */
const PERMITS_MAX = 10_000;
const DEADLINE_MS = 5_000;
const MINUTE_MS = 60_000;
/** A slow destination must have been quick, with nothing waiting, for so long before its gate goes. */
const QUICK_MS = 30_000;
/** The mean time of an attempt up to which a destination is quick; half of what makes an attempt old. */
const QUICK_LATENCY_MS = 500;

/**
 * Judges the destinations whose attempts have just failed, and moves on every gate that is open for a reason that passes.
 * Any process may run it at any time: each move is made under the gate's lock, from what the database holds. A gate that cannot
 * be moved holds up no other.
 *
 * @returns those of the failing ones that could not be judged; when it throws, all of them may be
 */
export async function keepGates(
  deps: GatekeeperDeps & { readonly moves: Apart },
  failing: readonly string[],
): Promise<readonly string[]> {
  const now = deps.databaseNow();
  const unjudged: string[] = [];
  let hasMoved = false;
  const moveApart = async (id: string, recent: AttemptCounts): Promise<boolean> => {
    const moved = await deps.moves.run(id, () => move(deps, id, recent, now));
    hasMoved ||= moved === true;
    return moved !== null;
  };
  try {
    for (const [id, recent] of await findFailing(deps, failing, now))
      if (!(await moveApart(id, recent))) unjudged.push(id);
    for (const { destination_id: id } of (await deps.db.run(listRestless, [])).rows)
      await moveApart(id, { succeeded: 0, failed: 0 });
  } finally {
    deps.moves.report((id) => deps.catalog().findDestination(id)?.name ?? id);
  }
  if (hasMoved) await deps.refreshCatalog();
  return unjudged;
}

async function findFailing(
  deps: GatekeeperDeps,
  ids: readonly string[],
  now: Date,
): Promise<ReadonlyMap<string, AttemptCounts>> {
  if (ids.length === 0) return new Map();
  const since = new Date(now.getTime() - BREAKER_WINDOW_MS).toISOString();
  const { rows } = await deps.db.run(sumJudgedHealth, [[...new Set(ids)], since]);
  return new Map(rows.filter(isFailing).map((row) => [row.destination_id, row]));
}

/** @returns whether the gate came into another state */
async function move(deps: GatekeeperDeps, id: string, recent: AttemptCounts, now: Date): Promise<boolean> {
  const done = await deps.db.transaction(async (tx) => {
    await tx.run(ensureGate, [id, now.toISOString()]);
    const row = (await tx.run(lockGate, [id])).rows[0];
    if (row === undefined) return [];
    const isWaited = (await tx.run(readQueueAtGate, [id])).rows[0]?.waiting === true;
    const news = [
      ...(await moveStoredBreaker(tx, id, row, recent, isWaited, now)),
      ...(await moveSlow(tx, id, row, isWaited, now)),
    ];
    if (news.length > 0) await tx.run(bumpCatalogVersion, []);
    return news;
  }, DEADLINE_MS);
  if (!done.ok) throw Object.assign(new Error(done.message), { code: done.code });
  const destination = deps.catalog().findDestination(id)?.name ?? id;
  for (const text of done.value) deps.log.warn({ destination }, text);
  return done.value.length > 0;
}

async function moveStoredBreaker(
  tx: Queryable,
  id: string,
  row: GateRow,
  recent: AttemptCounts,
  isWaited: boolean,
  now: Date,
): Promise<string[]> {
  const before = toBreaker(row);
  const after = moveBreaker(before, recent, isWaited, now);
  if (after === before) return [];
  const { state, since, concurrency, probeAt, roundSucceeded, roundFailed } = after;
  const times = [since?.toISOString() ?? null, concurrency, probeAt?.toISOString() ?? null];
  await tx.run(saveBreaker, [id, state, ...times, roundSucceeded, roundFailed]);
  // Nothing else keeps them in: a permit lets its delivery through the gate, whatever has become of that.
  if (state === "open" && before.state !== "open") await tx.run(takePermits, [id, PERMITS_MAX]);
  return state === before.state ? [] : [tellBreaker(before, after)];
}

function tellBreaker(before: Breaker, after: Breaker): string {
  switch (after.state) {
    case "open":
      return before.state === "closed"
        ? "breaker opened: most attempts of the last minutes failed; one probe goes out every 30 s"
        : "breaker opened again: the attempts after its probe failed";
    case "recovering":
      return "breaker: a probe succeeded; more go out round by round";
    case "closed":
      return "breaker closed";
  }
}

async function moveSlow(tx: Queryable, id: string, row: GateRow, isWaited: boolean, now: Date): Promise<string[]> {
  if (row.slow_concurrency === null) return [];
  const isQuick = !isWaited && (await isQuickNow(tx, id, now));
  const since = isQuick ? (row.quick_since ?? now) : null;
  const isOver = since !== null && now.getTime() - since.getTime() >= QUICK_MS;
  if (isOver) {
    await tx.run(saveSlow, [id, null, null]);
    return ["destination is quick again: its share of the slots is lifted"];
  }
  if (since?.getTime() !== row.quick_since?.getTime())
    await tx.run(saveSlow, [id, row.slow_concurrency, since?.toISOString() ?? null]);
  return [];
}

async function isQuickNow(tx: Queryable, id: string, now: Date): Promise<boolean> {
  const minute = Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS;
  const times = [new Date(minute - MINUTE_MS).toISOString(), new Date(minute).toISOString()];
  const { rows } = await tx.run(readHealth, [id, ...times]);
  const row = rows.find(({ recent }) => recent);
  const attempts = (row?.succeeded ?? 0) + (row?.failed ?? 0);
  return attempts === 0 || (row?.latency_ms_sum ?? 0) / attempts < QUICK_LATENCY_MS;
}

/**
 * Gives a destination that was found slow a gate with a share of the slots. One that has a gate with no larger share keeps it.
 *
 * @returns whether it was given this share
 */
export async function gateSlow(deps: GatekeeperDeps, destinationId: string, share: number): Promise<boolean> {
  const done = await deps.db.transaction(async (tx) => {
    await tx.run(ensureGate, [destinationId, deps.databaseNow().toISOString()]);
    const row = (await tx.run(lockGate, [destinationId])).rows[0];
    if (row === undefined || (row.slow_concurrency !== null && row.slow_concurrency <= share)) return false;
    await tx.run(saveSlow, [destinationId, share, null]);
    // Permits of a wider limit would let in what the share is to keep out.
    await tx.run(takePermits, [destinationId, PERMITS_MAX]);
    await tx.run(bumpCatalogVersion, []);
    return true;
  }, DEADLINE_MS);
  if (!done.ok) throw new Error(done.message);
  if (done.value) {
    const destination = deps.catalog().findDestination(destinationId)?.name ?? destinationId;
    deps.log.warn(
      { destination, share },
      "destination is slow: it is given a share of the slots until it is quick again",
    );
  }
  await deps.refreshCatalog();
  return done.value;
}
