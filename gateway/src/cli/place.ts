import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Report } from "./serve-as-one.ts";

/** A process that was started in a place. */
export interface PlaceProcess {
  readonly pid: number | undefined;
  /** Whether it serves; that it does not, when it ends before. */
  readonly report: Promise<Report>;
  /** The signal or the exit code that it has ended with. */
  readonly ended: Promise<string>;
  /** Tells it that another one serves in its place, lets it finish what it has, and resolves when it has ended. */
  end(): Promise<void>;
}

/** What a place works with. */
export interface PlaceParts {
  /** From 0. */
  readonly number: number;
  readonly start: () => PlaceProcess;
  readonly log: Log;
  readonly clock: Clock;
  /** Aborted when all are to end: nothing is started from then on. */
  readonly stopping: AbortSignal;
  /** Waits, until `stopping` at the longest. */
  readonly pause: (ms: number) => Promise<void>;
}

/** One place among the processes. Once it is filled it is filled again whenever its process ends by itself. */
export interface Place {
  /** Starts the first process and waits until it serves or says why not. */
  fill(): Promise<Report>;
  /**
   * Starts another process and, when that serves, lets the one before finish what it has; else that one stays.
   * @returns whether the other one serves
   */
  restart(): Promise<boolean>;
}

const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 10_000;
/** What has served this long before it ended is replaced at once. */
const STEADY_MS = 5_000;

interface Filling extends PlaceParts {
  current: PlaceProcess | null;
  servesSinceMs: number;
  /** Before the next try; kept over deaths, so that one that serves and dies at once does not do so in a tight loop. */
  pauseMs: number;
  turn: Promise<unknown>;
}

/** Opens a place. It never gives up: the pauses between two tries grow from 0.1 s to 10 s. */
export function openPlace(parts: PlaceParts): Place {
  const place: Filling = { ...parts, current: null, servesSinceMs: 0, pauseMs: 0, turn: Promise.resolve() };
  return { fill: () => inTurn(place, () => startOne(place)), restart: () => restart(place) };
}

/** One start after the other: of two at once the later one would be known, and the other one watched by nobody. */
function inTurn<T>(place: Filling, act: () => Promise<T>): Promise<T> {
  const done = place.turn.then(act);
  place.turn = done.catch(() => {});
  return done;
}

async function startOne(place: Filling): Promise<Report> {
  const started = place.start();
  const report = await started.report;
  if (!report.ready) return report;
  place.current = started;
  place.servesSinceMs = place.clock.monotonicMs();
  void started.ended.then((how) => replace(place, started, how));
  return report;
}

async function replace(place: Filling, gone: PlaceProcess, how: string): Promise<void> {
  const { number, log, clock, stopping, pause } = place;
  // A restart may have filled the place, before the end of the process or during a pause.
  const isLeft = (): boolean => place.current === gone && !stopping.aborted;
  if (!isLeft()) return;
  log.error({ place: number, pid: gone.pid, how }, "a process ended; another one takes its place");
  if (clock.monotonicMs() - place.servesSinceMs >= STEADY_MS) place.pauseMs = 0;
  for (;;) {
    await pause(place.pauseMs);
    place.pauseMs = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MIN_MS, place.pauseMs * 2));
    const report = await inTurn(place, async () => (isLeft() ? await startOne(place) : null));
    if (report === null || report.ready) return;
    log.error({ place: number, fault: report.fault }, "a process did not start; it is tried again");
  }
}

async function restart(place: Filling): Promise<boolean> {
  const { number, log, stopping } = place;
  const done = await inTurn(place, async () =>
    stopping.aborted ? null : { before: place.current, report: await startOne(place) },
  );
  if (done === null) return false;
  const { before, report } = done;
  if (!report.ready) {
    log.error({ place: number, fault: report.fault }, "the restart ends here: the new process does not serve");
    return false;
  }
  await before?.end();
  log.info({ place: number, pid: place.current?.pid }, "a process was restarted");
  return true;
}
