import type { Api, Replay, ReplayWish } from "@holdfast/client";
import { askGateway, type AskFlags } from "../ask-gateway.ts";
import { readMoments } from "../moment-flags.ts";
import { readNumber } from "../number-flags.ts";
import { collect, type PageFlags, printPage, readLimit } from "../page-flags.ts";
import { type ExitCode, printJson, type Shell } from "../shell.ts";
import { formatDuration, formatTable, formatTime, printable } from "../table.ts";
import { operator } from "./dead.ts";

interface PlanFlags extends AskFlags {
  readonly source?: string[];
  readonly type?: string[];
  readonly since?: string;
  readonly until?: string;
  readonly destination?: string[];
  readonly state?: string[];
  /** True when it is given without a reason. */
  readonly rejected?: true | string[];
  readonly id?: string[];
  readonly again?: boolean;
  readonly copyTo?: string;
  readonly rate: string;
  readonly inFlight: string;
  readonly priority: NonNullable<ReplayWish["priority"]>;
  readonly trustRecorded?: boolean;
  readonly as?: string;
}

const LOOK_MS = 500;

/** `holdfast replay plan`: what would happen, and the token that makes it happen. */
export async function planReplay(shell: Shell, flags: PlanFlags): Promise<ExitCode> {
  const json = flags.json === true;
  const inFlightMax = readNumber(shell, { name: "in-flight", text: flags.inFlight, min: 1, max: 5_000, json });
  if (inFlightMax === null) return 2;
  const rate = { name: "rate", text: flags.rate, min: 0.1, max: 10_000, fraction: true, json } as const;
  const ratePerSec = readNumber(shell, rate);
  if (ratePerSec === null) return 2;
  const { rejected, since, until } = flags;
  const span = readMoments(shell, { since, until }, json);
  if (span === null) return 2;
  const wish: ReplayWish = {
    ...(flags.source === undefined ? {} : { sources: flags.source }),
    ...(flags.type === undefined ? {} : { types: flags.type }),
    ...span,
    ...(flags.destination === undefined ? {} : { destinations: flags.destination }),
    // The API says which states there are.
    ...(flags.state === undefined ? {} : { states: flags.state as NonNullable<ReplayWish["states"]> }),
    ...(rejected === undefined ? {} : { of: "rejections" as const }),
    ...(Array.isArray(rejected) ? { reasons: rejected } : {}),
    ...(flags.id === undefined ? {} : { ids: flags.id }),
    ...(flags.copyTo === undefined ? {} : { copyTo: flags.copyTo }),
    again: flags.again === true,
    trustRecorded: flags.trustRecorded === true,
    priority: flags.priority,
    ratePerSec,
    inFlightMax,
    ...operator(shell, flags.as),
  };
  return await askGateway(shell, flags, async ({ api }) => {
    const planned = await api.replays.plan(wish);
    if (json) printJson(shell, planned);
    else for (const line of describePlan(shell, planned)) shell.print(line);
    return 0;
  });
}

function* describePlan(shell: Shell, replay: Replay): Generator<string> {
  const { plan, scope, options } = replay;
  const what = scope.of === "events" ? "events" : "rejections";
  yield `${shell.paint.bold(replay.id)}: ${what} received from ${formatTime(scope.since)} to ${formatTime(scope.until)} UTC`;
  yield `  ${plan.scanned} scanned${plan.complete ? "" : " (the oldest part)"}: ${plan.wouldReplay} would be replayed, ${plan.wouldSkip} are duplicates and would be skipped`;
  for (const [reason, count] of Object.entries(plan.notReplayed)) yield `  ${count} left alone: ${printable(reason)}`;
  for (const { destination, deliveries } of plan.destinations)
    yield `  ${deliveries} deliveries to ${printable(destination)}`;
  for (const { destination, reason, deliveries } of plan.held)
    yield `  ${deliveries} wait at ${printable(destination)} by themselves (${reason}) and stay as they are`;
  yield `  ${plan.bodyBytes} bytes; queued in about ${formatDuration(plan.estimatedSec * 1_000)} at ${options.ratePerSec} a second, ${options.inFlightMax} under way at most, class ${options.priority}`;
  for (const note of plan.notes) yield `  ${shell.paint.yellow("note:")} ${note}`;
  yield "";
  yield `Run it within an hour: npx holdfast replay run ${replay.token ?? ""}`;
}

/** `holdfast replay run`: runs a plan, once, and waits for its end. Ends with 1 unless it completed and its check passed. */
export async function runReplay(
  shell: Shell,
  flags: AskFlags & { readonly planToken: string; readonly as?: string; readonly wait: boolean },
): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => {
    const started = await api.replays.run(flags.planToken, operator(shell, flags.as));
    if (flags.wait) return await follow(shell, flags, api, started);
    if (flags.json === true) printJson(shell, started);
    else shell.print(`${started.id} is ${started.state}. Follow it: npx holdfast replay watch ${started.id}`);
    return 0;
  });
}

/** `holdfast replay watch`: follows a replay to its end, with the exit codes of `replay run`. */
export async function watchReplay(shell: Shell, flags: AskFlags & { readonly id: string }): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => follow(shell, flags, api, await api.replays.get(flags.id)));
}

