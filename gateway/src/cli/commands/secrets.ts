import type { SecretInput, SecretVersionDetail, SecretVersions } from "@holdfast/client";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { askGateway, type AskFlags } from "../ask-gateway.ts";
import { readNumber } from "../number-flags.ts";
import { complain, type ExitCode, printJson, type Shell } from "../shell.ts";
import { formatTable, formatTime, printable } from "../table.ts";

/** `holdfast secrets list`: the versions of a source's secret, or of every source's, with their last use. */
export async function listSecrets(shell: Shell, flags: AskFlags & { readonly source?: string }): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => {
    const names = flags.source === undefined ? [] : [flags.source];
    if (flags.source === undefined) for await (const source of api.sources.all({ limit: 200 })) names.push(source.id);
    const found: SecretVersions[] = [];
    for (const name of names) found.push(await api.secrets.list(name));
    if (found.length > 0) show(shell, flags, found);
    if (names.length === 0 && flags.json !== true) shell.print("There is no source yet.");
    return 0;
  });
}

export interface AddFlags extends AskFlags {
  readonly source: string;
  readonly name?: string;
  readonly fromEnv?: string;
  readonly fromFile?: string;
  readonly generate?: boolean;
  readonly allowShort?: boolean;
}

/** `holdfast secrets add`: a new version, which verifies at once. The value never stands on the command line. */
export async function addSecret(shell: Shell, flags: AddFlags): Promise<ExitCode> {
  const read = await readValue(shell, flags);
  if (!read.ok) return complain(shell, { ...read, badInput: true }, flags.json === true);
  const input: SecretInput = {
    ...read.input,
    ...(flags.name === undefined ? {} : { version: flags.name }),
    ...(flags.allowShort === true ? { allowShort: true } : {}),
  };
  return await askGateway(shell, flags, async ({ api }) => {
    const added = await api.secrets.add(flags.source, input);
    if (flags.json === true) printJson(shell, added);
    else for (const line of describeAdded(flags.source, added)) shell.print(line);
    return 0;
  });
}

function* describeAdded(source: string, { version, value }: SecretVersionDetail): Generator<string> {
  yield `${version} is pending: arrivals verify with it from now on.`;
  if (value !== undefined) yield `Give it to the provider; it is shown this once:\n${value}`;
  yield `When the provider signs with it: npx holdfast secrets promote ${source} ${version}`;
}

type Value =
  | { readonly ok: true; readonly input: SecretInput }
  | { readonly ok: false; readonly problem: string; readonly remedy?: string };

async function readValue(shell: Shell, flags: AddFlags): Promise<Value> {
  const given = [flags.fromEnv, flags.fromFile, flags.generate].filter((flag) => flag !== undefined);
  if (given.length > 1) return { ok: false, problem: "--from-env, --from-file and --generate exclude each other" };
  if (flags.generate === true) return { ok: true, input: { generate: true } };
  if (flags.fromEnv !== undefined) {
    const value = shell.env[flags.fromEnv];
    return value ? toValue(value) : { ok: false, problem: `the variable ${flags.fromEnv} is empty or not set` };
  }
  if (flags.fromFile !== undefined) {
    const path = resolve(shell.cwd, flags.fromFile);
    const text = await readFile(path, "utf8").catch(() => null);
    return text === null ? { ok: false, problem: `${path} cannot be read` } : toValue(text);
  }
  const typed = await shell.readInput();
  return typed.ok ? toValue(typed.text) : typed;
}

// An editor and `echo` end a text with a line break, which is no part of the secret.
function toValue(text: string): Value {
  const value = text.replace(/\r?\n$/, "");
  if (value !== "") return { ok: true, input: { value } };
  const remedy = "Pipe it in, name it with --from-env or --from-file, or have one made with --generate.";
  return { ok: false, problem: "there is no secret on standard input", remedy };
}

export interface PromoteFlags extends AskFlags {
  readonly source: string;
  readonly version: string;
  readonly overlapHours?: string;
}

/** `holdfast secrets promote`: makes a version the active one, with an overlap for the one before. */
export async function promoteSecret(shell: Shell, flags: PromoteFlags): Promise<ExitCode> {
  const overlap = { name: "overlap-hours", text: flags.overlapHours, min: 0, max: 168, fraction: true } as const;
  const overlapHours = readNumber(shell, { ...overlap, json: flags.json === true });
  if (overlapHours === null) return 2;
  const options = overlapHours === undefined ? {} : { overlapHours };
  return await askGateway(shell, flags, async ({ api }) => {
    show(shell, flags, [await api.secrets.promote(flags.source, flags.version, options)]);
    return 0;
  });
}

/** `holdfast secrets retire`: ends a version at once; refused while it is in use, unless forced. */
export async function retireSecret(
  shell: Shell,
  flags: AskFlags & { readonly source: string; readonly version: string; readonly force?: boolean },
): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => {
    show(shell, flags, [await api.secrets.retire(flags.source, flags.version, { force: flags.force === true })]);
    return 0;
  });
}

/** `holdfast secrets reseal`: seals everything stored with the gateway's first key. Exit code 1 when something stays closed. */
export async function resealSecrets(shell: Shell, flags: AskFlags): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => {
    let total = 0;
    for (;;) {
      const done = await api.secrets.reseal();
      total += done.resealed;
      // Nothing was sealed though there is more to do: asking again would never end.
      if (!done.complete && done.resealed > 0) {
        shell.note(`${total} so far`);
        continue;
      }
      if (flags.json === true) printJson(shell, { ...done, resealed: total });
      else shell.print(`${total} sealed anew, ${done.current} were already, ${done.unreadable} cannot be opened.`);
      if (flags.json !== true) for (const thing of done.unreadableThings) shell.note(printable(thing));
      return done.complete && done.unreadable === 0 ? 0 : 1;
    }
  });
}

const HEAD = ["source", "version", "state", "uses", "last used (UTC)", "ends (UTC)", "safe to retire"];

function show(shell: Shell, flags: AskFlags, found: readonly SecretVersions[]): void {
  if (flags.json === true) {
    for (const { source, items } of found) for (const item of items) printJson(shell, { source, ...item });
    return;
  }
  const rows = found.flatMap(toRows);
  if (rows.length > 0) for (const line of formatTable(shell.paint, HEAD, rows)) shell.print(line);
  for (const { source, items } of found) if (items.length === 0) shell.print(`${printable(source)} has no secret.`);
}

function toRows({ source, items }: SecretVersions): string[][] {
  return items.map((item) => [
    printable(source),
    item.readable ? item.version : `${item.version} (its key is not loaded)`,
    item.state,
    String(item.uses),
    item.lastUsedAt === null ? "never" : formatTime(item.lastUsedAt),
    endOf(item),
    item.state === "retired" ? "" : `${item.safeToRetire.safe ? "yes" : "no"}: ${printable(item.safeToRetire.reason)}`,
  ]);
}

function endOf({ notAfter, retiredAt }: SecretVersionDetail): string {
  const end = retiredAt ?? notAfter;
  return end === null ? "" : formatTime(end);
}
