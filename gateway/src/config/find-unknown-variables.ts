import { nearestName } from "../domain/field-checks.ts";
import type { Environment } from "./read-settings.ts";
import type { Setting } from "./setting.ts";
import { SETTING_PATHS, SETTINGS } from "./settings.ts";

/** Variables that are read outside the settings: by the loader and by single commands. */
export const OTHER_VARIABLES = [
  "HOLDFAST_CONFIG",
  "HOLDFAST_ADMIN_URL",
  "HOLDFAST_ADMIN_TOKEN",
  "HOLDFAST_ADMIN_TOKEN_FILE",
  "HOLDFAST_VERIFY_SECRET",
  "HOLDFAST_LISTEN_SECRET",
];

/** A line for each `HOLDFAST_…` variable that nothing reads: a misspelt one would otherwise do nothing in silence. */
export function findUnknownVariables(env: Environment): string[] {
  const known = [...OTHER_VARIABLES, ...settingVariables()];
  const unknown = Object.keys(env).filter((name) => name.startsWith("HOLDFAST_") && !known.includes(name));
  return unknown.map((name) => {
    const near = nearestName(name, known);
    return `the variable ${name} is not known and does nothing${near === null ? "" : `; did you mean ${near}?`}`;
  });
}

function settingVariables(): string[] {
  return SETTING_PATHS.flatMap((path) => {
    const { variable, secret }: Setting<unknown> = SETTINGS[path];
    if (variable === null) return [];
    return secret ? [variable, `${variable}_FILE`] : [variable];
  });
}
