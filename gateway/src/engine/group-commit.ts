import type { Clock } from "../platform/clock.ts";
import type { Linked, LinkedList } from "../platform/linked-list.ts";
import { createLinkedList } from "../platform/linked-list.ts";
import { messageOf } from "../platform/log.ts";
import type { Committed } from "../store/database.ts";
import { type BatchSize, type BatchSizeMax, createBatchSize } from "./batch-size.ts";
import type { LaneOptions, Lanes } from "./lanes.ts";
import { createLanes } from "./lanes.ts";
import type { Queued } from "./take-batch.ts";
import { takeBatch } from "./take-batch.ts";

/** What became of one submitted item. */
export type Submitted<Result> =
  | { readonly ok: true; readonly value: Result }
  | { readonly ok: false; readonly cause: "queue_full" | "deadline" | "database" | "draining" };

/** What is unanswered at this moment. */
export interface CommitLoad {
  readonly items: number;
  readonly bytes: number;
  /** Since when the oldest of them waits that waits for no lock of somebody else; 0 without any. */
  readonly oldestMs: number;
  /** Whether the last transaction failed: then they wait for the database to come back, and not because there are many. */
  readonly isFailing: boolean;
}

export interface GroupCommit<Item, Result> {
  submit(item: Item): Promise<Submitted<Result>>;
  load(): CommitLoad;
  /** Refuses new items and waits for those inside, which are answered within `deadlineMs` where it is given. */
  drain(deadlineMs?: number): Promise<void>;
}

export interface GroupCommitOptions<Item, Result> extends BatchSizeMax, LaneOptions {
  /** When a batch is begun after an item came: at the end of the event loop's turn when absent, so that what comes together shares it. */
  soon?(step: () => void): void;
  readonly queueItemsMax: number;
  readonly queueBytesMax: number;
  /** From submit to an answer, whatever the database does. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  sizeOf(item: Item): number;
  /** Items of one batch share no key: they would decide on each other's uncommitted rows. */
  keysOf(item: Item): readonly string[];
  /** @param isRepeat one of the items was tried before, and that may have taken effect */
  run(items: readonly Item[], isRepeat: boolean): Promise<Committed<readonly Result[]>>;
  onBatch?(size: number): void;
  /** Is told what `run` threw, for it must not go unseen. */
  onThrown?(error: unknown): void;
}

interface Waiting<Item, Result> extends Queued<Item>, Linked<Waiting<Item, Result>> {
  dueMs: number;
  tries: number;
  aloneFromMs: number | null;
  answer: ((result: Submitted<Result>) => void) | null;
}

interface State<Item, Result> {
  readonly options: GroupCommitOptions<Item, Result>;
  readonly size: BatchSize;
  readonly lanes: Lanes;
  pending: Waiting<Item, Result>[];
  /** Everything unanswered, in order of submission, so that the earliest deadline is first. */
  readonly unanswered: LinkedList<Waiting<Item, Result>>;
  bytes: number;
  isPumpPlanned: boolean;
  pausedUntilMs: number;
  failures: number;
  draining: boolean;
  sweeper: NodeJS.Timeout | null;
  onIdle: (() => void)[];
}

const SWEEP_MS = 50;
const PAUSE_MAX_MS = 500;

/**
 * Lets concurrent items share one transaction. A batch starts as soon as a lane is free, so a lone item waits for nothing,
 * and under load batches grow by themselves. Every item is answered by its deadline. After a failure or an unknown outcome
 * the same items are tried again while their time lasts; the work must therefore be safe to repeat.
 */
