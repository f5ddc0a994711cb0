import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ConfigFault } from "./config-fault.ts";
import { isRecord } from "./read-settings.ts";
import { transformApart } from "./transform-apart.ts";

export const FILE_NAMES = [
  "holdfast.config.ts",
  "holdfast.config.mts",
  "holdfast.config.js",
  "holdfast.config.mjs",
] as const;

/** The configuration file: its path and what it exports by default; without one, a null path and nothing. */
export type ImportedFile =
  | { readonly ok: true; readonly path: string | null; readonly content: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly fault: ConfigFault };

/**
 * Finds and runs the configuration file. A named one must be there; otherwise the four usual names are looked for in the
 * working folder, and two of them at once are a fault, because nobody could tell which one counts.
 */
export async function importFile(cwd: string, named: string | undefined): Promise<ImportedFile> {
  if (named !== undefined) {
    const path = isAbsolute(named) ? named : resolve(cwd, named);
    if (!existsSync(path))
      return failed(
        path,
        "there is no such file; check --config (or HOLDFAST_CONFIG), or make one with: holdfast init",
      );
    return await runFile(path);
  }
  const found = FILE_NAMES.map((name) => join(cwd, name)).filter((path) => existsSync(path));
  if (found.length > 1)
    return failed(found[0]!, `there is also ${found[1]}; keep one of them, or name one with --config`);
  return found[0] === undefined ? { ok: true, path: null, content: {} } : await runFile(found[0]);
}

async function runFile(path: string): Promise<ImportedFile> {
  const run = await runModule(path);
  if (!run.ok) return failed(path, run.problem);
  const { content } = run;
  if (!isRecord(content)) {
    return failed(path, "it must export the configuration as its default: export default defineConfig({ … })");
  }
  return { ok: true, path, content };
}

type Run = { readonly ok: true; readonly content: unknown } | { readonly ok: false; readonly problem: string };

/**
 * Native import where Node can read the file. Node 20 cannot strip types, no Node says in which line a syntax error of a
 * dynamic import is, and a file outside any package cannot find the package `holdfast`: there jiti runs it.
 */
async function runModule(path: string): Promise<Run> {
  const isTypeScript = /\.[cm]?ts$/.test(path);
  if (isTypeScript && !("typescript" in process.features && process.features.typescript))
    return await runWithJiti(path);
  try {
    const module: unknown = await import(pathToFileURL(path).href);
    return { ok: true, content: isRecord(module) ? module["default"] : undefined };
  } catch (error) {
    return isUnreadable(error) ? await runWithJiti(path) : { ok: false, problem: describeThrow(error, path) };
  }
}

function isUnreadable(error: unknown): boolean {
  if (error instanceof SyntaxError) return true;
  const code = error instanceof Error && "code" in error ? error.code : null;
  return (
    code === "ERR_MODULE_NOT_FOUND" ||
    code === "ERR_UNKNOWN_FILE_EXTENSION" ||
    code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX"
  );
}

async function runWithJiti(path: string): Promise<Run> {
  const { createJiti } = await import("jiti");
  const alias = { holdfast: ownDoor() };
  const jiti = createJiti(pathToFileURL(path).href, { fsCache: false, alias, transform: transformApart });
  try {
    return { ok: true, content: await jiti.import(path, { default: true }) };
  } catch (error) {
    return { ok: false, problem: describeThrow(error, path) };
  }
}

/** The package's public door beside this room, compiled or as source, whichever is running. */
function ownDoor(): string {
  const here = fileURLToPath(import.meta.url);
  return join(dirname(dirname(here)), here.endsWith(".ts") ? "index.ts" : "index.js");
}

/** What was thrown, with the line of the configuration file that it came from, as far as the stack tells. */
function describeThrow(error: unknown, path: string): string {
  const message = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ").trim();
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const place = new RegExp(`${escapePattern(path)}:(\\d+)(:\\d+)?`).exec(stack);
  const line = place === null ? "" : `line ${place[1]}: `;
  return `${line}${message.replaceAll(place?.[0] ?? "\0", "").trim()}`.slice(0, MESSAGE_LENGTH_MAX);
}

const MESSAGE_LENGTH_MAX = 400;

function escapePattern(path: string): string {
  return path.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

function failed(file: string, problem: string): ImportedFile {
  return { ok: false, fault: { file, problem } };
}
