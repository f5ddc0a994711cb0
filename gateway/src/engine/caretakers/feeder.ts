import type { Destination } from "../../domain/catalog.ts";
import { NO_LIMITS, planFeed } from "../../domain/gate.ts";
import type { PresentRanks } from "../../pipeline/feed.ts";
import { feed, toStanding } from "../../pipeline/feed.ts";
import type { CatalogIndex } from "../../pipeline/catalog-index.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { Database } from "../../store/database.ts";
import { findFreeKeys } from "../../store/gates/give-turns.ts";
import type { QueueAtGate } from "../../store/gates/list-gates.ts";
import { listGates } from "../../store/gates/list-gates.ts";
import type { GateRow } from "../../store/gates/lock-gate.ts";
import { startLoop } from "../loop.ts";
import type { Apart } from "./apart.ts";
import { createApart } from "./apart.ts";

export interface FeederDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly catalog: () => CatalogIndex;
  readonly ranks: PresentRanks;
  readonly log: Log;
  /** Something has become ready. */
  readonly onReady: () => void;
}

/** Lets held deliveries out as their destinations' gates have room. */
export interface Feeder {
  /** A permit or an order key of this destination may have become free, or something new waits there. Only a hint. */
  hint(destinationId: string, orderKey: string | null): void;
  /** Looks at every gate now. */
  look(): void;
  stop(): Promise<void>;
}

const POLL_MS = 250;
const BUSY_MS = 20;
const DEADLINE_MS = 5_000;
/** More hints than these are left to the poll. */
const KEYS_MAX = 10_000;
const KEYS_A_ROUND = 500;
/** So many keys are looked at for free ones, and the next ones the next time. */
const KEYS_A_LOOK = 2_000;
const FEEDINGS_AT_ONCE = 3;

/**
 * Starts the feeder of this process. Hints make it quick; correctness rests on the poll, which finds whatever another
 * process, a crash or the passing of time has let become free. A destination at which it fails holds up no other: one round
 * serves everybody's, so it would be all tenants' in every process.
 */
export function startFeeder(deps: FeederDeps): Feeder {
  const state = {
    hinted: new Map<string, Set<string>>(),
    polledAtMs: -Infinity,
    // Where the next look for free keys begins, by destination; at the first one where there is none.
    cursors: new Map<string, string>(),
    timer: null as NodeJS.Timeout | null,
    timerMs: 0,
  };
  const scans = createApart(deps, {
    text: "free order keys could not be looked for; they are looked for again later",
    isCostly: true,
  });
  const feedings = createApart(deps, { text: "a gate could not be fed; it is tried again later", isCostly: false });
  const nameOf = (id: string): string => deps.catalog().findDestination(id)?.name ?? id;
  const loop = startLoop({ name: "feeder", log: deps.log, idleMs: POLL_MS }, async () => {
    const round = state.hinted;
    state.hinted = new Map();
    try {
      if (deps.clock.monotonicMs() - state.polledAtMs >= POLL_MS) {
        for (const [id, keys] of await poll(deps, scans, state.cursors)) add(round, id, keys);
        state.polledAtMs = deps.clock.monotonicMs();
      }
      return await feedAll({ ...deps, feedings }, round, hint, later);
    } catch (error) {
      for (const [id, keys] of round) hint(id, keys);
      throw error;
    } finally {
      scans.report(nameOf);
      feedings.report(nameOf);
    }
  });
  const hint = (destinationId: string, keys: Iterable<string>): void => add(state.hinted, destinationId, keys);
  const later = (waitMs: number, destinationId: string, keys: Iterable<string>): void => {
    hint(destinationId, keys);
    // The soonest of several; what is later than the poll is the poll's.
    const dueMs = deps.clock.monotonicMs() + waitMs;
    if (waitMs >= POLL_MS || (state.timer !== null && state.timerMs <= dueMs)) return;
    if (state.timer !== null) clearTimeout(state.timer);
    state.timer = setTimeout(wakeLater, waitMs);
    state.timerMs = dueMs;
  };
  const wakeLater = (): void => {
    state.timer = null;
    loop.wake();
  };
  return {
    hint: (destinationId, orderKey) => {
      hint(destinationId, orderKey === null ? [] : [orderKey]);
      loop.wake();
    },
    look: () => {
      state.polledAtMs = -Infinity;
      loop.wake();
    },
    stop: async () => {
      await loop.stop();
      if (state.timer !== null) clearTimeout(state.timer);
    },
  };
}