export function createGroupCommit<Item, Result>(options: GroupCommitOptions<Item, Result>): GroupCommit<Item, Result> {
  const state: State<Item, Result> = {
    options,
    size: createBatchSize(options),
    lanes: createLanes(options),
    pending: [],
    unanswered: createLinkedList(),
    bytes: 0,
    isPumpPlanned: false,
    pausedUntilMs: 0,
    failures: 0,
    draining: false,
    sweeper: null,
    onIdle: [],
  };
  return {
    submit: (item) => submit(state, item),
    load: () => loadOf(state),
    drain: (deadlineMs = Infinity) => {
      state.draining = true;
      const dueMs = options.clock.monotonicMs() + deadlineMs;
      for (const waiting of state.unanswered) waiting.dueMs = Math.min(waiting.dueMs, dueMs);
      if (state.unanswered.size === 0 && state.lanes.running === 0) return Promise.resolve();
      return new Promise((resolve) => state.onIdle.push(resolve));
    },
  };
}

function loadOf<Item, Result>({ options, unanswered, bytes, failures }: State<Item, Result>): CommitLoad {
  let oldest = unanswered.first;
  while (oldest !== null && oldest.aloneFromMs !== null) oldest = oldest.after;
  const oldestMs = oldest === null ? 0 : Math.max(0, options.clock.monotonicMs() - oldest.dueMs + options.deadlineMs);
  return { items: unanswered.size, bytes, oldestMs, isFailing: failures > 0 };
}

function submit<Item, Result>(state: State<Item, Result>, item: Item): Promise<Submitted<Result>> {
  const { options } = state;
  if (state.draining) return Promise.resolve({ ok: false, cause: "draining" });
  const size = options.sizeOf(item);
  // One that is larger than the bound alone would never find room; it is taken when it is alone.
  const hasRoom = state.bytes + size <= options.queueBytesMax || state.unanswered.size === 0;
  if (state.unanswered.size >= options.queueItemsMax || !hasRoom) {
    return Promise.resolve({ ok: false, cause: "queue_full" });
  }
  return new Promise((resolve) => {
    const dueMs = options.clock.monotonicMs() + options.deadlineMs;
    const waiting = { item, size, dueMs, tries: 0, aloneFromMs: null, answer: resolve, before: null, after: null };
    state.bytes += size;
    state.unanswered.add(waiting);
    state.pending.push(waiting);
    state.sweeper ??= setInterval(() => sweep(state), SWEEP_MS);
    if (state.lanes.isPromptFor(state.pending.length, state.unanswered.size)) pump(state);
    else pumpSoon(state);
  });
}

function pumpSoon<Item, Result>(state: State<Item, Result>): void {
  if (state.isPumpPlanned) return;
  state.isPumpPlanned = true;
  (state.options.soon ?? setImmediate)(() => {
    state.isPumpPlanned = false;
    pump(state);
  });
}

function pump<Item, Result>(state: State<Item, Result>): void {
  const nowMs = state.options.clock.monotonicMs();
  if (nowMs < state.pausedUntilMs) return;
  while (state.pending.length > 0 && state.lanes.isOpenFor(state.pending.length, nowMs)) {
    const bounds = { ...state.size.now(), keysOf: state.options.keysOf };
    const { batch, left } = takeBatch(state.pending, bounds, { nowMs, mayBeAlone: !state.lanes.isAloneRunning });
    state.pending = left;
    if (batch.length === 0) return;
    const leave = state.lanes.enter(nowMs, batch[0]!.aloneFromMs !== null);
    void runBatch(state, batch).finally(() => {
      leave();
      pumpSoon(state);
      reportIdle(state);
    });
  }
}

/**
 * SQLSTATE classes of what one item's data can cause: data, constraints, limits, and what triggers and extensions of the
 * database's owner raise. All others (connections, resources, shutdown) hit whoever comes.
 */
const ITEM_FAULT = /^(0A|21|22|23|38|39|54|P0|XX)/;
/** Somebody else holds a lock that an item needs, most likely that of one row: lock_not_available, deadlock_detected. */
const LOCK_FAULT = /^(55P03|40P01)$/;

