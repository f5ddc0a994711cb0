import type { PerformanceEntry } from "node:perf_hooks";
import { constants, PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from "node:v8";
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
 * A collection in a quiet time takes optimised code with it, and answers wait in the next burst while that is made anew: their slowest
 * hundredth took 30 to 70 ms after a quiet time instead of 9 to 15 (docs/decisions/0019). It has to be worth that.
 */
const WORTH_BYTES = 64 * MIB;

/** What is asked of the engine. */
export interface HeapControl {
  /** What stands in the old part of the heap, and outside of it. */
  heldBytes(): number;
  /** Collects the whole heap. */
  collect(): void;
}

/**
 * Bounds how the heap grows and keeps requests out of its old part, and gives memory back after a burst: V8 neither collects nor shrinks its
 * heap while a process stands idle, so once it has fallen quiet, and holds much more than a collection of the whole heap has left, it is told
 * to (measured: 170 MB after a flood of deliveries instead of 225). Limiting the young generation instead (--semi-space-growth-factor=1)
 * was measured too: it costs a third of the ingest rate.
 *
 * For a process of our own only: a gateway that is embedded leaves its host's engine alone.
 *
 * @returns ends it
 */
export function keepMemoryLow(control: HeapControl = controlHeap()): () => void {
  setFlagsFromString(REQUESTS_STAY_YOUNG);
  let leftBytes = control.heldBytes();
  // What one leaves that falls into a burst is not all needed for long.
  const stopWatching = watchGrowth(() => {
    leftBytes = Math.min(leftBytes, control.heldBytes());
  });
  let usage = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(usage);
    usage = process.cpuUsage();
    const isQuiet = (user + system) / 1_000 <= LOOK_MS * QUIET_SHARE;
    if (!isQuiet || control.heldBytes() - leftBytes < WORTH_BYTES) return;
    control.collect();
    leftBytes = control.heldBytes();
  }, LOOK_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    stopWatching();
  };
}

// What a flag says counts from the next collection of the whole heap on; what lives changes little between two.
function watchGrowth(onWhole: () => void): () => void {
  const observer = new PerformanceObserver((list) => {
    if (!list.getEntries().some(isWhole)) return;
    boundGrowth();
    onWhole();
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

function controlHeap(): HeapControl {
  setFlagsFromString("--expose-gc");
  return {
    heldBytes: () =>
      getHeapSpaceStatistics()
        .filter(({ space_name: name }) => !name.startsWith("new_"))
        .reduce((sum, { space_used_size: used }) => sum + used, getHeapStatistics().external_memory),
    collect: runInNewContext("gc") as () => void,
  };
}
