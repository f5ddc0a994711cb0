import type { Clock } from "./clock.ts";

/** Keeps work that reads much, and that nobody waits for, to a part of the time. */
export interface Rest {
  /** Does it, and rests after it. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** How long it still rests, in milliseconds; 0 when it may be done again. */
  leftMs(): number;
}

const TIMES = 5;
const MS_MAX = 10_000;

/** @param times how many times as long as the work took it rests; never longer than ten seconds */
export function createRest(clock: Pick<Clock, "monotonicMs">, times = TIMES): Rest {
  let untilMs = -Infinity;
  return {
    during: async (work) => {
      const startMs = clock.monotonicMs();
      const done = await work();
      const endMs = clock.monotonicMs();
      untilMs = endMs + Math.min((endMs - startMs) * times, MS_MAX);
      return done;
    },
    leftMs: () => Math.max(0, untilMs - clock.monotonicMs()),
  };
}

/** Asks anew when it has rested, and gives the last answer meanwhile. */
export function sparingly<T>(clock: Pick<Clock, "monotonicMs">, ask: () => Promise<T>): () => Promise<T> {
  const rest = createRest(clock);
  let last: { readonly answer: T } | null = null;
  return async () => {
    if (last === null || rest.leftMs() === 0) last = { answer: await rest.during(ask) };
    return last.answer;
  };
}