async function runBatch<Item, Result>(state: State<Item, Result>, batch: Waiting<Item, Result>[]): Promise<void> {
  state.options.onBatch?.(batch.length);
  const isRepeat = batch.some((waiting) => waiting.tries > 0);
  for (const waiting of batch) waiting.tries++;
  const result = await runCaught(
    state,
    batch.map((waiting) => waiting.item),
    isRepeat,
  );
  if (result.ok) {
    state.failures = 0;
    state.size.wasInTime();
    for (const [i, waiting] of batch.entries()) settle(state, waiting, { ok: true, value: result.value[i]! });
    return;
  }
  const isLocked = result.code !== null && LOCK_FAULT.test(result.code);
  if (isLocked || (result.code !== null && ITEM_FAULT.test(result.code))) {
    // One item upset the statement. Alone each of them tells which, and the others go through.
    if (batch.length > 1) await runEach(state, batch, isLocked);
    else if (isLocked) tryAlone(state, batch[0]!);
    else settle(state, batch[0]!, { ok: false, cause: "database" });
    return;
  }
  if (result.late === true) state.size.wasLate(batch);
  for (const waiting of batch) waiting.aloneFromMs = null;
  state.failures++;
  state.pausedUntilMs = state.options.clock.monotonicMs() + pauseMs(state.failures);
  state.pending = batch.concat(state.pending);
}

async function runEach<Item, Result>(
  state: State<Item, Result>,
  batch: readonly Waiting<Item, Result>[],
  isLocked: boolean,
): Promise<void> {
  if (isLocked) for (const waiting of batch) waiting.aloneFromMs = 0;
  // Where all of them wait for a lock, the time of some has passed before it is their turn.
  for (const waiting of batch) if (waiting.answer !== null) await runBatch(state, [waiting]);
}

// The database itself paces it by its lock_timeout, unless who wrote a trigger there does not wait for locks at all.
function tryAlone<Item, Result>(state: State<Item, Result>, waiting: Waiting<Item, Result>): void {
  waiting.aloneFromMs = state.options.clock.monotonicMs() + pauseMs(waiting.tries);
  state.pending.push(waiting);
}

function pauseMs(failures: number): number {
  return Math.min(PAUSE_MAX_MS, 25 * 2 ** Math.min(failures, 5));
}

const INTERNAL_ERROR = "XX000";

// A throw is a bug, and most likely one item makes it: alone each of them tells which, and the process goes on.
async function runCaught<Item, Result>(
  { options }: State<Item, Result>,
  items: readonly Item[],
  isRepeat: boolean,
): Promise<Committed<readonly Result[]>> {
  try {
    return await options.run(items, isRepeat);
  } catch (error) {
    options.onThrown?.(error);
    return { ok: false, unknown: true, code: INTERNAL_ERROR, message: messageOf(error) };
  }
}

// Also wakes the pump after a pause: it runs while anything is unanswered.
function sweep<Item, Result>(state: State<Item, Result>): void {
  const nowMs = state.options.clock.monotonicMs();
  for (const waiting of state.unanswered) {
    if (waiting.dueMs > nowMs) break;
    const isFailing = state.failures > 0 || waiting.aloneFromMs !== null;
    settle(state, waiting, { ok: false, cause: isFailing ? "database" : "deadline" });
  }
  state.pending = state.pending.filter((waiting) => waiting.answer !== null);
  pump(state);
  reportIdle(state);
}

function settle<Item, Result>(
  state: State<Item, Result>,
  waiting: Waiting<Item, Result>,
  result: Submitted<Result>,
): void {
  const { answer } = waiting;
  if (answer === null) return;
  waiting.answer = null;
  state.bytes -= waiting.size;
  state.unanswered.delete(waiting);
  answer(result);
}

function reportIdle<Item, Result>(state: State<Item, Result>): void {
  if (state.unanswered.size > 0 || state.lanes.running > 0) return;
  if (state.sweeper !== null) clearInterval(state.sweeper);
  state.sweeper = null;
  for (const resolve of state.onIdle.splice(0)) resolve();
}
