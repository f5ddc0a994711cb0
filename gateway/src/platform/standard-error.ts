import { constants, fstatSync, openSync, write, writeSync } from "node:fs";

/** Where lines of the log go; never waits, and never holds the process up. */
export interface LineSink {
  write(line: string): void;
}

/** What may wait for a reader of the log who has stopped reading, about ten thousand lines. */
const WAITING_BYTES_MAX = 4 * 1_048_576;
const AGAIN_MS = 50;
const LAST_TRY_MS = 10;
const LAST_TRIES_MAX = 200;
const STANDARD_ERROR = 2;

interface Sink {
  readonly fd: number;
  waiting: string[];
  waitingBytes: number;
  dropped: number;
  /** What is being written: lines that were waiting together. */
  current: Buffer | null;
  /** The system has it, and will finish it. */
  isUnderWay: boolean;
  /** Called at the process's end, while there is something left. */
  readonly finish: () => void;
}

/**
 * Standard error for a log. Lines that come while one is written leave together. When nobody reads them they wait, up to 4 MiB;
 * then lines are dropped, and how many is the next line. At the process's end what can still be written is.
 */
export function openStandardError(): LineSink {
  const sink: Sink = {
    fd: openUnblocking(),
    waiting: [],
    waitingBytes: 0,
    dropped: 0,
    current: null,
    isUnderWay: false,
    finish: () => finish(sink),
  };
  return {
    write: (line) => {
      if (sink.waitingBytes >= WAITING_BYTES_MAX) {
        sink.dropped++;
        return;
      }
      sink.waiting.push(line);
      sink.waitingBytes += line.length;
      if (sink.current !== null) return;
      process.once("exit", sink.finish);
      next(sink);
    },
  };
}

// A pipe that is full would hold a thread of the process, and at its end the process itself (measured: SIGKILL was needed). Opened
// anew, since not to wait is a property of what is open, which others share. A socket cannot be opened so, a file need not be.
function openUnblocking(): number {
  try {
    if (!fstatSync(STANDARD_ERROR).isFIFO()) return STANDARD_ERROR;
    return openSync(`/proc/self/fd/${STANDARD_ERROR}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return STANDARD_ERROR;
  }
}

function takeWaiting(sink: Sink): Buffer | null {
  if (sink.waiting.length === 0) return null;
  if (sink.dropped > 0) {
    const record = {
      level: "warn",
      time: Date.now(),
      lines: sink.dropped,
      msg: "lines of the log were dropped: nobody read it",
    };
    sink.waiting.push(`${JSON.stringify(record)}\n`);
    sink.dropped = 0;
  }
  const bytes = Buffer.from(sink.waiting.join(""));
  sink.waiting = [];
  sink.waitingBytes = 0;
  return bytes;
}

function next(sink: Sink): void {
  sink.current ??= takeWaiting(sink);
  if (sink.current === null) {
    process.off("exit", sink.finish);
    return;
  }
  sink.isUnderWay = true;
  write(sink.fd, sink.current, (error, written) => {
    sink.isUnderWay = false;
    if (error === null) sink.current = sink.current!.subarray(written);
    if (error?.code === "EAGAIN") {
      // A process that has nothing else to do ends all the same.
      setTimeout(next, AGAIN_MS, sink).unref();
      return;
    }
    // The reader has gone for good, or the disk of the log is full: there is nobody to tell.
    if (error !== null || sink.current!.length === 0) sink.current = null;
    next(sink);
  });
}

function finish(sink: Sink): void {
  try {
    for (
      let left = (sink.isUnderWay ? null : sink.current) ?? takeWaiting(sink);
      left !== null;
      left = takeWaiting(sink)
    )
      while (left.length > 0) left = left.subarray(writePatiently(sink.fd, left));
  } catch {
    // Nobody reads any more, or the disk is full.
  }
}

// A reader who is alive empties a pipe in far less time; one who has stopped must not keep the process from ending.
function writePatiently(fd: number, bytes: Buffer): number {
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  for (let triesLeft = LAST_TRIES_MAX; ; triesLeft--) {
    try {
      return writeSync(fd, bytes);
    } catch (error) {
      if (triesLeft === 0 || (error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(asleep, 0, 0, LAST_TRY_MS);
    }
  }
}
