import { heldReasonOf } from "../../domain/gate.ts";
import type { CatalogIndex } from "../../pipeline/catalog-index.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import { holdHead } from "../../store/gates/hold-head.ts";
import type { Queryable } from "../../store/statement.ts";
import type { Loop } from "../loop.ts";
import { startLoop } from "../loop.ts";
import { createRest } from "../../platform/rest.ts";

export interface MoverDeps {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly catalog: () => CatalogIndex;
  readonly log: Log;
}

const IDLE_MS = 250;
/** Between two windows it rests for so many times as long as the first took. */
const REST = 2;
/** Some milliseconds of the database's time, and several times what all workers together claim at once. */
const WINDOW = 1_000;

/**
 * Holds what stands at the head of the ready queue and may not be tried now: what became ready before its destination was
 * gated, paused or disabled. One claim after the other would have to lease it and give it back.
 *
 * @returns how many; while there are any, the next window may hold more
 */
async function moveHead(deps: MoverDeps): Promise<number> {
  const closed = deps.catalog().catalog.destinations.flatMap((destination) => {
    const reason = heldReasonOf(destination, null);
    return reason === null ? [] : [{ id: destination.id, reason }];
  });
  if (closed.length === 0) return 0;
  const values = [closed.map(({ id }) => id), closed.map(({ reason }) => reason), WINDOW];
  return (await deps.db.run(holdHead, values)).rowCount ?? 0;
}

/**
 * Looks at the head of the queue after something there had to be given back, and after each change of the catalog. It rests between
 * two windows: what there is to move may be hundreds of thousands, and the others' deliveries need the database meanwhile.
 */
export function startMover(deps: MoverDeps): { readonly loop: Loop; hint(): void } {
  const state = { isAsked: true, version: -1 };
  const rest = createRest(deps.clock, REST);
  const idleMs = (): number => (state.isAsked ? Math.max(1, rest.leftMs()) : IDLE_MS);
  const loop = startLoop({ name: "mover", log: deps.log, idleMs }, async () => {
    const { version } = deps.catalog().catalog;
    if ((version === state.version && !state.isAsked) || rest.leftMs() > 0) return false;
    state.isAsked = false;
    state.version = version;
    const moved = await rest
      .during(() => moveHead(deps))
      .catch((error: unknown) => {
        // The loop tries again later, and must then still know what for.
        state.isAsked = true;
        throw error;
      });
    state.isAsked ||= moved > 0;
    return false;
  });
  return {
    loop,
    hint: () => {
      state.isAsked = true;
      loop.wake();
    },
  };
}