/** It goes on when this command is stopped: the gateway runs it, and this only looks. */
async function follow(shell: Shell, flags: AskFlags, api: Api, from: Replay): Promise<ExitCode> {
  let replay = from;
  let told = "";
  while (replay.state === "running") {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    replay = await api.replays.get(replay.id);
    const line = `${replay.id}: ${describeSummary(replay)}`;
    if (line !== told && replay.state === "running") shell.note(line);
    told = line;
  }
  const code = report(shell, flags, replay);
  // A script goes on after 0, and must not after half of it.
  return replay.state === "completed" ? code : 1;
}

function report(shell: Shell, flags: AskFlags, replay: Replay): ExitCode {
  if (flags.json === true) printJson(shell, replay);
  else for (const line of describe(shell, replay)) shell.print(line);
  const isBad = replay.state === "failed" || replay.summary.integrity_check === "fail";
  return isBad ? 1 : 0;
}

function describeSummary({ summary }: Replay): string {
  const {
    events_scanned: scanned,
    replayed,
    duplicate_skipped: skipped,
    processed,
    failed_permanent: failed,
  } = summary;
  return `${scanned} scanned, ${replayed} replayed, ${skipped} skipped, ${processed} processed, ${failed} failed, ${summary.still_waiting} waiting`;
}

/** What a plan of the same scope is asked for, as the flags of `replay plan`. */
function writeScope({ of, sources, types, since, until, destinations, states, reasons, ids }: Replay["scope"]): string {
  const listed = { source: sources, type: types, destination: destinations, state: states, id: ids };
  const flags = Object.entries(listed).flatMap(([name, values]) =>
    values.length === 0 ? [] : [`--${name}`, ...values.map(quote)],
  );
  const rejected = of === "rejections" ? ["--rejected", ...reasons.map(quote)] : [];
  return [...flags, ...rejected, "--since", since, "--until", until].join(" ");
}

function quote(value: string): string {
  const shown = printable(value);
  return /^[\w.:@/-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", String.raw`'\''`)}'`;
}

function* describe(shell: Shell, replay: Replay): Generator<string> {
  const { paint } = shell;
  const { scope, summary } = replay;
  const ended =
    replay.endedAt === null ? "" : `, ended ${formatTime(replay.endedAt)} by ${printable(replay.endedBy ?? "?")}`;
  const started =
    replay.startedAt === null
      ? "never run"
      : `started ${formatTime(replay.startedAt)} by ${printable(replay.startedBy ?? "?")}`;
  yield `${paint.bold(replay.id)} is ${replay.state}: ${started}${ended}`;
  yield paint.dim(
    `  ${scope.of} received from ${formatTime(scope.since)} to ${formatTime(scope.until)} UTC, gone over to ${formatTime(replay.scannedTo)}`,
  );
  yield paint.dim(`  scope: ${writeScope(scope)}`);
  yield "";
  for (const [name, value] of Object.entries(summary)) yield `  ${name.padEnd(18)} ${String(value)}`;
  yield "";
  for (const { name, passed, detail } of replay.checks)
    yield `  ${passed ? paint.green("ok  ") : paint.red("FAIL")} ${name.padEnd(28)} ${paint.dim(detail)}`;
  for (const [reason, count] of Object.entries(replay.notReplayed))
    yield `  ${count} not replayed: ${printable(reason)}`;
  if (replay.verified.retired_secret > 0)
    yield `  ${replay.verified.retired_secret} were signed with a secret that was retired since`;
  if (replay.endReason !== null) yield `  ${paint.red(printable(replay.endReason))}`;
  for (const { deliveryId } of replay.failed.slice(0, 5)) yield `  failed: npx holdfast dead show ${deliveryId}`;
  if (replay.state === "failed") yield `\nWhat to do: ${replay.runbook}`;
}

/** `holdfast replay show`: one replay as it stands. */
export async function showReplay(shell: Shell, flags: AskFlags & { readonly id: string }): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => report(shell, flags, await api.replays.get(flags.id)));
}

/** `holdfast replay cancel`: stops a replay and takes back what nobody has tried. */
export async function cancelReplay(
  shell: Shell,
  flags: AskFlags & { readonly id: string; readonly as?: string },
): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => {
    const replay = await api.replays.cancel(flags.id, operator(shell, flags.as));
    if (flags.json === true) printJson(shell, replay);
    else {
      shell.print(`${replay.id} is cancelled: ${describeSummary(replay)}.`);
      shell.print("What nobody has tried yet is being taken back; what was tried goes on as any delivery does.");
    }
    return 0;
  });
}

/** `holdfast replay list`: the newest replays. */
export async function listReplays(shell: Shell, flags: PageFlags): Promise<ExitCode> {
  const limit = readLimit(shell, flags);
  if (limit === null) return 2;
  return await askGateway(shell, flags, async ({ api }) => {
    const page = await collect(limit, flags.cursor, (query) => api.replays.page(query));
    const head = ["replay", "state", "planned (UTC)", "by", "check", "summary"];
    const rows = page.items.map((replay) => [
      replay.id,
      replay.state,
      formatTime(replay.plannedAt),
      printable(replay.startedBy ?? replay.plannedBy),
      replay.state === "planned" ? "-" : replay.summary.integrity_check,
      replay.state === "planned" ? `would replay ${replay.plan.wouldReplay}` : describeSummary(replay),
    ]);
    return printPage(shell, flags, page, { lines: formatTable(shell.paint, head, rows), empty: "No replay yet." });
  });
}
