import { readFile } from "node:fs/promises";
import type { ConfigFault } from "./config-fault.ts";
import type { Setting } from "./setting.ts";
import { SETTING_PATHS, SETTINGS, type SettingPath, type SettingValues } from "./settings.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a value came from; the first that has one wins, in this order. */
export type Origin = "flag" | "variable" | "file" | "default";

/** Everything that may set a value. */
export interface SettingSources {
  /** What the command line gave, by flag name without dashes. */
  readonly flags: Environment;
  readonly env: Environment;
  /** What the configuration file exports. */
  readonly file: Readonly<Record<string, unknown>>;
  /** What stands in for a setting's own default, as `dev` does. */
  readonly defaults: Partial<SettingValues>;
}

export interface SettingReader {
  /** The value of a setting. After a fault it is the default, so that everything else is still read and checked. */
  read<P extends SettingPath>(path: P): SettingValues[P];
  originOf(path: SettingPath): Origin;
  readonly faults: readonly ConfigFault[];
}

/** Prepares to read every setting once; secrets named by `*_FILE` variables are read from their files here. */
export async function openSettings(sources: SettingSources): Promise<SettingReader> {
  const faults: ConfigFault[] = [];
  const secrets = await readSecretFiles(sources.env, faults);
  const lookup = { ...sources, env: { ...sources.env, ...secrets } };
  return {
    read: (path) => {
      const found = find(lookup, path);
      if (found === null) return lookup.defaults[path] ?? SETTINGS[path].fallback;
      const reading = SETTINGS[path].read(found.raw);
      if (reading.ok) return reading.value;
      faults.push(faultAt(found.origin, path, reading.problem));
      return SETTINGS[path].fallback;
    },
    originOf: (path) => find(lookup, path)?.origin ?? "default",
    faults,
  };
}

type Found = { readonly raw: unknown; readonly origin: Exclude<Origin, "default"> } | null;

function find(sources: SettingSources, path: SettingPath): Found {
  const { flag, variable }: Setting<unknown> = SETTINGS[path];
  const given = flag === null ? undefined : sources.flags[flag];
  if (given !== undefined) return { raw: given, origin: "flag" };
  const set = variable === null ? undefined : sources.env[variable];
  // An empty variable is how a shell or a compose file unsets one.
  if (set !== undefined && set !== "") return { raw: set, origin: "variable" };
  const written = valueAt(sources.file, path);
  return written === undefined || written === null ? null : { raw: written, origin: "file" };
}

function valueAt(file: Readonly<Record<string, unknown>>, path: SettingPath): unknown {
  const [first = "", second] = path.split(".");
  const value = Object.hasOwn(file, first) ? file[first] : undefined;
  if (second === undefined) return value;
  return isRecord(value) && Object.hasOwn(value, second) ? value[second] : undefined;
}

function faultAt(origin: Exclude<Origin, "default">, path: SettingPath, problem: string): ConfigFault {
  const { flag, variable }: Setting<unknown> = SETTINGS[path];
  if (origin === "flag") return { flag: flag ?? path, problem };
  if (origin === "variable") return { variable: variable ?? path, problem };
  return { path, problem };
}

const SECRET_FILE_BYTES_MAX = 65_536;

/** Reads `<variable>_FILE` for every secret setting; the file's text without the line end that editors add. */
async function readSecretFiles(env: Environment, faults: ConfigFault[]): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const path of SETTING_PATHS) {
    const { variable, secret }: Setting<unknown> = SETTINGS[path];
    const name = `${variable}_FILE`;
    const file = env[name];
    if (variable === null || !secret || file === undefined || file === "") continue;
    if ((env[variable] ?? "") !== "") {
      faults.push({ variable: name, problem: `and ${variable} are both set; keep one of them` });
      continue;
    }
    const reading = await readSecretFile(file);
    if (reading.ok) values[variable] = reading.text;
    else faults.push({ variable: name, problem: reading.problem });
  }
  return values;
}

/** Reads a secret from a file: at most 64 KiB, without trailing line ends. */
export async function readSecretFile(
  file: string,
): Promise<{ readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string }> {
  try {
    const text = (await readFile(file, "utf8")).replace(/[\r\n]+$/, "");
    if (text === "") return { ok: false, problem: `names ${file}, which is empty` };
    if (text.length > SECRET_FILE_BYTES_MAX)
      return { ok: false, problem: `names ${file}, which is larger than 64 KiB` };
    return { ok: true, text };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    return { ok: false, problem: `names ${file}, which cannot be read (${code})` };
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
