import type { StreamedEvent } from "@holdfast/client";
import { ApiFault, createApi, followStream } from "@holdfast/client";
import { findGateway, type GatewayAddress } from "../find-gateway.ts";
import { type AskFlags, toComplaint } from "../ask-gateway.ts";
import type { Forwarded } from "../forward-event.ts";
import { forwardEvent } from "../forward-event.ts";
import type { Keyboard } from "../keyboard.ts";
import { openDesk } from "../listen-desk.ts";
import type { Heard } from "../listen-table.ts";
import { lineOf } from "../listen-table.ts";
import { localSecret } from "../local-secret.ts";
import { readNumber } from "../number-flags.ts";
import type { ExitCode, Shell } from "../shell.ts";
import { complain } from "../shell.ts";
import { printable } from "../table.ts";

export interface ListenFlags extends AskFlags {
  readonly source?: string;
  readonly forward?: string;
  readonly quiet?: boolean;
  readonly untilType?: string;
  readonly timeout?: string;
}

const RETRY_MS = 1_000;
const KEPT_MAX = 1_000;
const REMEMBERED_MAX = 10_000;

/**
 * `holdfast listen`: shows a source's events as they come and forwards them to a service on this machine. A connection that is
 * lost is made again, and what came meanwhile is told.
 *
 * @param openKeyboard gives null where nobody sits at a terminal: then each event is a line. Called when nothing is wrong with the flags
 */
export async function listen(shell: Shell, flags: ListenFlags, openKeyboard: () => Keyboard | null): Promise<ExitCode> {
  const json = flags.json === true;
  const awaited = { name: "timeout", text: flags.timeout, min: 0.001, max: 86_400, fraction: true } as const;
  const timeoutSec = readNumber(shell, { ...awaited, json });
  if (timeoutSec === null) return 2;
  const fault = findFault(flags);
  if (fault !== null) return complain(shell, { problem: fault, badInput: true }, json);
  const found = await findGateway(shell, flags);
  if (!found.ok) return complain(shell, found.complaint, json);
  const signing = flags.forward === undefined ? null : await localSecret(shell);
  if (signing?.ok === false) return complain(shell, signing.complaint, json);
  const secret = signing?.secret ?? null;
  const ending = openEnding();
  const { untilType } = flags;
  const leave = (): void =>
    ending.finish(untilType === undefined ? null : `stopped before an event of type ${untilType} was delivered`);
  shell.onStop(leave);
  const timeOut = (): void => ending.finish(`no event of type ${untilType ?? ""} was delivered in time`);
  const timer = timeoutSec === undefined ? null : setTimeout(timeOut, timeoutSec * 1_000);
  const isPlain = json || flags.quiet === true;
  if (!isPlain) greet(shell, flags, secret);
  const keyboard = isPlain ? null : openKeyboard();
  try {
    await hearAll(shell, flags, { address: found.address, secret, ending, leave, keyboard });
  } catch (error) {
    if (!(error instanceof ApiFault)) throw error;
    if (!ending.signal.aborted) return complain(shell, toComplaint(error, found.address.adminUrl), json);
  } finally {
    if (timer !== null) clearTimeout(timer);
    keyboard?.close();
  }
  const problem = ending.problem();
  return problem === null ? 0 : complain(shell, { problem, badInput: false }, json);
}

/** How it ends. What ends it first stands: an answer that comes later changes nothing. */
interface Ending {
  /** Aborted by the end: nothing that is under way is waited for. */
  readonly signal: AbortSignal;
  /** @param problem what is wrong with this end; null: nothing */
  finish(problem: string | null): void;
  problem(): string | null;
}

function openEnding(): Ending {
  const aborter = new AbortController();
  let problem: string | null = null;
  return {
    signal: aborter.signal,
    finish: (next) => {
      if (!aborter.signal.aborted) problem = next;
      aborter.abort(new Error("listen ended before it was answered"));
    },
    problem: () => problem,
  };
}

interface HearingParts {
  readonly address: GatewayAddress;
  /** Null where nothing is forwarded. */
  readonly secret: string | null;
  readonly ending: Ending;
  readonly leave: () => void;
  readonly keyboard: Keyboard | null;
}

