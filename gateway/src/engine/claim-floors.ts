import type { FairQueue } from "../domain/fair-queue.ts";
import { PRIORITIES } from "../domain/priority.ts";
import type { ClaimDeps } from "../pipeline/claim.ts";
import type { Clock } from "../platform/clock.ts";
import { countDeadRows } from "../store/deliveries/claim-ready.ts";
import type { Queryable } from "../store/statement.ts";

/** Where claims begin to look: at the head, unless so much is dead there that to pass it costs more than the claim. */
export type ClaimFloors = Pick<ClaimDeps, "claimFloors" | "onClaimed">;

export interface ClaimFloorsDeps {
  readonly clock: Clock;
  readonly db: Queryable;
  /** They hear of each rank that is claimed. */
  readonly ranks: Pick<FairQueue, "claimed" | "virtualTime">;
}

/** A claim from the head takes less than this and so much for each row, also on a busy machine, when it has nothing to pass. */
const SLOW_MS = 10;
const SLOW_ROW_MS = 0.1;
/**
 * Fewer dead rows than this are passed within 5 ms when their pages are in memory (measured: 0.05 µs each). A burst leaves so many
 * behind only where nothing clears them away: on a busy machine claims are slow for other reasons, and a claim from floors is dearer to plan.
 */
const DEAD_MIN = 100_000;
/** Claims from the head take one part in so many of the time, unless they would then be rarer than every few seconds. */
const HEAD_PART = 20;
const HEAD_EVERY_MS = { least: 1_000, most: 5_000 };
/** Processes rank by what they knew of each other 400 ms ago: nothing new comes below where the service stood then. */
const LAG_MS = 1_000;

/**
 * While somebody holds a snapshot, PostgreSQL can clear away nothing of what has been worked off since, and each claim
 * from the head passes all of it: 250,000 rows take 13 ms, and 50 to 110 when their pages have left the memory. What becomes ready gets a rank at the head or behind it, so claims may
 * begin where the service stood a while ago. What was put back below that is found by the next claim from the head, and the
 * floor lies no higher than what that found (docs/decisions/0016).
 */
export function createClaimFloors({ clock, db, ranks }: ClaimFloorsDeps): ClaimFloors {
  const stand = (): number[] => PRIORITIES.map((_, priority) => ranks.virtualTime(priority));
  const marks = { atMs: clock.monotonicMs(), now: stand(), before: null as number[] | null };
  const head = { atMs: -Infinity, tookMs: 0, lowest: PRIORITIES.map(() => -Infinity) };
  const judged = { atMs: -Infinity, isDear: false };
  const mark = (): void => {
    const nowMs = clock.monotonicMs();
    if (nowMs - marks.atMs < LAG_MS) return;
    Object.assign(marks, { atMs: nowMs, before: marks.now, now: stand() });
  };
  const judge = async (): Promise<void> => {
    const nowMs = clock.monotonicMs();
    if (nowMs - judged.atMs < HEAD_EVERY_MS.least) return;
    judged.atMs = nowMs;
    const counted = await db.run(countDeadRows, []).catch(() => null);
    judged.isDear = (counted?.rows[0]?.dead ?? 0) >= DEAD_MIN;
  };
  return {
    claimFloors: () => {
      const nowMs = clock.monotonicMs();
      const everyMs = Math.min(Math.max(HEAD_EVERY_MS.least, head.tookMs * HEAD_PART), HEAD_EVERY_MS.most);
      if (judged.isDear && marks.before !== null && nowMs - head.atMs < everyMs)
        return marks.before.map((rank, priority) => Math.min(rank, head.lowest[priority]!));
      head.atMs = nowMs;
      return null;
    },
    onClaimed: ({ from, found, tookMs }) => {
      for (const { priority, rank } of found) ranks.claimed(priority, rank);
      mark();
      if (from !== null) return;
      const lowest = PRIORITIES.map(() => Infinity);
      for (const { priority, rank } of found) lowest[priority] = Math.min(lowest[priority]!, rank);
      Object.assign(head, { tookMs, lowest });
      if (tookMs <= SLOW_MS + found.length * SLOW_ROW_MS) judged.isDear = false;
      else void judge();
    },
  };
}
