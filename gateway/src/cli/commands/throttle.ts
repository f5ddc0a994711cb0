import type { ThrottleInput } from "@holdfast/client";
import { THROTTLE_MINUTES_MAX } from "../../domain/throttle.ts";
import { askGateway, type AskFlags } from "../ask-gateway.ts";
import { describeAction, overloadTable, summarizeOverload, throttleTable } from "../describe-overload.ts";
import { readNumber } from "../number-flags.ts";
import { complain, type ExitCode, printJson, type Shell } from "../shell.ts";
import { formatTime } from "../table.ts";

/** Whom a throttle is for; exactly one of them. */
interface TargetFlags extends AskFlags {
  readonly all?: boolean;
  readonly class?: string;
  readonly source?: string;
}

interface SetFlags extends TargetFlags {
  readonly admit?: string;
  readonly refuse?: boolean;
  readonly exempt?: boolean;
  readonly minutes?: string;
  readonly reason?: string;
}

/** `holdfast throttle show`: how overloaded the gateway is, and what operators have set. */
export async function showThrottles(shell: Shell, flags: AskFlags): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => {
    const shown = await api.throttles.show();
    if (flags.json === true) {
      printJson(shell, shown);
      return 0;
    }
    const { overload, throttles } = shown;
    shell.print(summarizeOverload(overload));
    shell.print("");
    for (const line of overloadTable(shell.paint, overload)) shell.print(line);
    shell.print("");
    if (throttles.length === 0) shell.print("No throttles are set.");
    else for (const line of throttleTable(shell.paint, throttles, new Date())) shell.print(line);
    return 0;
  });
}

/** `holdfast throttle set`: slows down, refuses or exempts a class, a source or everything, for a while. */
export async function setThrottle(shell: Shell, flags: SetFlags): Promise<ExitCode> {
  const input = readInput(shell, flags);
  if (input === null) return 2;
  return await askGateway(shell, flags, async ({ api }) => {
    const throttle = await api.throttles.set(input);
    if (flags.json === true) printJson(shell, throttle);
    else {
      shell.print(`${throttle.id}: ${describeAction(throttle)}, until ${formatTime(throttle.until)} UTC.`);
      shell.print(`End it before: npx holdfast throttle clear ${targetFlag(flags)}`);
    }
    return 0;
  });
}

/** `holdfast throttle clear`: ends one before its time. */
export async function clearThrottle(shell: Shell, flags: TargetFlags): Promise<ExitCode> {
  const id = readTarget(flags);
  if (id === null) return complain(shell, { problem: ONE_TARGET, badInput: true }, flags.json === true);
  return await askGateway(shell, flags, async ({ api }) => {
    const done = await api.throttles.clear(id);
    if (flags.json === true) printJson(shell, done);
    else shell.print(`${done.cleared}: accepted again, as far as the gateway is not overloaded.`);
    return 0;
  });
}

const ONE_TARGET = "say whom it is for, by exactly one of --all, --class and --source";

function readTarget({ all, class: name, source }: TargetFlags): string | null {
  const given = [all === true ? "all" : null, name ? `class.${name}` : null, source ? `source.${source}` : null];
  const [id, ...more] = given.filter((one) => one !== null);
  return id === undefined || more.length > 0 ? null : id;
}

function targetFlag({ all, class: name, source }: TargetFlags): string {
  if (all === true) return "--all";
  return name === undefined ? `--source ${source ?? ""}` : `--class ${name}`;
}

function findFault(flags: SetFlags): string | null {
  if (readTarget(flags) === null) return ONE_TARGET;
  const { admit, refuse, exempt } = flags;
  return [admit !== undefined, refuse === true, exempt === true].filter(Boolean).length === 1
    ? null
    : "say what shall become of them, by exactly one of --admit <percent>, --refuse and --exempt";
}

/** What to ask for; null, and a complaint printed, when something is wrong with the flags. The API checks the rest. */
function readInput(shell: Shell, flags: SetFlags): ThrottleInput | null {
  const json = flags.json === true;
  const problem = findFault(flags);
  if (problem !== null) {
    complain(shell, { problem, badInput: true }, json);
    return null;
  }
  const { refuse, exempt } = flags;
  const admitPercent = readNumber(shell, { name: "admit", text: flags.admit, min: 0, max: 99, json });
  if (admitPercent === null) return null;
  const kept = { name: "minutes", text: flags.minutes, min: 1, max: THROTTLE_MINUTES_MAX };
  const minutes = readNumber(shell, { ...kept, json });
  if (minutes === null) return null;
  return {
    ...(flags.all === true ? { all: true } : {}),
    // Checked by the API, which names the classes.
    ...(flags.class === undefined ? {} : { class: flags.class as NonNullable<ThrottleInput["class"]> }),
    ...(flags.source === undefined ? {} : { source: flags.source }),
    action: refuse === true ? "refuse" : exempt === true ? "admit" : "throttle",
    ...(admitPercent === undefined ? {} : { admitPercent }),
    ...(minutes === undefined ? {} : { minutes }),
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
  };
}
