import type { LoopCause, LoopKind } from "../domain/retry-loop.ts";
import { LOOP_ARRIVALS_MIN, LOOP_RUNBOOK } from "../domain/retry-loop.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { pruneLoops } from "../store/loops/prune-loops.ts";
import { raiseLoops } from "../store/loops/raise-loops.ts";
import type { Queryable } from "../store/statement.ts";
import { createAllowance } from "./allowance.ts";
import { startLoop } from "./loop.ts";

/** One arrival that is not the first of its kind. */
export interface Repeat {
  readonly sourceId: string;
  readonly source: string;
  readonly kind: LoopKind;
  /** The event's id (UUID), or the SHA-256 of the rejected body in hexadecimal. */
  readonly fingerprint: string;
  readonly cause: LoopCause;
  /** Why it was rejected; null for a duplicate. */
  readonly reason: string | null;
  readonly at: Date;
}

/** Sees early that something comes again and again, and writes it down in the background. */
export interface RetryLoops {
  /** Costs a look-up in memory: it may stand on the path of an answer. */
  note(repeat: Repeat): void;
  /** Writes what is left, as far as the database takes it within {@link DRAIN_MS}, and stops. */
  drain(): Promise<void>;
}

interface Sighting {
  last: Repeat;
  /** The earliest and the latest of its arrivals, which are not always noted in their order. */
  firstAt: Date;
  lastAt: Date;
  /** Arrivals so far, and how many of them are not written yet. */
  count: number;
  unwritten: number;
}

const FLUSH_MS = 2_000;
const PRUNE_MS = 3_600_000;
const KEPT_MS = 30 * 86_400_000;
const KEPT_PER_SOURCE = 500;
/** Fingerprints remembered of one source and kind: about 100 kB. A flood at one source pushes out its own and nobody else's. */
const SIGHTINGS_MAX = 256;
export const WRITTEN_MAX = 500;
/** For so long the end of a process waits for this: nothing of it is promised to anybody. */
export const DRAIN_MS = 1_000;
/** Sightings that wait to be written, some 3 MB. One that finds no room is written when it comes again. */
export const DUE_MAX = 5_000;
/** Loops that one statement forgets. */
export const PRUNED_MAX = 2_000;
/** Lines that the log has of one source's new loops: then one every ten seconds. The list has them all. */
const TOLD = { burst: 20, perSecond: 0.1 };

export function createRetryLoops(deps: {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly log: Log;
}): RetryLoops {
  const seen = new Map<string, Map<string, Sighting>>();
  const due = new Set<Sighting>();
  const mayTell = createAllowance(deps.clock, TOLD);
  const round = async (): Promise<boolean> => {
    if (due.size > 0) await write(deps.db, due);
    return due.size > WRITTEN_MAX;
  };
  const prune = async (): Promise<boolean> => {
    const before = new Date(deps.clock.now().getTime() - KEPT_MS);
    const { rowCount } = await deps.db.run(pruneLoops, [before, KEPT_PER_SOURCE, PRUNED_MAX]);
    return (rowCount ?? 0) >= PRUNED_MAX;
  };
  // Apart: what keeps old loops from being forgotten must not keep new ones from being written.
  const pruning = startLoop({ name: "old retry loops", log: deps.log, idleMs: PRUNE_MS }, prune);
  const loop = startLoop({ name: "retry loops", log: deps.log, idleMs: FLUSH_MS }, round);
  return {
    note: (repeat) => {
      const sighting = recall(seen, repeat);
      if (sighting.count < LOOP_ARRIVALS_MIN) return;
      if (sighting.count === LOOP_ARRIVALS_MIN && mayTell(repeat.sourceId)) report(deps.log, sighting);
      if (due.size < DUE_MAX) due.add(sighting);
    },
    drain: async () => {
      const endMs = deps.clock.monotonicMs() + DRAIN_MS;
      const mayWrite = (): boolean => due.size > 0 && deps.clock.monotonicMs() < endMs;
      const pruned = pruning.stop();
      await loop.stop();
      try {
        while (mayWrite()) await write(deps.db, due);
      } catch {
        // The database is away, and nobody waits until it is back.
      }
      await pruned;
    },
  };
}

