import { access, constants } from "node:fs/promises";
import { resolve } from "node:path";
import { readConfig } from "../serve-flags.ts";
import { complain, type ExitCode, printJson, type Shell } from "../shell.ts";
import { complainOfDatabase, type DatabaseFlags, QUIET, supervise } from "./migrate.ts";

type FileFlags = DatabaseFlags & { readonly file: string };

/** `holdfast db export`: the whole database as one file; `-` writes it to standard output. */
export async function exportFile(shell: Shell, flags: FileFlags): Promise<ExitCode> {
  const json = flags.json === true;
  const read = await readConfig(shell, { config: flags.config, dataDir: flags.dataDir, json }, QUIET);
  if (read === null) return 2;
  const file = resolve(shell.cwd, flags.file);
  if (flags.file !== "-" && (await isThere(file))) {
    return complain(
      shell,
      { problem: `${file} is there already`, remedy: "Name another file, or move it away.", badInput: true },
      json,
    );
  }
  const { exportToFile } = await import("../../maintain.ts");
  const target = flags.file === "-" ? { out: process.stdout } : { file };
  // What is cut off there is a failed export, and whoever writes it says so.
  if (flags.file === "-") shell.onBrokenOutput(() => {});
  const exported = await exportToFile(read.config, target, supervise(shell));
  if (!exported.ok) return complainOfDatabase(shell, exported, json);
  const { rows, tables, bytes } = exported;
  if (flags.file === "-") return 0;
  if (json) printJson(shell, { file, rows, tables, bytes });
  else
    shell.print(
      `Wrote ${rows} rows of ${tables} tables to ${file} (${bytes} bytes). It holds events and sealed secrets: keep it safe.`,
    );
  return 0;
}

/** `holdfast db import`: reads such a file into an empty database of the same version. */
export async function importFile(shell: Shell, flags: FileFlags): Promise<ExitCode> {
  const json = flags.json === true;
  const read = await readConfig(shell, { config: flags.config, dataDir: flags.dataDir, json }, QUIET);
  if (read === null) return 2;
  const file = resolve(shell.cwd, flags.file);
  if (flags.file !== "-" && !(await isThere(file))) {
    return complain(shell, { problem: `there is no file ${file} that can be read`, badInput: true }, json);
  }
  const { importFromFile } = await import("../../maintain.ts");
  const origin = flags.file === "-" ? { in: process.stdin } : { file };
  const imported = await importFromFile(read.config, origin, supervise(shell));
  if (!imported.ok) return complainOfDatabase(shell, imported, json);
  const { rows, tables } = imported;
  if (json) printJson(shell, { file, rows, tables });
  else {
    shell.print(`Read ${rows} rows of ${tables} tables.`);
    shell.print(
      "Secrets open only with the key that sealed them: bring secret.key of the old data folder along, or HOLDFAST_SECRET_KEY.",
    );
  }
  return 0;
}

async function isThere(file: string): Promise<boolean> {
  return await access(file, constants.R_OK).then(
    () => true,
    () => false,
  );
}
