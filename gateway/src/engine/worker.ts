import { stopReasonOf } from "../domain/gate.ts";
import type { ClaimDeps, ReadDeps } from "../pipeline/claim.ts";
import { claim, readEvents } from "../pipeline/claim.ts";
import type { LeasedDelivery } from "../pipeline/leased-delivery.ts";
import type { WorkDeps } from "../pipeline/work.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Attempts } from "./attempts.ts";
import { createAttempts } from "./attempts.ts";
import { ROOM_BYTES } from "./body-room.ts";
import type { Got, Look } from "./claim-pace.ts";
import { createClaimPace } from "./claim-pace.ts";
import { createDoubtfulClaims } from "./doubtful-claims.ts";
import { eachInBites } from "./in-bites.ts";
import { startLoop } from "./loop.ts";
import type { Slot, SlowDestination } from "./slots.ts";

export interface WorkerOptions {
  /** How many deliveries this process tries at once. */
  readonly concurrency: number;
  /** The look for work when nothing has woken it: correctness rests on this alone. */
  readonly pollMs: number;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface Worker {
  /** There may be something ready; so many of them stand at the head, for their lanes had nothing waiting. */
  wake(quiet?: number): void;
  inFlight(): number;
  /** A destination whose old attempts fill a quarter of the slots or of the bodies' room, and its share; null when there is none. */
  findSlow(isMeant: (destinationId: string, share: number) => boolean): SlowDestination | null;
  /** Claims nothing more; resolves when what was claimed has ended. */
  drain(): Promise<void>;
}

interface Claims {
  /** Claims so many at most, and begins them when their events are read. */
  some(count: number): Promise<Got>;
  /** The slots as they are, with what is being claimed for them. */
  look(): Look;
}

function createClaims(
  deps: ClaimDeps & Omit<ReadDeps, "makeRoom"> & Pick<WorkDeps, "catalog">,
  { attempts, metrics }: { readonly attempts: Attempts; readonly metrics: Metrics },
): Claims {
  let underWay = 0;
  const isStopped = ({ destinationId, permit }: LeasedDelivery): boolean => {
    const destination = deps.catalog().findDestination(destinationId);
    return destination !== null && stopReasonOf(destination, permit) !== null;
  };
  const take = async (count: number, bytes: number): Promise<{ batch: LeasedDelivery[]; taken: Slot[] }> => {
    underWay += count;
    try {
      const batch = await claim(deps, count);
      return { batch, taken: batch.map((one) => attempts.take(one, bytes)) };
    } finally {
      underWay -= count;
    }
  };
  return {
    some: async (count) => {
      const askedMs = deps.clock.monotonicMs();
      // As it is now: so many of them were looked for room for.
      const bytes = attempts.room.expected();
      const { batch, taken } = await take(count, bytes);
      metrics.claimSeconds.observe((deps.clock.monotonicMs() - askedMs) / 1_000);
      if (batch.length === 0) return { claimed: 0, stopped: 0 };
      metrics.claimSize.observe(batch.length);
      const makeRoom: ReadDeps["makeRoom"] = (one, size) => {
        if (attempts.room.make(taken[batch.indexOf(one)]!, size)) return "made";
        return attempts.room.isFilled(size) ? "late" : "unread";
      };
      // Not waited for: the next claim is sent while these events are read (a third of the loop's time, measured).
      void readEvents({ makeRoom, ...deps }, batch, bytes).then((claimed) =>
        eachInBites(claimed, (one, i) => attempts.add(one, taken[i]!)),
      );
      return { claimed: batch.length, stopped: batch.filter(isStopped).length };
    },
    look: () => {
      const look = attempts.look();
      return { ...look, free: Math.max(0, look.free - underWay) };
    },
  };
}

/** Keeps its slots full: claims as many as are free, so nothing waits leased in memory behind something slow. */
export function startWorker(
  deps: WorkDeps & Omit<ClaimDeps, "onDoubt"> & Omit<ReadDeps, "makeRoom">,
  options: WorkerOptions,
): Worker {
  const attempts = createAttempts(deps, { ...options, onRoom: () => loop.wake(), isShared: () => pace.isShared() });
  const { slots } = attempts;
  const doubts = createDoubtfulClaims({ ...deps, log: options.log });
  // Their events were not read, so they are ready again and have cost no attempt.
  const returnStranded = async (isLast: boolean): Promise<void> =>
    (await doubts.find(isLast)).forEach((one) =>
      attempts.add({ delivery: one, event: "unread" }, attempts.take(one, 0)),
    );
  const claims = createClaims({ ...deps, onDoubt: doubts.note }, { attempts, metrics: options.metrics });
  const loop = startLoop({ name: "worker", log: options.log, idleMs: options.pollMs }, async () => {
    await returnStranded(false);
    attempts.returnLate();
    const count = pace.take(claims.look());
    if (count === 0) return false;
    const got = await claims.some(count);
    pace.note(got);
    return got.claimed === count;
  });
  const claimFew = async (few: number): Promise<void> => {
    const count = Math.min(few, claims.look().urgent);
    if (count > 0) pace.note(await claims.some(count));
  };
  const wake = (): void => loop.wake();
  const pace = createClaimPace({ clock: deps.clock, log: options.log, wake, claimFew });
  return {
    wake: (quiet = 0) => {
      if (quiet > 0) pace.come(quiet);
      loop.wake();
    },
    inFlight: () => slots.inUse(),
    findSlow: (isMeant) => slots.findSlow({ slots: options.concurrency, bytes: ROOM_BYTES }, isMeant),
    drain: async () => {
      attempts.drain();
      await loop.stop();
      await pace.stop();
      await returnStranded(true).catch(() => {});
      await attempts.whenEmpty();
    },
  };
}