/** The sighting that this arrival adds to; the one seen last stands last, so that the longest unseen goes first. */
function recall(seen: Map<string, Map<string, Sighting>>, repeat: Repeat): Sighting {
  const place = `${repeat.sourceId}/${repeat.kind}`;
  const own = seen.get(place) ?? new Map<string, Sighting>();
  seen.set(place, own);
  const known = own.get(repeat.fingerprint);
  const sighting = known ?? { last: repeat, firstAt: repeat.at, lastAt: repeat.at, count: 0, unwritten: 0 };
  sighting.last = repeat;
  if (repeat.at < sighting.firstAt) sighting.firstAt = repeat.at;
  if (repeat.at > sighting.lastAt) sighting.lastAt = repeat.at;
  sighting.count++;
  sighting.unwritten++;
  own.delete(repeat.fingerprint);
  if (own.size >= SIGHTINGS_MAX) own.delete(findEvictable(own));
  own.set(repeat.fingerprint, sighting);
  return sighting;
}

const LOOKS_MAX = 16;

// What came once goes before what is a loop already, as far as a short look finds one.
function findEvictable(own: ReadonlyMap<string, Sighting>): string {
  let first: string | null = null;
  let looks = 0;
  for (const [fingerprint, { count }] of own) {
    if (count < LOOP_ARRIVALS_MIN) return fingerprint;
    first ??= fingerprint;
    if (++looks >= LOOKS_MAX) break;
  }
  return first ?? "";
}

function report(log: Log, { last, count }: Sighting): void {
  const { source, kind, fingerprint, cause, reason } = last;
  const words = kind === "duplicate" ? "an event comes again and again" : "the same bytes are rejected again and again";
  log.warn({ source, kind, fingerprint, cause, reason, count, runbook: LOOP_RUNBOOK }, words);
}

async function write(db: Queryable, due: Set<Sighting>): Promise<void> {
  const batch = [...due].slice(0, WRITTEN_MAX);
  const counts = batch.map(({ unwritten }) => unwritten);
  const rows = merge(batch);
  await db.run(raiseLoops, [
    rows.map(({ last }) => last.sourceId),
    rows.map(({ last }) => last.kind),
    rows.map(({ last }) => last.fingerprint),
    rows.map(({ last }) => last.cause),
    rows.map(({ last }) => last.reason),
    rows.map(({ unwritten }) => unwritten),
    rows.map(({ firstAt }) => firstAt.toISOString()),
    rows.map(({ lastAt }) => lastAt.toISOString()),
  ]);
  for (const [i, sighting] of batch.entries()) {
    sighting.unwritten -= counts[i]!;
    // It may have come again meanwhile.
    if (sighting.unwritten === 0) due.delete(sighting);
  }
}

/** One row for each loop: what was pushed out before it was written, and then came again, is there twice. */
function merge(batch: readonly Readonly<Sighting>[]): Readonly<Sighting>[] {
  const rows = new Map<string, Readonly<Sighting>>();
  for (const one of batch) {
    const { sourceId, kind, fingerprint } = one.last;
    const key = `${sourceId}/${kind}/${fingerprint}`;
    const other = rows.get(key);
    const row =
      other === undefined
        ? one
        : {
            last: one.last,
            firstAt: one.firstAt < other.firstAt ? one.firstAt : other.firstAt,
            lastAt: one.lastAt > other.lastAt ? one.lastAt : other.lastAt,
            count: other.count + one.count,
            unwritten: other.unwritten + one.unwritten,
          };
    rows.set(key, row);
  }
  return [...rows.values()];
}
