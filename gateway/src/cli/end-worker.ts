import type { Worker } from "node:cluster";

/** What of a process of many is needed to end it. */
export type Endable = Pick<Worker, "isDead" | "once"> & { readonly process: Pick<Worker["process"], "kill"> };

/**
 * Ends processes: each is told once to finish what it has, whoever asks for it, because a second SIGTERM means "at once". One that
 * does not end in time is killed, and its leases expire.
 *
 * @param graceMs what each has for it
 * @returns a function that resolves when that one has ended
 */
export function createEnding(graceMs: number): (worker: Endable) => Promise<void> {
  const ending = new WeakMap<Endable, Promise<void>>();
  return (worker) => {
    const known = ending.get(worker) ?? (worker.isDead() ? Promise.resolve() : end(worker, graceMs));
    ending.set(worker, known);
    return known;
  };
}

function end(worker: Endable, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => worker.process.kill("SIGKILL"), graceMs);
    // A listener of its own: `once` of node:events would fail at an error of the channel, which comes when the process just dies.
    worker.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    worker.process.kill("SIGTERM");
  });
}
