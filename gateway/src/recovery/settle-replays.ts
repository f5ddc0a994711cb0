import { lowestUuid, toPublicId } from "../domain/id.ts";
import type { Clock } from "../platform/clock.ts";
import { messageOf } from "../platform/log.ts";
import type { Rest } from "../platform/rest.ts";
import { createRest } from "../platform/rest.ts";
import type { Database } from "../store/database.ts";
import { listWithdrawing } from "../store/replays/find-replays.ts";
import { listUnsettled, settleItems } from "../store/replays/items.ts";
import { withdrawUntouched } from "./cancel-replay.ts";

/** As many replays as one round goes through. */
export const RUNS_MAX = 10;

const SETTLED_MAX = 1_000;

/** Writes down what became of deliveries that have finished. Anybody may, at any time: the same is found by all. */
export async function settleReplay(db: Pick<Database, "run">, id: string): Promise<void> {
  for (;;) {
    const settled = await db.run(settleItems, [id, SETTLED_MAX]);
    if ((settled.rowCount ?? 0) < SETTLED_MAX) return;
  }
}

/** Settles those that run now and then: each look reads all that a replay has queued, and nobody waits for it. */
export interface SparingSettler {
  /** Settles one, unless it rests from its last time. */
  settle(id: string): Promise<void>;
  /** Forgets all others. */
  keep(ids: readonly string[]): void;
}

export function createSparingSettler(deps: {
  readonly db: Pick<Database, "run">;
  readonly clock: Pick<Clock, "monotonicMs">;
}): SparingSettler {
  const rests = new Map<string, Rest>();
  return {
    settle: async (id) => {
      const rest = rests.get(id) ?? createRest(deps.clock);
      rests.set(id, rest);
      if (rest.leftMs() === 0) await rest.during(() => settleReplay(deps.db, id));
    },
    keep: (ids) => {
      for (const id of rests.keys()) if (!ids.includes(id)) rests.delete(id);
    },
  };
}

/**
 * What replays that do not run any more have left: those that were cancelled are taken back, and of all it is written down what
 * became of their deliveries. A round goes through the next few of them, so that all have their turn however many wait for
 * retries.
 *
 * @returns one round, called again and again. It throws when all had their turn, and names each that failed.
 */
export function createEndedRound(deps: { readonly db: Database }): () => Promise<void> {
  let cursor = lowestUuid(0);
  return async () => {
    const faults: string[] = [];
    const each = async (ids: readonly string[], act: (id: string) => Promise<void>): Promise<void> => {
      for (const id of ids)
        await act(id).catch((error: unknown) => faults.push(`${toPublicId("rpl", id)}: ${messageOf(error)}`));
    };
    const withdrawing = (await deps.db.run(listWithdrawing, [RUNS_MAX])).rows.map(({ id }) => id);
    await each(withdrawing, (id) => withdrawUntouched(deps, id));
    const unsettled = (await deps.db.run(listUnsettled, [cursor, RUNS_MAX])).rows.map(({ id }) => id);
    cursor = unsettled.length < RUNS_MAX ? lowestUuid(0) : unsettled.at(-1)!;
    await each(unsettled, (id) => settleReplay(deps.db, id));
    if (faults.length > 0) throw new Error(`an ended replay was not settled: ${faults.join("; ")}`);
  };
}
