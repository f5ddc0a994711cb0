import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What a start came to, as the owning process says it: the fields of an EmbeddedServer or of an EmbeddedFault. */
export interface Said {
  readonly ok: boolean;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly url: string;
  readonly adminUrl: string;
  readonly adopted: boolean;
  readonly created: boolean;
  readonly home: string;
  readonly pid: number;
  readonly port: number;
}

/** A process that owns (or failed to own) an embedded server, in a process group of its own. */
export interface Owner {
  readonly pid: number;
  readonly steps: string[];
  /** Settles with the outcome of its start. */
  readonly said: Promise<Said>;
  /** Settles when it has begun the step. */
  began(step: string): Promise<void>;
  /** Kills its whole process group, and waits for the process's end. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Lets it stop its server and end, and waits for that. */
  finish(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL("../embedded/owner-process.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

export function startOwner(options: Record<string, unknown>, user: { uid?: number; gid?: number } = {}): Owner {
  const child = spawn(process.execPath, ["--import", "jiti/register", SCRIPT, JSON.stringify(options)], {
    cwd: ROOT,
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: process.env["PATH"] },
    ...user,
  });
  const ended = new Promise<void>((done) => child.once("close", () => done()));
  const steps: string[] = [];
  const waiting = new Map<string, () => void>();
  const lines = createInterface({ input: child.stdout });
  const said = new Promise<Said>((done, fail) => {
    lines.on("line", (line) => {
      const parsed = JSON.parse(line) as Said & { step?: string };
      if (parsed.step === undefined) return done(parsed);
      steps.push(parsed.step);
      waiting.get(parsed.step)?.();
    });
    child.once("close", () => fail(new Error("the owner ended without a word")));
  });
  // A killed owner says nothing, and nobody may have asked.
  said.catch(() => {});
  return {
    pid: child.pid ?? 0,
    steps,
    said,
    began: (step) => new Promise((done) => (steps.includes(step) ? done() : waiting.set(step, done))),
    kill: async (signal) => {
      process.kill(-(child.pid ?? 0), signal);
      await ended;
    },
    finish: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
