import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";

/** A loop that runs one step again and again until it is stopped. It never gives up: a failed step is tried again, later. */
export interface Loop {
  /** Asks for a step now, or right after the one that runs. */
  wake(): void;
  /** No further step; resolves when the one that runs has ended. */
  stop(): Promise<void>;
}

const FAILED_PAUSE_MIN_MS = 100;
const FAILED_PAUSE_MAX_MS = 5_000;

/**
 * @param step one round; true when there is more to do at once
 * @param idleMs the wait after a round that found nothing
 */
export function startLoop(
  deps: { readonly name: string; readonly log: Log; readonly idleMs: number | (() => number) },
  step: () => Promise<boolean>,
): Loop {
  const state = {
    stopped: false,
    woken: false,
    timer: null as NodeJS.Timeout | null,
    soon: null as NodeJS.Immediate | null,
    failures: 0,
    running: null as Promise<void> | null,
  };
  // Not at once: what else ends in this turn of the event loop is then seen by the same round.
  const beginSoon = (): void => {
    state.soon ??= setImmediate(begin);
  };
  const idle = (): number => (typeof deps.idleMs === "number" ? deps.idleMs : deps.idleMs());
  const plan = (waitMs: number): void => {
    if (state.stopped) return;
    if (waitMs === 0) beginSoon();
    else state.timer = setTimeout(begin, waitMs);
  };
  const begin = (): void => {
    // Both may be pending: a wake-up in the same turn as the timer. One of them left over would start a second loop.
    if (state.timer !== null) clearTimeout(state.timer);
    if (state.soon !== null) clearImmediate(state.soon);
    state.timer = null;
    state.soon = null;
    state.woken = false;
    state.running = step().then(
      (more) => {
        state.failures = 0;
        state.running = null;
        plan(more || state.woken ? 0 : idle());
      },
      (error: unknown) => {
        state.failures++;
        state.running = null;
        const waitMs = Math.min(FAILED_PAUSE_MAX_MS, FAILED_PAUSE_MIN_MS * 2 ** Math.min(state.failures, 6));
        deps.log.warn(
          { loop: deps.name, error: messageOf(error), failures: state.failures, waitMs },
          "a round failed; it is tried again",
        );
        plan(waitMs);
      },
    );
  };
  plan(0);
  return {
    wake: () => {
      state.woken = true;
      if (!state.stopped && state.running === null && state.failures === 0) beginSoon();
    },
    stop: async () => {
      state.stopped = true;
      if (state.timer !== null) clearTimeout(state.timer);
      if (state.soon !== null) clearImmediate(state.soon);
      await state.running;
    },
  };
}
