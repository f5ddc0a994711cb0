import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Under load what belongs to a request outlives its first collections, and V8 lets the heap grow to four times what lives before it
 * collects that. By half is a half of the memory for a fiftieth of the process's time (docs/decisions/0013).
 */
export const HEAP_GROWTH = "--heap-growing-percent=50";

const LOOK_MS = 10_000;
/** Below this share of one core a process counts as quiet. */
const QUIET_SHARE = 0.08;
/** More than two would make V8 forget compiled code as well, and the next burst would begin slowly. */
const COLLECTIONS_MAX = 2;

/**
 * Lets the heap grow by half of what lives in it at most, and gives memory back after a burst: V8 neither collects nor shrinks its
 * heap while a process stands idle (measured: 160 MB minutes after a flood, of which 23 MB were in use), so once the process has
 * fallen quiet it is told to, twice at most, and then not before it has worked again. Limiting the young generation instead
 * (--semi-space-growth-factor=1) was measured too: it costs a third of the ingest rate.
 *
 * For a process of our own only: a gateway that is embedded leaves its host's engine alone.
 *
 * @returns ends it
 */
export function keepMemoryLow(collect: () => void = prepareEngine()): () => void {
  let collected = COLLECTIONS_MAX;
  let usage = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(usage);
    usage = process.cpuUsage();
    if ((user + system) / 1_000 > LOOK_MS * QUIET_SHARE) collected = 0;
    else if (collected < COLLECTIONS_MAX) {
      collected++;
      collect();
    }
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function prepareEngine(): () => void {
  setFlagsFromString(HEAP_GROWTH);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
