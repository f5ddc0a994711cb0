/** How fast attempts end in this process. */
export interface Pace {
  /** An attempt has ended. */
  count(): void;
  /** Attempts a millisecond, of the last tenth to fifth of a second. */
  perMs(): number;
}

const WINDOW_MS = 100;

/** Measures by windows: a burst between two round trips is no pace. */
export function createPace(nowMs: () => number): Pace {
  let startMs = nowMs();
  let counted = 0;
  let before = 0;
  const roll = (): void => {
    const elapsedMs = nowMs() - startMs;
    if (elapsedMs < WINDOW_MS) return;
    before = counted / elapsedMs;
    counted = 0;
    startMs += elapsedMs;
  };
  return {
    count: () => {
      roll();
      counted++;
    },
    perMs: () => {
      roll();
      return before;
    },
  };
}
