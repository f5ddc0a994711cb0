import { describeFault } from "../config/config-fault.ts";
import { SETTING_PATHS, SETTINGS, type SettingValues } from "../config/settings.ts";
import type { Setting } from "../config/setting.ts";
import { type GatewayConfig, type LoadedConfig, loadConfig } from "../config.ts";
import type { Shell } from "./shell.ts";

/** What commander makes of the flags of `dev` and `start`. */
export interface ServeFlags extends Readonly<Record<string, string | boolean | undefined>> {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
}

/**
 * Reads the configuration for a command, by the flags that the command has. Faults are printed, all of them; warnings
 * too. Null after faults.
 */
export async function readConfig(
  shell: Shell,
  flags: ServeFlags,
  defaults: Partial<SettingValues> = {},
): Promise<{ readonly config: GatewayConfig; readonly file: string | null } | null> {
  const { env, cwd } = shell;
  const loaded = await loadConfig({ flags: settingFlags(flags), env, cwd, file: flags.config, defaults });
  if (!loaded.ok) {
    reportFaults(shell, loaded, flags.json === true);
    return null;
  }
  for (const warning of loaded.warnings) shell.note(`${shell.paint.yellow("warning:")} ${warning}`);
  return loaded;
}

function reportFaults(shell: Shell, loaded: LoadedConfig & { readonly ok: false }, json: boolean): void {
  if (json)
    return shell.note(JSON.stringify({ error: { problem: "the configuration is not valid", faults: loaded.faults } }));
  const { length } = loaded.faults;
  shell.note(`${shell.paint.red("error:")} the configuration has ${length === 1 ? "one fault" : `${length} faults`}`);
  for (const fault of loaded.faults) shell.note(`  ${describeFault(fault)}`);
}

/** Commander gives `--data-dir` as `dataDir`; the configuration knows flags by their own names. */
function settingFlags(flags: ServeFlags): Record<string, string> {
  const given: Record<string, string> = {};
  for (const path of SETTING_PATHS) {
    const { flag }: Setting<unknown> = SETTINGS[path];
    const value =
      flag === null ? undefined : flags[flag.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())];
    if (flag !== null && typeof value === "string") given[flag] = value;
  }
  return given;
}
