import type { Supervision } from "../../maintain.ts";
import { readConfig } from "../serve-flags.ts";
import { complain, type ExitCode, printJson, type Shell } from "../shell.ts";

export interface DatabaseFlags {
  readonly config?: string;
  readonly dataDir?: string;
  readonly json?: boolean;
}

/** `holdfast migrate`: brings the database to this version's schema, without serving. */
export async function migrateDatabase(shell: Shell, flags: DatabaseFlags): Promise<ExitCode> {
  const json = flags.json === true;
  const read = await readConfig(shell, { config: flags.config, dataDir: flags.dataDir, json }, QUIET);
  if (read === null) return 2;
  const maintain = await import("../../maintain.ts");
  const migrated = await maintain.migrateDatabase(read.config, supervise(shell));
  if (!migrated.ok) return complainOfDatabase(shell, migrated, json);
  const { version, ahead } = migrated;
  if (json) printJson(shell, { version, ahead });
  else {
    shell.print(`The database has schema version ${version}.`);
    if (ahead.length > 0) shell.note(`A newer Holdfast has run here and left: ${ahead.join(", ")}`);
  }
  return 0;
}

/** A command that ends soon says itself what matters; the log is for what goes wrong. */
export const QUIET = { logLevel: "warn" } as const;

/** Lets the terminal follow and stop what a command does on the database itself. */
export function supervise(shell: Shell): Supervision {
  const stopping = new AbortController();
  shell.onStop(() => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    shell.note("Stopping (once more to stop at once) …");
  });
  return { note: (text) => shell.note(text), signal: stopping.signal };
}

/** A fault of the database as the terminal gets it. */
export function complainOfDatabase(
  shell: Shell,
  fault: { readonly code: string; readonly message: string; readonly remedy: string },
  json: boolean,
): ExitCode {
  const badInput = [
    "data_dir_in_use",
    "database_url_malformed",
    "damaged",
    "not_empty",
    "other_migrations",
    "other_format",
    "file_unwritable",
  ];
  const { code, message, remedy } = fault;
  return complain(shell, { problem: message, remedy, badInput: badInput.includes(code) }, json);
}
