import type { Worker } from "node:cluster";
import type { Log } from "../platform/log.ts";

/** What of a process of many is needed to end it. */
export type Endable = Pick<Worker, "isDead" | "once"> & { readonly process: Pick<Worker["process"], "kill" | "pid"> };

interface EndingParts {
  /** What that one has to finish what it has, as of now. */
  readonly graceMs: (worker: Endable) => number;
  readonly log: Pick<Log, "warn">;
}

/**
 * Ends processes: each is told once to finish what it has, whoever asks for it, because a second SIGTERM means "at once". One that
 * does not end in time is killed, and its leases expire.
 *
 * @returns a function that resolves when that one has ended
 */
export function createEnding(parts: EndingParts): (worker: Endable) => Promise<void> {
  const ending = new WeakMap<Endable, Promise<void>>();
  return (worker) => {
    const known = ending.get(worker) ?? (worker.isDead() ? Promise.resolve() : end(parts, worker));
    ending.set(worker, known);
    return known;
  };
}

function end({ graceMs, log }: EndingParts, worker: Endable): Promise<void> {
  const mayTakeMs = graceMs(worker);
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      const words = "a process did not end in time and is killed; what it had leased waits until its leases end";
      log.warn({ pid: worker.process.pid, graceMs: mayTakeMs }, words);
      worker.process.kill("SIGKILL");
    }, mayTakeMs);
    // A listener of its own: `once` of node:events would fail at an error of the channel, which comes when the process just dies.
    worker.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    worker.process.kill("SIGTERM");
  });
}
