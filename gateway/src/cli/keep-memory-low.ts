import type { PerformanceEntry } from "node:perf_hooks";
import { constants, PerformanceObserver } from "node:perf_hooks";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const MIB = 1_048_576;
const ROOM_BYTES = 64 * MIB;
const GROWTH_PERCENT_MIN = 50;
const GROWTH_PERCENT_MAX = 200;

/**
 * The flag that says how far the heap may grow until all of it is collected again. Under load what belongs to a request outlives its first
 * collections, and V8 lets the heap grow to four times what lives before it collects that. By half is half of the memory; but at
 * least by 64 MiB, since each such collection is a twentieth of a second in which whatever comes in waits (docs/decisions/0014).
 *
 * @param liveBytes what the last collection has left
 */
export function heapGrowth(liveBytes: number): string {
  const percent = Math.round((ROOM_BYTES / Math.max(liveBytes, MIB)) * 100);
  return `--heap-growing-percent=${Math.min(GROWTH_PERCENT_MAX, Math.max(GROWTH_PERCENT_MIN, percent))}`;
}

/**
 * V8 puts what a line of code makes into the old generation from the start, for good, once most of it has survived a collection. In a
 * burst that befalls what belongs to requests, and each such object keeps all that it refers to until the whole heap is collected: in two of
 * five processes whole requests, for as long as the process lived (docs/decisions/0019).
 */
export const REQUESTS_STAY_YOUNG = "--no-allocation-site-pretenuring";

const LOOK_MS = 10_000;
/** Below this share of one core a process counts as quiet. */
const QUIET_SHARE = 0.08;
/**
 * A collection in a quiet time takes optimised code with it, and the next burst spends most of a second of processor time on making it
 * anew (docs/decisions/0014). So the next one is due when the process has worked ten times as long, not after each small burst.
 */
const WORK_BETWEEN_US = 8_000_000;
/** More than two would make V8 forget compiled code as well, and the next burst would begin slowly. */
const COLLECTIONS_MAX = 2;

/**
 * Bounds how the heap grows and keeps requests out of its old part, and gives memory back after a burst: V8 neither collects nor shrinks its
 * heap while a process stands idle (measured: 160 MB minutes after a flood, of which 23 MB were in use), so once the process has
 * fallen quiet it is told to, twice at most, and then not before it has worked for some seconds again. Limiting the young generation instead
 * (--semi-space-growth-factor=1) was measured too: it costs a third of the ingest rate.
 *
 * For a process of our own only: a gateway that is embedded leaves its host's engine alone.
 *
 * @returns ends it
 */
export function keepMemoryLow(collect: () => void = prepareEngine()): () => void {
  setFlagsFromString(REQUESTS_STAY_YOUNG);
  const stopWatching = watchGrowth();
  let collected = COLLECTIONS_MAX;
  // What a start makes is garbage as well.
  let workedUs = WORK_BETWEEN_US;
  let usage = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(usage);
    usage = process.cpuUsage();
    workedUs += user + system;
    if ((user + system) / 1_000 > LOOK_MS * QUIET_SHARE) {
      if (workedUs >= WORK_BETWEEN_US) collected = 0;
    } else if (collected < COLLECTIONS_MAX) {
      collected++;
      workedUs = 0;
      collect();
    }
  }, LOOK_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    stopWatching();
  };
}

// What a flag says counts from the next collection of the whole heap on; what lives changes little between two.
function watchGrowth(): () => void {
  const observer = new PerformanceObserver((list) => {
    if (list.getEntries().some(isWhole)) boundGrowth();
  });
  observer.observe({ entryTypes: ["gc"] });
  boundGrowth();
  return () => observer.disconnect();
}

function boundGrowth(): void {
  setFlagsFromString(heapGrowth(getHeapStatistics().used_heap_size));
}

// Node's types do not tell what an entry of a collection carries.
function isWhole(entry: PerformanceEntry): boolean {
  return (entry as unknown as { detail: { kind: number } }).detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}

function prepareEngine(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
