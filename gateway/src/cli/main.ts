import { readFileSync } from "node:fs";
import type { Run } from "./options.ts";
import { buildProgram, parse, wantsJson } from "./program.ts";
import { complain, type ExitCode, openShell, type Shell } from "./shell.ts";

/** A process that something still holds open this long after its command has ended is ended. */
const EXIT_GRACE_MS = 3_000;

const code = await runCommand(openShell(process), process.argv.slice(2));
process.exitCode = code;
setTimeout(() => process.exit(code), EXIT_GRACE_MS).unref();

async function runCommand(shell: Shell, args: readonly string[]): Promise<ExitCode> {
  const chosen: { run: Run | null } = { run: null };
  const program = buildProgram(shell, readVersion(), (run) => {
    chosen.run = run;
  });
  if (args.length === 0) {
    program.outputHelp();
    return 0;
  }
  const parsed = parse(shell, program, args);
  if (parsed !== null || chosen.run === null) return parsed ?? 0;
  try {
    return await chosen.run();
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const remedy = "This is a fault of Holdfast itself; please report it with the command that you ran.";
    return complain(shell, { problem: `unexpected: ${words.slice(0, 500)}`, remedy, badInput: false }, wantsJson(args));
  }
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const known = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return known && typeof manifest.version === "string" ? manifest.version : "unknown";
}
