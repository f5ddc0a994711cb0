import type { Priority } from "../domain/priority.ts";
import { PRIORITIES } from "../domain/priority.ts";
import type { Readings, Saturation, Steps, Thresholds } from "../domain/saturation.ts";
import { EASE, SIGNALS, advance, assess, calm, ratioOf, treat } from "../domain/saturation.ts";
import type { Throttle } from "../domain/throttle.ts";
import { THROTTLE_ACTIONS } from "../domain/throttle.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Database } from "../store/database.ts";
import { forgetSaturation, reportSaturation } from "../store/saturation/report-saturation.ts";
import type { QueueGauge } from "./caretakers/gauger.ts";
import type { CommitLoad } from "./group-commit.ts";
import { startLoop } from "./loop.ts";
import { readMemoryPercent } from "./memory-use.ts";
import type { RecentMean, Smoothed } from "./saturation-probes.ts";
import { createRecentMean, createSmoothed, readDiskFreeMib } from "./saturation-probes.ts";

/** How overloaded this process is. */
export interface SaturationWatch {
  /** As it stands at this moment. */
  current(): Saturation;
  /** Whether the embedded database's disk has less room than where the first level of overload begins. */
  isDiskLow(): boolean;
  /** A group commit took this long. */
  noteCommit(durationMs: number): void;
  /** An arrival of this class was refused; counted, and shown by every process. */
  noteRefused(priority: Priority): void;
  stop(): Promise<void>;
}

export interface SaturationDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  /** This process's name in the report. */
  readonly process: string;
  /** Where the embedded database lives; null for one that is elsewhere. */
  readonly databaseFolder: string | null;
  /** How many processes were started together, this one included: they share the machine's memory, or the container's. */
  readonly processes: number;
  /** The group commit of arrivals: what waits in it. */
  readonly load: () => CommitLoad;
  /** For how long the connection that waits longest has not been read, in milliseconds: the loop is so far behind. */
  readonly doorWaitedMs: () => number;
  readonly measureQueue: () => Promise<QueueGauge>;
  /** What operators have set, for the metrics. */
  readonly throttles: () => readonly Throttle[];
}

export interface SaturationOptions {
  /** Off: it is measured and shown, and nothing is refused because of it. */
  readonly isOn: boolean;
  readonly thresholds: Thresholds;
  readonly queueItemsMax: number;
  readonly queueBytesMax: number;
}

const TICK_MS = 50;
const LOOK_MS = 2_000;
const COMMIT_WINDOW_MS = 1_000;
const LATENESS_OVER_MS = 500;
const BYTES_OVER_MS = 1_000;
const REPORT_MS = 5_000;

interface Watch {
  readonly deps: SaturationDeps;
  readonly options: SaturationOptions;
  readonly commits: RecentMean;
  /** What costs more than a look at memory, from the last look. */
  slow: Pick<Readings, "memory" | "disk" | "oldestReady" | "depth">;
  /** Milliseconds by which ticks are late, or connections read late: one pause of the collector is not overload. */
  readonly lateness: Smoothed;
  /** Percent of the bytes that may wait: one large body passes through at any time. */
  readonly bytesPercent: Smoothed;
  tickedMs: number;
  state: Saturation;
  since: Date;
  readonly refused: Record<Priority, number>;
  isUntold: boolean;
  toldMs: number;
}

/**
 * Watches how overloaded this process is: what is in memory twenty times a second, the database and the disk every two
 * seconds. Each process that takes in judges for itself, and says in the database how it stands.
 */
export function startSaturationWatch(deps: SaturationDeps, options: SaturationOptions): SaturationWatch {
  const watch: Watch = {
    deps,
    options,
    commits: createRecentMean(deps.clock, COMMIT_WINDOW_MS),
    slow: { memory: 0, disk: null, oldestReady: null, depth: null },
    lateness: createSmoothed(LATENESS_OVER_MS),
    bytesPercent: createSmoothed(BYTES_OVER_MS),
    tickedMs: deps.clock.monotonicMs(),
    state: calm(deps.clock.monotonicMs()),
    since: deps.clock.now(),
    refused: { critical: 0, high: 0, normal: 0, low: 0 },
    isUntold: true,
    toldMs: 0,
  };
  showState(watch);
  const timer = setInterval(() => {
    watch.tickedMs = ring(watch);
    deps.metrics.recordQueue.set(deps.load().items);
    tick(watch);
  }, TICK_MS);
  timer.unref();
  // Apart: a database that fails or is silent must not keep this process from looking at itself and its disk, nor a queue that
  // takes too long to measure from saying how it stands, which counts for half a minute.
  const loops = [
    startLoop({ name: "saturation", log: deps.log, idleMs: LOOK_MS }, async () => {
      await lookAtOwn(watch);
      return false;
    }),
    startLoop({ name: "saturation by the queue", log: deps.log, idleMs: LOOK_MS }, async () => {
      await lookAtQueue(watch);
      return false;
    }),
    startLoop({ name: "saturation report", log: deps.log, idleMs: LOOK_MS }, async () => {
      await report(watch);
      return false;
    }),
  ];
  return {
    current: () => {
      // Between two ticks thousands may come in one turn of the event loop; the queue's bound must hold for them, too.
      if (queuePercent(watch) >= nextStep(options.thresholds.queue, watch.state)) tick(watch);
      return watch.state;
    },
    isDiskLow: () => watch.slow.disk !== null && watch.slow.disk <= options.thresholds.disk[0],
    noteCommit: (durationMs) => watch.commits.note(durationMs),
    noteRefused: (priority) => {
      watch.refused[priority]++;
      watch.isUntold = true;
    },
    stop: async () => {
      clearInterval(timer);
      await Promise.all(loops.map((loop) => loop.stop()));
      // A database that is away forgets this process by itself.
      await deps.db.run(forgetSaturation, [deps.process]).catch(() => {});
    },
  };
}

