import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { UNHURRIED_ENV } from "./unhurried.ts";

/** The compiled command, as npm installs it. */
const BIN = fileURLToPath(new URL("../../bin/holdfast.js", import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What is piped in; nothing when absent, and with null the pipe stays open. */
  readonly input?: string | null;
}

/** Runs a command to its end. Of the environment it gets only what is given here. */
export async function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return await startCli(args, options).ended;
}

export interface RunningCli {
  readonly process: ChildProcess;
  readonly ended: Promise<CliResult>;
  /** The first line on standard output that fits; rejects with all output when the command ends before. */
  line(pattern: RegExp): Promise<string>;
  /** The same on standard error. */
  told(pattern: RegExp): Promise<string>;
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<CliResult>;
}

/** Starts a command that goes on; it is ended with the test at the latest. */
export function startCli(args: readonly string[], { cwd, env = {}, input }: CliOptions): RunningCli {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/", ...UNHURRIED_ENV, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A command that reads nothing may be gone before this is written.
  child.stdin.on("error", () => {});
  if (input !== null) child.stdin.end(input);
  const output = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  const notify = () => {
    for (const look of waiting) look();
  };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      notify();
    });
  }
  const ended = new Promise<CliResult>((resolve) => {
    child.once("close", (code) => resolve({ code, ...output }));
  });
  const find = (name: "stdout" | "stderr", pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = output[name]
          .split("\n")
          .slice(0, -1)
          .find((text) => pattern.test(text));
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      void ended.then(({ code }) => reject(new Error(`ended with ${code}\n${output.stdout}\n${output.stderr}`)));
    });
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    child.kill(signal);
    return await ended;
  };
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) await stop();
  });
  const line = (pattern: RegExp) => find("stdout", pattern);
  const told = (pattern: RegExp) => find("stderr", pattern);
  return { process: child, ended, line, told, stop };
}

/** The parts of the line that `start --json` and `dev --json` print when they serve. */
export interface ReadyLine {
  readonly ready: true;
  readonly ingestUrl: string;
  readonly adminUrl: string;
  readonly adminToken: string;
  readonly receiverUrl?: string;
}

/** Waits until a started gateway serves. */
export async function whenReady(cli: RunningCli): Promise<ReadyLine> {
  return JSON.parse(await cli.line(/^\{"ready":true/)) as ReadyLine;
}
