import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const LOOK_MS = 2_000;
/** Below this share of one core a process counts as quiet. */
const QUIET_SHARE = 0.08;
const COLLECTIONS_MAX = 3;

/**
 * Gives memory back after a burst. V8 neither collects nor shrinks its heap while a process stands idle (measured: 160 MB
 * minutes after a flood, of which 23 MB were in use), so once the process has fallen quiet it is told to, three times at
 * most, and then not before it has worked again. Also keeps the young generation from growing with the burst.
 *
 * For a process of our own only: a gateway that is embedded leaves its host's engine alone.
 *
 * @returns ends it
 */
export function keepMemoryLow(collect: () => void = exposeCollector()): () => void {
  setFlagsFromString("--semi-space-growth-factor=1");
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

function exposeCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