function nextStep(steps: Steps, { level }: Saturation): number {
  return level === 4 ? Infinity : steps[level];
}

function ring({ deps, options, lateness, bytesPercent, ...watch }: Watch): number {
  const nowMs = deps.clock.monotonicMs();
  const passedMs = nowMs - watch.tickedMs;
  lateness.note(Math.max(0, passedMs - TICK_MS, deps.doorWaitedMs()), passedMs);
  bytesPercent.note(Math.min(100, (100 * deps.load().bytes) / options.queueBytesMax), passedMs);
  return nowMs;
}

function queuePercent({ deps, options, bytesPercent }: Watch): number {
  return Math.max((100 * deps.load().items) / options.queueItemsMax, bytesPercent.read());
}

function read(watch: Watch): Readings {
  const { oldestMs, isFailing } = watch.deps.load();
  return {
    ...watch.slow,
    // A database that is away is no overload: to refuse some would not let the others through.
    commits: Math.max(watch.commits.read(), isFailing ? 0 : oldestMs),
    queue: queuePercent(watch),
    loop: watch.lateness.read(),
  };
}

function tick(watch: Watch): void {
  const { thresholds, isOn } = watch.options;
  if (!isOn) return;
  const readings = read(watch);
  const before = watch.state;
  const raw = assess(readings, thresholds);
  watch.state = advance(before, raw, assess(readings, thresholds, EASE), watch.deps.clock.monotonicMs());
  if (watch.state.level === before.level) return;
  watch.since = watch.deps.clock.now();
  watch.isUntold = true;
  watch.toldMs = 0;
  showState(watch);
  tell(watch, before);
}

function tell({ deps, state }: Watch, before: Saturation): void {
  const { level, cause } = state;
  const of = (wanted: string): Priority[] => PRIORITIES.filter((priority) => treat(level, priority) === wanted);
  const fields = { level, before: before.level, ...cause, throttled: of("throttled"), refused: of("shed") };
  if (level === 0) deps.log.info(fields, "the overload is over; everything is accepted again");
  else if (level > before.level) deps.log.warn(fields, "overloaded; arrivals of these classes are refused");
  else deps.log.info(fields, "less overloaded; fewer classes are refused");
}

const STATES = { accepted: 0, throttled: 1, shed: 2 } as const;

function showState({ deps, state }: Watch): void {
  deps.metrics.saturationLevel.set(state.level);
  for (const priority of PRIORITIES) deps.metrics.throttleState.set({ priority }, STATES[treat(state.level, priority)]);
}

async function lookAtQueue(watch: Watch): Promise<void> {
  const { deps } = watch;
  // When the database does not answer the last known figures stay: what waited is there when it is back, and so is the level.
  const { depth, oldestReadyMs } = await deps.measureQueue();
  const oldestReady = PRIORITIES.map((priority) => (oldestReadyMs[priority] ?? 0) / 1_000);
  watch.slow = { ...watch.slow, depth: depth["ready"] ?? 0, oldestReady };
  tick(watch);
}

async function lookAtOwn(watch: Watch): Promise<void> {
  const { deps, options } = watch;
  const disk = deps.databaseFolder === null ? null : await readDiskFreeMib(deps.databaseFolder);
  const memory = await readMemoryPercent(deps.processes);
  // Both are known: what has been seen of the queue while they were read must not be written over.
  watch.slow = { ...watch.slow, memory, disk };
  tick(watch);
  const readings = read(watch);
  for (const signal of SIGNALS)
    deps.metrics.saturationRatio.set({ signal }, ratioOf(readings, options.thresholds, signal) ?? 0);
  const now = deps.clock.now();
  const inForce = deps.throttles().filter(({ until }) => until > now);
  for (const action of THROTTLE_ACTIONS)
    deps.metrics.throttles.set({ action }, inForce.filter((throttle) => throttle.action === action).length);
}

async function report(watch: Watch): Promise<void> {
  const { deps, state, since, refused } = watch;
  const nowMs = deps.clock.monotonicMs();
  const isDue = watch.toldMs === 0 || nowMs - watch.toldMs >= REPORT_MS;
  if (!isDue && !watch.isUntold) return;
  watch.isUntold = false;
  watch.toldMs = nowMs;
  const { level, cause } = state;
  const why = [cause?.signal ?? null, cause?.value ?? null, cause?.threshold ?? null];
  const values = [deps.process, level, ...why, since.toISOString(), JSON.stringify(refused)];
  await deps.db.run(reportSaturation, values).catch((error: unknown) => {
    watch.isUntold = true;
    throw error;
  });
}
