import type { DeadFilter, DeadGroup, DeadLetter, HandledDeadLetters } from "@holdfast/client";
import { askGateway, type AskFlags } from "../ask-gateway.ts";
import { readMoments } from "../moment-flags.ts";
import { readNumber } from "../number-flags.ts";
import { collect, type PageFlags, printPage, readLimit } from "../page-flags.ts";
import { complain, type ExitCode, printJson, type Shell } from "../shell.ts";
import { formatTable, formatTime, printable } from "../table.ts";
import { deliveryTable } from "./deliveries.ts";

interface FilterFlags {
  readonly destination?: string;
  readonly source?: string;
  readonly type?: string;
  readonly group?: string;
  readonly cause?: string;
  readonly outcome?: string;
  readonly status?: string;
  readonly since?: string;
  readonly until?: string;
}

/** The filter that the flags say; null, and a complaint printed, when one of them says nothing. */
function readFilter(shell: Shell, { cause, status, ...flags }: FilterFlags & AskFlags): DeadFilter | null {
  const json = flags.json === true;
  const { destination, source, type, group, outcome, since, until } = flags;
  const span = readMoments(shell, { since, until }, json);
  if (span === null) return null;
  if (status !== undefined && !/^[1-5]\d\d$/.test(status)) {
    complain(shell, { problem: "--status must be an HTTP status, 100 to 599", badInput: true }, json);
    return null;
  }
  const given = { destination, source, type, group, outcome, ...span, reason: cause };
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...known, ...(status === undefined ? {} : { status: Number(status) }) };
}

/** `holdfast dead list`: dead letters by cause, each with what to do next, and the newest of them. */
export async function listDead(
  shell: Shell,
  flags: PageFlags & FilterFlags & { readonly dismissed?: boolean },
): Promise<ExitCode> {
  const limit = readLimit(shell, flags);
  if (limit === null) return 2;
  const chosen = readFilter(shell, flags);
  if (chosen === null) return 2;
  const filter = { ...chosen, ...(flags.dismissed === true ? { dismissed: true } : {}) };
  return await askGateway(shell, flags, async ({ api }) => {
    const page = await collect(limit, flags.cursor, (query) => api.deadLetters.page({ ...filter, ...query }));
    if (flags.json === true || page.items.length === 0)
      return printPage(shell, flags, page, { lines: [], empty: "No dead letters." });
    const groups = await api.deadLetters.groups(filter);
    const { newest, complete } = groups.searched;
    const searched = complete ? [] : [shell.paint.dim(`(the newest ${newest} were looked at; there are more)`)];
    const lines = [...groupLines(shell, groups.items), ...searched, "", ...letterTable(shell, page.items)];
    return printPage(shell, flags, page, { lines, empty: "No dead letters." });
  });
}

const GROUPS_SHOWN = 10;

function groupLines(shell: Shell, groups: readonly DeadGroup[]): string[] {
  const lines = groups.slice(0, GROUPS_SHOWN).flatMap((group) => {
    const { id, count, destination, eventType, reason, status, fingerprint, firstAt, lastAt, sample } = group;
    const what = status === null ? reason : `${reason}, status ${status}`;
    const said = fingerprint === "" ? "" : `: ${printable(fingerprint).slice(0, 80)}`;
    return [
      `${shell.paint.bold(`${count} × ${printable(what)}`)} at ${printable(destination)}, ${printable(eventType ?? "(no type)")}${said}`,
      shell.paint.dim(`  group ${id}, ${formatTime(firstAt)} to ${formatTime(lastAt)}, sample ${sample.deliveryId}`),
      `  ${group.suggestion}`,
    ];
  });
  const rest = groups.length - GROUPS_SHOWN;
  const [first] = groups;
  return [
    ...lines,
    ...(rest > 0 ? [shell.paint.dim(`and ${rest} smaller groups`)] : []),
    ...(first === undefined ? [] : ["", `What to do: ${first.runbook}`]),
  ];
}

function letterTable(shell: Shell, letters: readonly DeadLetter[]): string[] {
  if (letters.every(({ dismissed }) => dismissed === null)) return deliveryTable(shell, letters);
  const head = ["delivery", "type", "destination", "dismissed (UTC)", "by", "why", "undo with"];
  const rows = letters.map(({ id, eventType, destination, dismissed }) => [
    id,
    printable(eventType ?? "-"),
    printable(destination),
    dismissed === null ? "-" : formatTime(dismissed.at),
    printable(dismissed?.by ?? "-"),
    printable(dismissed?.reason ?? "-"),
    dismissed?.handlingId ?? "-",
  ]);
  return formatTable(shell.paint, head, rows);
}

/** `holdfast dead retry`: one dead letter at once, or all that fit a filter, after they were counted. */
export async function retryDead(
  shell: Shell,
  flags: AskFlags & FilterFlags & { readonly id?: string; readonly expect?: string },
): Promise<ExitCode> {
  const { id } = flags;
  const filter = readFilter(shell, flags);
  if (filter === null) return 2;
  const isFiltered = Object.keys(filter).length > 0;
  if ((id === undefined) !== isFiltered)
    return complain(
      shell,
      { problem: "give either one id or a filter such as --group", badInput: true },
      flags.json === true,
    );
  const expected = readExpect(shell, flags);
  if (expected === null) return 2;
  return await askGateway(shell, flags, async ({ api }) => {
    if (id === undefined) {
      const wish = { filter, ...expected, ...operator(shell) };
      return reportHandled(shell, flags, await api.deadLetters.retry(wish), "retry");
    }
    const delivery = await api.deliveries.retry(id);
    if (flags.json === true) printJson(shell, delivery);
    else {
      shell.print(
        `${delivery.id} is ${delivery.state}; it goes to ${printable(delivery.destination)} with the same idempotency key.`,
      );
      shell.print(`See what becomes of it: npx holdfast deliveries show ${delivery.id}`);
    }
    return 0;
  });
}