function add(hints: Map<string, Set<string>>, destinationId: string, keys: Iterable<string>): void {
  const known = hints.get(destinationId) ?? new Set();
  for (const key of keys) if (known.size < KEYS_MAX) known.add(key);
  hints.set(destinationId, known);
}

/** @returns whether there is more to do at once */
async function feedAll(
  deps: FeederDeps & { readonly feedings: Apart },
  round: ReadonlyMap<string, ReadonlySet<string>>,
  again: (destinationId: string, keys: Iterable<string>) => void,
  later: (waitMs: number, destinationId: string, keys: Iterable<string>) => void,
): Promise<boolean> {
  const index = deps.catalog();
  const slowGates = countSlow(deps);
  let hasMore = false;
  const feedNext = async ([id, keys]: readonly [string, ReadonlySet<string>]): Promise<void> => {
    const destination = index.findDestination(id);
    if (destination?.state !== "active") return;
    const some = [...keys].slice(0, KEYS_A_ROUND);
    const rest = [...keys].slice(KEYS_A_ROUND);
    const fed = await deps.feedings.run(id, () => feedOne(deps, destination, some, slowGates));
    if (fed === null) {
      again(id, keys);
      return;
    }
    if (fed.kind === "busy") {
      later(BUSY_MS, id, keys);
      return;
    }
    if (fed.count > 0) deps.onReady();
    if (fed.more || rest.length > 0) again(id, rest);
    else if (fed.waitMs !== null) later(fed.waitMs, id, []);
    hasMore ||= fed.more || rest.length > 0;
  };
  // A few at once: thousands of gates must not wait for each other, nor claims for all of them.
  const waiting = [...round];
  for (let first = 0; first < waiting.length; first += FEEDINGS_AT_ONCE)
    await Promise.all(waiting.slice(first, first + FEEDINGS_AT_ONCE).map(feedNext));
  return hasMore;
}

function countSlow(deps: FeederDeps): number {
  return deps.catalog().catalog.destinations.filter(({ gate }) => gate?.slowConcurrency != null).length;
}

async function feedOne(deps: FeederDeps, destination: Destination, keys: readonly string[], slowGates: number) {
  const done = await deps.db.transaction(
    (tx) => feed(tx, destination, keys, { slowGates, ranks: deps.ranks }),
    DEADLINE_MS,
  );
  if (!done.ok) throw Object.assign(new Error(done.message), { code: done.code });
  return done.value;
}

async function findKeys(
  deps: FeederDeps,
  scans: Apart,
  cursors: Map<string, string>,
  destinationId: string,
): Promise<readonly string[]> {
  const values = [destinationId, cursors.get(destinationId) ?? "", KEYS_A_LOOK];
  // With very many keys it takes long, and is done less often.
  const found = await scans.run(destinationId, () => deps.db.run(findFreeKeys, values));
  if (found === null) return [];
  const { rows } = found;
  if (rows.length === KEYS_A_LOOK) cursors.set(destinationId, rows.at(-1)!.order_key);
  else cursors.delete(destinationId);
  return rows.filter(({ free }) => free).map((row) => row.order_key);
}

async function poll(
  deps: FeederDeps,
  scans: Apart,
  cursors: Map<string, string>,
): Promise<Map<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  const slowGates = countSlow(deps);
  const hasRoom = (row: GateRow & QueueAtGate & { destination_id: string; now: Date }): boolean => {
    const policy = deps.catalog().findDestination(row.destination_id)?.policy ?? NO_LIMITS;
    const { now, out, unclaimed } = row;
    const { room, isDue } = planFeed(policy, toStanding(row), { slowGates, now, out, unclaimed });
    return row.overtakes || room > 0 || isDue;
  };
  for (const row of (await deps.db.run(listGates, [])).rows) {
    const keys = row.ordered ? await findKeys(deps, scans, cursors, row.destination_id) : [];
    if (keys.length > 0 || (row.waiting && hasRoom(row))) found.set(row.destination_id, keys);
  }
  return found;
}
