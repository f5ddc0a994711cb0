import cluster, { type Worker } from "node:cluster";
import { setTimeout as pause } from "node:timers/promises";
import type { GatewayConfig } from "../config.ts";
import type { Ground } from "../maintain.ts";
import { createLog, messageOf, type Log } from "../platform/log.ts";
import { createEnding, type Endable } from "./end-worker.ts";
import { announce, BAD_INPUT_CODES } from "./serve.ts";
import { FOLDER_VARIABLE, PLACE_VARIABLE, type Report } from "./serve-as-one.ts";
import { createMetricsRelay, type MetricsRelay } from "./share-metrics.ts";
import { complain, type ExitCode, type Shell } from "./shell.ts";

/** One place among the processes, and who fills it at the moment. */
interface Place {
  readonly number: number;
  current: Worker | null;
  /** Workers whose end is no surprise. */
  readonly leaving: Set<Worker>;
}

interface Supervisor {
  readonly config: GatewayConfig;
  readonly env: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly places: readonly Place[];
  readonly stopping: AbortController;
  readonly end: (worker: Endable) => Promise<void>;
  readonly metrics: MetricsRelay;
}

/** What a process has beside its drain to end by itself. */
const FINISH_GRACE_MS = 5_000;

/**
 * Runs several gateway processes on the same ports, keeps their number, and restarts them one after the other at SIGHUP:
 * the new one serves before the old one is told to finish what it has. One that dies is started again. The embedded
 * database, if there is one, is this process's own and outlives them.
 */
export async function serveMany(
  shell: Shell,
  config: GatewayConfig,
  presentation: { readonly json: boolean; readonly guide: readonly string[] },
): Promise<ExitCode> {
  const stopped = new Promise<void>((resolve) => shell.onStop(resolve));
  const { layGround } = await import("../maintain.ts");
  const note = (text: string): void => shell.note(presentation.json ? JSON.stringify({ progress: text }) : text);
  const laid = await layGround(config, note);
  if (!laid.ok) return refuse(shell, laid, presentation.json);
  const { ground } = laid;
  const supervisor = openSupervisor(config, ground);
  // The first makes what all need: the first API key, what the configuration declares.
  const first = await fill(supervisor, supervisor.places[0]!);
  if (!first.ready) {
    await ground.stop();
    return refuse(shell, first.fault, presentation.json);
  }
  const others = await Promise.all(supervisor.places.slice(1).map((place) => fill(supervisor, place)));
  const failed = others.find((one) => !one.ready);
  if (failed !== undefined && !failed.ready) {
    await stopAll(supervisor);
    await ground.stop();
    return refuse(shell, failed.fault, presentation.json);
  }
  const { processes } = config;
  const shown = { ...presentation, dashboardUrl: null, extra: { processes } };
  announce(shell, config, { ...first, database: ground }, shown);
  let rolling: Promise<void> = Promise.resolve();
  shell.onRestart(() => {
    rolling = rolling.then(() => restartInTurn(supervisor));
  });
  await stopped;
  if (!presentation.json) shell.note("Stopping: finishing what is under way (once more to stop at once) …");
  await stopAll(supervisor);
  await rolling;
  await ground.stop();
  return 0;
}

function openSupervisor(config: GatewayConfig, { databaseUrl, databaseFolder }: Ground): Supervisor {
  // Each process accepts for itself: what the supervisor would hand to a process that is killed right then is never
  // closed by anybody, whereas the kernel cuts the connections of a process that died, and the sender comes again.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ exec: process.argv[1]!, args: process.argv.slice(2) });
  return {
    config,
    // Each finds the embedded database as if it were one of the user's own.
    env: databaseFolder === null ? {} : { DATABASE_URL: databaseUrl, [FOLDER_VARIABLE]: databaseFolder },
    log: createLog(config.logLevel),
    places: Array.from({ length: config.processes }, (_, number) => ({ number, current: null, leaving: new Set() })),
    stopping: new AbortController(),
    end: createEnding(config.drainTimeoutMs + FINISH_GRACE_MS),
    metrics: createMetricsRelay(),
  };
}

