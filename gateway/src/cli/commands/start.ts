import { readConfig, type ServeFlags } from "../serve-flags.ts";
import { serve } from "../serve.ts";
import type { ExitCode, Shell } from "../shell.ts";

/** `holdfast start`: serves until it is told to stop. */
export async function start(shell: Shell, flags: ServeFlags): Promise<ExitCode> {
  const read = await readConfig(shell, flags);
  return read === null ? 2 : await serve(shell, read.config, { json: flags.json === true, guide });
}

function guide(): readonly string[] {
  return ["", "Next:", "  npx holdfast events", "  npx holdfast doctor"];
}
