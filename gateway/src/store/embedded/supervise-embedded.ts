import { setTimeout as pause } from "node:timers/promises";
import type { EmbeddedFault } from "./embedded-fault.ts";
import type { EmbeddedOptions, EmbeddedServer } from "./start-embedded.ts";
import { startEmbedded } from "./start-embedded.ts";

/** An embedded server that is started again whenever it ends before we stop it. */
export interface SupervisedServer extends Omit<EmbeddedServer, "exited" | "pid"> {
  /** The server's process at the moment; another one after each restart. */
  pid(): number;
  /** How often it has been started again. */
  restarts(): number;
}

const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 10_000;
// A server that has run this long before it ended is started again at once.
const STEADY_MS = 5_000;

interface Watch {
  server: EmbeddedServer;
  restarts: number;
  readonly stopping: AbortController;
}

/**
 * Starts the embedded server and keeps it running for as long as the gateway lives: PostgreSQL leaves for good when its
 * disk is full, and somebody may kill it. The connection string stays the same over restarts, so pools just reconnect.
 * It never gives up; the pause between two tries grows from 0.1 s to 10 s, and each try is logged.
 */
export async function superviseEmbedded(options: EmbeddedOptions): Promise<SupervisedServer | EmbeddedFault> {
  const server = await startEmbedded(options);
  if (!server.ok) return server;
  const watch: Watch = { server, restarts: 0, stopping: new AbortController() };
  const ended = keepRunning({ ...options, port: server.port }, watch);
  const { exited: _exited, pid: _pid, ...facts } = server;
  return {
    ...facts,
    pid: () => watch.server.pid,
    restarts: () => watch.restarts,
    stop: async () => {
      watch.stopping.abort();
      await watch.server.stop();
      // A restart that was under way is waited for, and stopped too.
      await ended;
      await watch.server.stop();
    },
  };
}

async function keepRunning(options: EmbeddedOptions, watch: Watch): Promise<void> {
  const isStopping = (): boolean => watch.stopping.signal.aborted;
  let pauseMs = 0;
  for (;;) {
    const sinceMs = performance.now();
    await Promise.race([watch.server.exited, aborted(watch.stopping.signal)]);
    if (isStopping()) return;
    pauseMs = performance.now() - sinceMs >= STEADY_MS ? 0 : pauseMs;
    options.log.error(
      { pid: watch.server.pid, restarts: watch.restarts },
      "the embedded database ended; it is started again",
    );
    await watch.server.stop();
    for (;;) {
      await pause(pauseMs, undefined, { signal: watch.stopping.signal }).catch(() => {});
      if (isStopping()) return;
      pauseMs = Math.min(Math.max(pauseMs * 2, PAUSE_MIN_MS), PAUSE_MAX_MS);
      if (await startAgain(options, watch)) break;
    }
  }
}

async function startAgain(options: EmbeddedOptions, watch: Watch): Promise<boolean> {
  const started = await startEmbedded(options);
  if (!started.ok) {
    options.log.error(
      { code: started.code, remedy: started.remedy },
      `the embedded database did not start: ${started.message}`,
    );
    return false;
  }
  watch.server = started;
  watch.restarts += 1;
  options.log.info({ pid: started.pid, restarts: watch.restarts }, "the embedded database runs again");
  return true;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => signal.addEventListener("abort", () => done(), { once: true }));
}