/** `holdfast dead dismiss`: takes letters out of the list, with the reason. */
export async function dismissDead(
  shell: Shell,
  flags: AskFlags &
    FilterFlags & { readonly ids: readonly string[]; readonly expect?: string; readonly reason: string },
): Promise<ExitCode> {
  const { ids, reason } = flags;
  const chosen = readFilter(shell, flags);
  if (chosen === null) return 2;
  const filter = { ...chosen, ...(ids.length === 0 ? {} : { ids: [...ids] }) };
  // Named one by one they need not be counted first.
  const expect = flags.expect ?? (ids.length > 0 ? String(ids.length) : undefined);
  const expected = readExpect(shell, { ...flags, expect });
  if (expected === null) return 2;
  return await askGateway(shell, flags, async ({ api }) => {
    const wish = { filter, reason, ...expected, ...operator(shell) };
    return reportHandled(shell, flags, await api.deadLetters.dismiss(wish), "dismiss");
  });
}

/** More than are ever handled at once. */
const EXPECTED_MAX = 1_000_000;

function readExpect(
  shell: Shell,
  { expect, json }: AskFlags & { readonly expect?: string | undefined },
): { expected?: number } | null {
  const flag = { name: "expect", text: expect, min: 0, max: EXPECTED_MAX, json: json === true };
  const expected = readNumber(shell, flag);
  if (expected === null) return null;
  return expected === undefined ? {} : { expected };
}

/** Who asks, as this shell knows it: the gateway knows only the key. */
export function operator(shell: Shell, name?: string): { by?: string } {
  const by = name ?? shell.env["USER"] ?? shell.env["LOGNAME"];
  return by === undefined || by === "" ? {} : { by: by.slice(0, 64) };
}

function reportHandled(shell: Shell, flags: AskFlags, done: HandledDeadLetters, verb: "retry" | "dismiss"): ExitCode {
  if (flags.json === true) printJson(shell, done);
  else if (done.searched !== null) {
    const { newest, complete } = done.searched;
    const looked = complete ? "" : ` among the newest ${newest}; there are more`;
    shell.print(`${done.impact} fit${looked}. Nothing was done yet.`);
    if (done.impact > 0) shell.print(`To ${verb} them, add: --expect ${done.impact}`);
  } else if (done.handlingId === null) shell.print("None fits any more; nothing was done.");
  else {
    shell.print(`${done.handled} ${verb === "retry" ? "are queued again with the same keys" : "are dismissed"}.`);
    shell.print(`Undo it within 7 days: npx holdfast dead restore ${done.handlingId}`);
  }
  return 0;
}

/** `holdfast dead restore`: undoes what was done with dead letters. */
export async function restoreDead(
  shell: Shell,
  flags: AskFlags & { readonly ids: readonly string[] },
): Promise<ExitCode> {
  const [first = ""] = flags.ids;
  const isHandling = first.startsWith("hdl_");
  if (isHandling && flags.ids.length > 1)
    return complain(shell, { problem: "give one handling, or several letters", badInput: true }, flags.json === true);
  return await askGateway(shell, flags, async ({ api }) => {
    const what = isHandling ? { handling: first } : { ids: [...flags.ids] };
    const done = await api.deadLetters.restore(what, operator(shell));
    if (flags.json === true) printJson(shell, done);
    else {
      shell.print(`${done.restored} open again.`);
      if (done.tooLate > 0) shell.print(`${done.tooLate} were tried already, which cannot be undone.`);
    }
    return done.tooLate > 0 ? 1 : 0;
  });
}

/** `holdfast dead handlings`: what was done, by whom and why. */
export async function listHandlings(shell: Shell, flags: PageFlags): Promise<ExitCode> {
  const limit = readLimit(shell, flags);
  if (limit === null) return 2;
  return await askGateway(shell, flags, async ({ api }) => {
    const page = await collect(limit, flags.cursor, (query) => api.deadLetters.handlings(query));
    const head = ["handling", "when (UTC)", "by", "what", "letters", "why", "undone"];
    const rows = page.items.map((one) => [
      one.id,
      formatTime(one.handledAt),
      printable(one.handledBy),
      one.kind,
      String(one.deliveries),
      printable(one.reason ?? "-"),
      one.undoneAt === null ? "-" : `${formatTime(one.undoneAt)} by ${printable(one.undoneBy ?? "?")}`,
    ]);
    return printPage(shell, flags, page, {
      lines: formatTable(shell.paint, head, rows),
      empty: "Nothing was done yet.",
    });
  });
}

/** `holdfast dead export`: each letter with its request as it came, one JSON line each. */
export async function exportDead(
  shell: Shell,
  flags: AskFlags & FilterFlags & { readonly limit: string; readonly dismissed?: boolean },
): Promise<ExitCode> {
  const limit = readLimit(shell, flags);
  if (limit === null) return 2;
  const chosen = readFilter(shell, flags);
  if (chosen === null) return 2;
  const filter = { ...chosen, ...(flags.dismissed === true ? { dismissed: true } : {}) };
  return await askGateway(shell, flags, async ({ api }) => {
    const page = await collect(limit, undefined, (query) => api.deadLetters.page({ ...filter, ...query }));
    for (const letter of page.items) {
      // The event may not be kept any more; the letter is told all the same.
      const request = letter.sourceId === null ? null : await api.events.raw(letter.eventId);
      printJson(shell, { ...letter, request });
    }
    if (page.nextCursor !== null) shell.note(`There are more than ${limit}: narrow it, by --since or --until.`);
    return 0;
  });
}