/** Hears events, forwards and shows them, until the end. */
async function hearAll(shell: Shell, flags: ListenFlags, parts: HearingParts): Promise<void> {
  const { secret, ending, leave, keyboard } = parts;
  const { signal } = ending;
  const { adminUrl, adminToken } = parts.address;
  const address = { url: adminUrl, token: adminToken, signal };
  const api = createApi(address);
  const target = flags.forward === undefined || secret === null ? null : { api, secret, url: flags.forward, signal };
  const forward = async (one: Heard): Promise<void> => {
    one.attempts++;
    one.result = null;
    if (target !== null) one.result = await forwardEvent(target, one.event, one.attempts).catch(toResult);
    const isAwaited = flags.untilType !== undefined && one.event.eventType === flags.untilType;
    if (isAwaited && isDelivered(one, flags)) ending.finish(null);
  };
  const desk = keyboard === null ? null : openDesk(shell, keyboard, { adminUrl, forward, quit: leave });
  const hear = async (event: StreamedEvent): Promise<void> => {
    const one: Heard = { event, attempts: 0, result: null };
    desk?.add(one, KEPT_MAX);
    await forward(one);
    if (desk === null) print(shell, flags, one);
    else desk.draw();
  };
  try {
    // What is there already is not told, and is where to go on should the connection be lost before anything came.
    const [newest] = (await api.events.page({ limit: 1 })).items;
    const say = (text: string): void => desk?.say(text) ?? shell.note(text);
    await follow(address, { ...flags, newest: newest ?? null }, signal, hear, say);
  } finally {
    desk?.close();
  }
}

function print(shell: Shell, flags: ListenFlags, one: Heard): void {
  if (flags.json === true) shell.print(JSON.stringify({ ...one.event, attempt: one.attempts, result: one.result }));
  else if (flags.quiet !== true) shell.print(lineOf(one, shell.paint));
  else if (!isDelivered(one, flags))
    shell.note(`${lineOf(one, shell.paint)}  ${printable(one.result?.detail ?? "").slice(0, 200)}`.trimEnd());
}

function findFault({ forward, timeout, untilType }: ListenFlags): string | null {
  if (forward !== undefined && !/^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/.test(forward))
    return "--forward must be a URL of this machine, such as http://localhost:3000/webhooks";
  return timeout !== undefined && untilType === undefined ? "--timeout goes with --until-type" : null;
}

/** Follows until it is told to end. In order, one after the other: a service on a desk is seldom made for more. */
async function follow(
  address: { readonly url: string; readonly token: string },
  flags: ListenFlags & { readonly newest: { readonly id: string; readonly receivedAt: string } | null },
  signal: AbortSignal,
  hear: (event: StreamedEvent) => Promise<void>,
  say: (text: string) => void,
): Promise<void> {
  const { newest } = flags;
  const seen = new Set(newest === null ? [] : [newest.id]);
  const source = flags.source === undefined ? {} : { source: flags.source };
  let last = newest?.id;
  let isLost = false;
  while (!signal.aborted) {
    try {
      for await (const event of followStream(address, {
        ...source,
        ...(last === undefined ? {} : { after: last }),
        signal,
      })) {
        if (isLost) say("connected again; what came meanwhile follows");
        isLost = false;
        if (signal.aborted) return;
        last = last === undefined || event.id > last ? event.id : last;
        if (seen.has(event.id) || (newest !== null && event.receivedAt < newest.receivedAt)) continue;
        seen.add(event.id);
        if (seen.size > REMEMBERED_MAX) seen.delete(seen.values().next().value ?? "");
        await hear(event);
      }
    } catch (error) {
      // A gateway that restarts answers nothing, or 5xx; one that refuses says so, and does so again.
      if (error instanceof ApiFault && error.status >= 400 && error.status < 500) throw error;
      if (!isLost && !signal.aborted) say("the connection was lost; it is made again");
      isLost = true;
    }
    await pause(RETRY_MS, signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}

function isDelivered({ result }: Heard, flags: ListenFlags): boolean {
  return flags.forward === undefined || (result !== null && result.status >= 200 && result.status < 300);
}

function toResult(error: unknown): Forwarded {
  return { status: 0, detail: error instanceof Error ? error.message : "it failed", durationMs: 0 };
}

function greet(shell: Shell, { source, forward }: ListenFlags, secret: string | null): void {
  const from = source === undefined ? "every source" : `the source ${source}`;
  shell.note(`listening to ${from}${forward === undefined ? "" : `, forwarding to ${forward}`}`);
  if (secret !== null) shell.note(`signing secret, the same at every start: ${secret}`);
}
