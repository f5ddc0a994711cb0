/** When a batch begins. */
export interface LaneOptions {
  /** How many transactions run at once. */
  readonly lanes: number;
  /**
   * A lane beside one that runs opens for this many items, or when the last batch takes as long as `laneWaitMs`. Small batches
   * side by side make each event pay more of a transaction (measured: docs/decisions/0005). 1 when absent.
   */
  readonly laneItemsMin?: number;
  /** 10 ms when absent. */
  readonly laneWaitMs?: number;
  /**
   * So many make a batch by themselves, or a quarter of what is unanswered where that is more: it begins in the middle of the event
   * loop's turn where a lane is free, so that the database works while the rest of the turn is read. Always at its end when absent.
   */
  readonly promptItems?: number;
}

/** The transactions that run. */
export interface Lanes {
  readonly running: number;
  /** Whether one of them is an item by itself. One at a time: it may wait for its lock until that is given up, and others need a lane. */
  readonly isAloneRunning: boolean;
  /** Whether a lane is open for what waits. */
  isOpenFor(items: number, nowMs: number): boolean;
  /** Whether so many of those that are unanswered need not wait for the end of the turn. */
  isPromptFor(items: number, unanswered: number): boolean;
  /** @returns ends it */
  enter(nowMs: number, isAlone: boolean): () => void;
}

const LANE_WAIT_MS = 10;
/** Measured with 64 and 256 connections: an eighth makes batches too small to be cheap, a half leaves the database idle meanwhile. */
const PROMPT_SHARE = 0.25;

export function createLanes({
  lanes,
  laneItemsMin = 1,
  laneWaitMs = LANE_WAIT_MS,
  promptItems = Infinity,
}: LaneOptions): Lanes {
  let running = 0;
  let alone = 0;
  let startedMs = 0;
  return {
    get running() {
      return running;
    },
    get isAloneRunning() {
      return alone > 0;
    },
    isOpenFor: (items, nowMs) =>
      running < lanes && (running === 0 || items >= laneItemsMin || nowMs - startedMs >= laneWaitMs),
    isPromptFor: (items, unanswered) => running < lanes && items >= promptItems && items >= unanswered * PROMPT_SHARE,
    enter: (nowMs, isAlone) => {
      running++;
      startedMs = nowMs;
      if (isAlone) alone++;
      return () => {
        running--;
        if (isAlone) alone--;
      };
    },
  };
}