/** Starts a process in a place and waits until it serves or says why not. Whoever was there before stays. */
async function fill(supervisor: Supervisor, place: Place): Promise<Report> {
  const worker = cluster.fork({ ...supervisor.env, [PLACE_VARIABLE]: String(place.number) });
  // To tell something to a process that has just been killed is one. Its end is what counts, and it is told apart from this.
  worker.on("error", (error) => supervisor.log.debug({ place: place.number, error: messageOf(error) }, "not told"));
  const ended = new Promise<Report>((resolve) => {
    worker.once("exit", (code, signal) => {
      const message = `a process ended with ${signal ?? code} before it served`;
      resolve({ ready: false, fault: { code: "start_failed", message, remedy: "The log has the rest." } });
    });
  });
  const told = new Promise<Report>((resolve) => {
    worker.on("message", (words: object) => {
      if ("ready" in words) resolve(words as Report);
    });
  });
  supervisor.metrics.join(worker);
  const report = await Promise.race([told, ended]);
  if (!report.ready) return report;
  place.current = worker;
  worker.once("exit", (code, signal) => void replace(supervisor, place, worker, signal ?? String(code)));
  return report;
}

const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 10_000;

/** Fills a place again whose process has ended by itself. It never gives up; the pauses grow from 0.1 s to 10 s. */
async function replace(supervisor: Supervisor, place: Place, worker: Worker, how: string): Promise<void> {
  if (place.leaving.delete(worker) || place.current !== worker) return;
  const { log, stopping } = supervisor;
  log.error({ place: place.number, pid: worker.process.pid, how }, "a process ended; another one takes its place");
  for (
    let pauseMs = 0;
    !stopping.signal.aborted;
    pauseMs = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MIN_MS, pauseMs * 2))
  ) {
    await pause(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
    if (stopping.signal.aborted) return;
    const report = await fill(supervisor, place);
    if (report.ready) return;
    log.error({ place: place.number, fault: report.fault }, "a process did not start; it is tried again");
  }
}

async function restartInTurn(supervisor: Supervisor): Promise<void> {
  const { log, places, stopping } = supervisor;
  for (const place of places) {
    if (stopping.signal.aborted) return;
    const before = place.current;
    // From here on its end is no surprise, so nobody else fills its place.
    if (before !== null) place.leaving.add(before);
    const report = await fill(supervisor, place);
    if (!report.ready) {
      if (before !== null) stay(supervisor, place, before);
      log.error({ place: place.number, fault: report.fault }, "the restart ends here: the new process does not serve");
      return;
    }
    if (before !== null) await finish(supervisor, place, before);
    log.info({ place: place.number, pid: place.current?.process.pid }, "a process was restarted");
  }
  log.info({ processes: places.length }, "all processes were restarted");
}

// The new one did not come: the old one is watched again.
function stay(supervisor: Supervisor, place: Place, worker: Worker): void {
  place.leaving.delete(worker);
  if (worker.isDead()) void replace(supervisor, place, worker, "during a restart");
}

/** Lets a process finish what it has. */
async function finish({ end }: Supervisor, place: Place, worker: Worker): Promise<void> {
  if (!worker.isDead()) place.leaving.add(worker);
  await end(worker);
}

async function stopAll(supervisor: Supervisor): Promise<void> {
  supervisor.stopping.abort();
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  const placeOf = (worker: Worker): Place =>
    supervisor.places.find(({ current }) => current === worker) ?? supervisor.places[0]!;
  await Promise.all(workers.map((worker) => finish(supervisor, placeOf(worker), worker)));
}

function refuse(
  shell: Shell,
  { code, message, remedy }: { readonly code: string; readonly message: string; readonly remedy: string },
  json: boolean,
): ExitCode {
  return complain(shell, { problem: message, remedy, badInput: BAD_INPUT_CODES.has(code) }, json);
}
