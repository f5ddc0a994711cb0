import cluster from "node:cluster";
import { setTimeout as sleep } from "node:timers/promises";
import type { GatewayConfig } from "../config.ts";
import { COUNT_VARIABLE, FOLDER_VARIABLE, PLACE_VARIABLE } from "../config/variables-of-many.ts";
import type { Ground } from "../maintain.ts";
import { systemClock } from "../platform/clock.ts";
import { createLog, messageOf, type Log } from "../platform/log.ts";
import { createEnding, type Endable } from "./end-worker.ts";
import { openPlace, type Place, type PlaceProcess } from "./place.ts";
import { announce, BAD_INPUT_CODES, untilStopped } from "./serve.ts";
import type { Replaced, Report } from "./serve-as-one.ts";
import { createMetricsRelay, type MetricsRelay } from "./share-metrics.ts";
import { complain, type ExitCode, type Shell } from "./shell.ts";

interface Supervisor {
  readonly log: Log;
  readonly places: readonly Place[];
  readonly stopping: AbortController;
  readonly end: (worker: Endable) => Promise<void>;
}

/** What each process is started with. */
interface Starting {
  readonly env: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly end: (worker: Endable) => Promise<void>;
  /** How long each drains at most, as it said itself: it reads the configuration file anew. */
  readonly drains: WeakMap<Endable, number>;
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
  const stopped = untilStopped(shell);
  // Until all of them serve there is nothing to restart.
  shell.onRestart(() => {});
  const { layGround } = await import("../maintain.ts");
  const note = (text: string): void => shell.note(presentation.json ? JSON.stringify({ progress: text }) : text);
  const laid = await layGround(config, note);
  if (!laid.ok) return refuse(shell, laid, presentation.json);
  const { ground } = laid;
  const supervisor = openSupervisor(config, ground);
  // The first makes what all need: the first API key, what the configuration declares.
  const first = await supervisor.places[0]!.fill();
  if (!first.ready) {
    await ground.stop();
    return refuse(shell, first.fault, presentation.json);
  }
  const others = await Promise.all(supervisor.places.slice(1).map((place) => place.fill()));
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
  const code = await stopped;
  if (!presentation.json) shell.note("Stopping: finishing what is under way (once more to stop at once) …");
  await stopAll(supervisor);
  await rolling;
  await ground.stop();
  return code;
}

function openSupervisor(config: GatewayConfig, { databaseUrl, databaseFolder }: Ground): Supervisor {
  // Each process accepts for itself: what the supervisor would hand to a process that is killed right then is never
  // closed by anybody, whereas the kernel cuts the connections of a process that died, and the sender comes again.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ exec: process.argv[1]!, args: process.argv.slice(2) });
  const log = createLog(config.logLevel);
  const stopping = new AbortController();
  const drains = new WeakMap<Endable, number>();
  const graceMs = (worker: Endable): number => (drains.get(worker) ?? config.drainTimeoutMs) + FINISH_GRACE_MS;
  const end = createEnding({ graceMs, log });
  // Each finds the embedded database as if it were one of the user's own.
  const place = databaseFolder === null ? {} : { DATABASE_URL: databaseUrl, [FOLDER_VARIABLE]: databaseFolder };
  const env = { ...place, [COUNT_VARIABLE]: String(config.processes) };
  const starting: Starting = { env, log, end, drains, metrics: createMetricsRelay() };
  const parts = {
    log,
    clock: systemClock,
    stopping: stopping.signal,
    pause: (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => {}),
  };
  const places = Array.from({ length: config.processes }, (_, number) =>
    openPlace({ ...parts, number, start: () => start(starting, number) }),
  );
  return { log, places, stopping, end };
}

function start({ env, log, end, drains, metrics }: Starting, number: number): PlaceProcess {
  const worker = cluster.fork({ ...env, [PLACE_VARIABLE]: String(number) });
  // To tell something to a process that has just been killed is one. Its end is what counts, and it is told apart from this.
  worker.on("error", (error) => log.debug({ place: number, error: messageOf(error) }, "not told"));
  const ended = new Promise<string>((resolve) => {
    worker.once("exit", (code, signal) => resolve(signal ?? String(code)));
  });
  const told = new Promise<Report>((resolve) => {
    worker.on("message", (words: object) => {
      if (!("ready" in words)) return;
      const report = words as Report;
      if (report.ready) drains.set(worker, report.drainTimeoutMs);
      resolve(report);
    });
  });
  metrics.join(worker);
  const report = Promise.race([told, ended.then(notServing)]);
  const endReplaced = (): Promise<void> => {
    if (worker.isConnected()) worker.send({ replaced: true } satisfies Replaced);
    return end(worker);
  };
  return { pid: worker.process.pid, report, ended, end: endReplaced };
}

function notServing(how: string): Report {
  const message = `a process ended with ${how} before it served`;
  return { ready: false, fault: { code: "start_failed", message, remedy: "The log has the rest." } };
}

async function restartInTurn({ log, places }: Supervisor): Promise<void> {
  for (const place of places) if (!(await place.restart())) return;
  log.info({ processes: places.length }, "all processes were restarted");
}

async function stopAll({ stopping, end }: Supervisor): Promise<void> {
  stopping.abort();
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  await Promise.all(workers.map((worker) => end(worker)));
}

function refuse(
  shell: Shell,
  { code, message, remedy }: { readonly code: string; readonly message: string; readonly remedy: string },
  json: boolean,
): ExitCode {
  return complain(shell, { problem: message, remedy, badInput: BAD_INPUT_CODES.has(code) }, json);
}
