import picocolors from "picocolors";
import { type Input, readInput } from "./read-input.ts";

/** 0: done · 1: it failed · 2: the input was wrong. */
export type ExitCode = 0 | 1 | 2;

/** What a command gets from the process it runs in. */
export interface Shell {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly paint: Paint;
  /** Standard output, one line. */
  print(line: string): void;
  /** Standard output, as it is. */
  write(bytes: Uint8Array): void;
  /** Standard error, one line. */
  note(line: string): void;
  /** A secret or password: what is piped in, up to 64 KiB, or typed by a person at a terminal, who does not see it. */
  readInput(): Promise<Input>;
  /** Calls `stop` at the first SIGINT or SIGTERM, and at each SIGHUP; a second of the other two ends the process at once with 1. */
  onStop(stop: () => void): void;
  /** Calls `restart` at each SIGHUP, which is no stop then. */
  onRestart(restart: () => void): void;
  /**
   * Calls `end` when standard output takes no more, with the code for it: 0 when its reader has gone, else 1. Without it the
   * process ends then, with this code.
   */
  onBrokenOutput(end: (code: ExitCode) => void): void;
}

export type Paint = Pick<
  ReturnType<typeof picocolors.createColors>,
  "bold" | "dim" | "red" | "green" | "yellow" | "cyan"
>;

/** One Ctrl-C under npx comes twice: from the terminal, and once more from npm, which forwards it to its child. */
const SAME_PRESS_MS = 500;

interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** The shell of the real process. Colour only on a terminal, and never with NO_COLOR (https://no-color.org). */
export function openShell(process: NodeJS.Process): Shell {
  const { stdout, stderr }: Streams = process;
  const colored = stdout.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  let endOutput: (code: ExitCode) => void = (code) => process.exit(code);
  // A reader that has seen enough (`| head`) is no failure of ours.
  stdout.on("error", (error: NodeJS.ErrnoException) => endOutput(error.code === "EPIPE" ? 0 : 1));
  // Nobody is left to be told, and what is under way goes on without.
  stderr.on("error", () => {});
  return {
    env: process.env,
    cwd: process.cwd(),
    paint: picocolors.createColors(colored),
    print: (line) => void stdout.write(`${line}\n`),
    write: (bytes) => void stdout.write(bytes),
    note: (line) => void stderr.write(`${line}\n`),
    readInput: () => readInput(process),
    onBrokenOutput: (end) => {
      endOutput = end;
    },
    ...openSignals(process),
  };
}

function openSignals(process: NodeJS.Process): Pick<Shell, "onStop" | "onRestart"> {
  let onHangUp: (() => void) | null = null;
  return {
    onRestart: (restart) => {
      onHangUp = restart;
    },
    onStop: (stop) => {
      let askedAtMs: number | null = null;
      const onSignal = () => {
        if (askedAtMs === null) {
          askedAtMs = performance.now();
          stop();
        } else if (performance.now() - askedAtMs > SAME_PRESS_MS) process.exit(1);
      };
      process.on("SIGINT", onSignal);
      process.on("SIGTERM", onSignal);
      // No press of anybody: a terminal that goes tells it by itself and by its shell, and systemd says it right after SIGTERM.
      process.on("SIGHUP", () => (onHangUp ?? stop)());
    },
  };
}

/** What went wrong and what to do about it: two lines on standard error, and the exit code. */
export interface Complaint {
  readonly problem: string;
  readonly remedy?: string | undefined;
  /** True when the input was wrong, false when the work failed. */
  readonly badInput: boolean;
}

/** Says what is wrong and what to do; with `json` as one JSON document, on standard error too. */
export function complain(shell: Shell, complaint: Complaint, json: boolean): ExitCode {
  const { problem, remedy } = complaint;
  if (json) shell.note(JSON.stringify({ error: { problem, remedy: remedy ?? null } }));
  else {
    shell.note(`${shell.paint.red("error:")} ${problem}`);
    if (remedy !== undefined && remedy !== "") shell.note(`  ${remedy}`);
  }
  return complaint.badInput ? 2 : 1;
}

/** Prints one JSON document on one line. */
export function printJson(shell: Shell, value: unknown): void {
  shell.print(JSON.stringify(value));
}
