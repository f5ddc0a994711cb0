import { readConfig, type ServeFlags } from "../serve-flags.ts";
import { serve } from "../serve.ts";
import { isOneOfMany, serveAsOne } from "../serve-as-one.ts";
import { serveMany } from "../serve-many.ts";
import type { ExitCode, Shell } from "../shell.ts";

/** `holdfast start`: serves until it is told to stop. */
export async function start(shell: Shell, flags: ServeFlags): Promise<ExitCode> {
  const read = await readConfig(shell, flags);
  if (read === null) return 2;
  const json = flags.json === true;
  if (isOneOfMany()) return await serveAsOne(shell, read.config);
  if (read.config.processes > 1) return await serveMany(shell, read.config, { json, guide: guide() });
  return await serve(shell, read.config, { json, guide });
}

function guide(): readonly string[] {
  return ["", "Next:", "  npx holdfast events", "  npx holdfast doctor"];
}
