import type { Api, Reconciliation, ReconciliationEntry, ReconciliationRun } from "@holdfast/client";
import { askGateway, type AskFlags } from "../ask-gateway.ts";
import { readMoments } from "../moment-flags.ts";
import { collect, type PageFlags, printPage, readLimit } from "../page-flags.ts";
import { complain, type ExitCode, printJson, type Shell } from "../shell.ts";
import { formatTable, formatTime, printable } from "../table.ts";

const LOOK_MS = 500;

/** `holdfast reconcile status`: what is compared, when next, and what the newest run of each found. */
export async function showStatus(shell: Shell, flags: AskFlags): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => {
    const { items } = await api.reconciliations.page();
    if (flags.json === true) for (const item of items) printJson(shell, item);
    else if (items.length === 0)
      shell.print("No source is compared with its provider's log yet: docs/reconciliation.md.");
    else {
      const head = ["name", "source", "schedule (UTC)", "next (UTC)", "newest run", "found", "under way"];
      for (const line of formatTable(shell.paint, head, items.map(toStatusRow))) shell.print(line);
      for (const item of items) nameUnexplained(shell, item);
      const alarming = items.find(hasAlarm);
      if (alarming !== undefined) shell.note(`What to do: ${alarming.lastRun?.runbook ?? ""}`);
    }
    return items.some(hasAlarm) ? 1 : 0;
  });
}

/** As the metric and the alert have it: of one that is disabled nobody is told. */
function hasAlarm({ state, lastRun, unexplained }: Reconciliation): boolean {
  return state === "active" && (unexplained > 0 || lastRun?.state === "failed");
}

function toStatusRow(setup: Reconciliation): string[] {
  const { name, source, schedule, state, nextDueAt, lastRun, currentRun, secretReadable } = setup;
  const next = state === "disabled" ? "disabled" : nextDueAt === null ? "when asked" : formatTime(nextDueAt);
  const when = secretReadable ? next : "its secret cannot be read";
  const run = lastRun === null ? "none yet" : `${lastRun.id} ${lastRun.state}`;
  const found = lastRun === null ? "" : describeFound(lastRun);
  return [name, printable(source), schedule ?? "-", when, run, found, currentRun?.id ?? "-"];
}

/** What is unexplained need not be of the newest run: names the runs that have it. */
function nameUnexplained(shell: Shell, { name, unexplained, unexplainedIn }: Reconciliation): void {
  if (unexplained === 0) return;
  const older = unexplained - unexplainedIn.reduce((sum, { count }) => sum + count, 0);
  shell.print(`${name}: ${unexplained} unexplained in all`);
  for (const { runId, count } of unexplainedIn)
    shell.print(`  ${count} in ${runId}: npx holdfast reconcile show ${runId} --state unexplained`);
  if (older > 0) shell.print(`  ${older} in older runs: npx holdfast reconcile list --reconciliation ${name}`);
}

interface RunFlags extends AskFlags {
  readonly reconciliation: string;
  readonly from?: string;
  readonly to?: string;
  /** False: `--no-wait`. */
  readonly wait: boolean;
}

/** `holdfast reconcile run`: starts a run and, unless told not to, waits for its report. */
export async function runReconciliation(shell: Shell, flags: RunFlags): Promise<ExitCode> {
  const { from, to } = flags;
  if ((from === undefined) !== (to === undefined)) {
    const problem = "--from and --to belong together";
    return complain(shell, { problem, badInput: true }, flags.json === true);
  }
  const given = readMoments(shell, { from, to }, flags.json === true);
  if (given === null) return 2;
  return await askGateway(shell, flags, async ({ api }) => {
    const window = given.from === undefined || given.to === undefined ? undefined : { from: given.from, to: given.to };
    const started = await api.reconciliations.start(flags.reconciliation, window);
    if (!flags.wait) {
      if (flags.json === true) printJson(shell, started);
      else shell.print(`${started.id} is started. See what it finds: npx holdfast reconcile show ${started.id}`);
      return 0;
    }
    const run = await waitForEnd(shell, api, started);
    if (flags.json === true) printJson(shell, run);
    else printReport(shell, run);
    return isAlarming(run) || run.state !== "completed" ? 1 : 0;
  });
}

/** A run may wait for a provider for hours; what it waits for is told, and it goes on when this command is stopped. */
async function waitForEnd(shell: Shell, api: Api, started: ReconciliationRun): Promise<ReconciliationRun> {
  let run = started;
  let told: string | null = null;
  while (run.finishedAt === null) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    run = await api.reconciliations.runs.get(run.id);
    if (run.detail !== null && run.finishedAt === null && run.detail !== told)
      shell.note(`${run.id}: ${printable(run.detail)}`);
    told = run.detail;
  }
  return run;
}

/** `holdfast reconcile list`: runs with their reports. */
export async function listRuns(
  shell: Shell,
  flags: PageFlags & { readonly reconciliation?: string },
): Promise<ExitCode> {
  const limit = readLimit(shell, flags);
  if (limit === null) return 2;
  const filter = flags.reconciliation === undefined ? {} : { reconciliation: flags.reconciliation };
  return await askGateway(shell, flags, async ({ api }) => {
    const page = await collect(limit, flags.cursor, (query) => api.reconciliations.runs.page({ ...filter, ...query }));
    const head = [
      "run",
      "reconciliation",
      "state",
      "window (UTC)",
      "listed",
      "matched",
      "missing",
      "recovered",
      "dead",
      "unknown",
      "unexplained",
    ];
    const lines = formatTable(shell.paint, head, page.items.map(toRunRow));
    return printPage(shell, flags, page, { lines, empty: "No run yet." });
  });
}

function toRunRow({ id, reconciliation, state, windowFrom, windowTo, report }: ReconciliationRun): string[] {
  const { listed, matched, missing, recovered, deadHere, unknownToProvider, unexplained } = report;
  const counts = [listed, matched, missing, recovered, deadHere, unknownToProvider, unexplained].map(String);
  return [id, reconciliation, state, `${formatTime(windowFrom)} to ${formatTime(windowTo)}`, ...counts];
}

/** `holdfast reconcile show`: one run and the events behind its report. */
export async function showRun(
  shell: Shell,
  flags: PageFlags & { readonly run: string; readonly state?: string },
): Promise<ExitCode> {
  const limit = readLimit(shell, flags);
  if (limit === null) return 2;
  return await askGateway(shell, flags, async ({ api }) => {
    const run = await api.reconciliations.runs.get(flags.run);
    const code = isAlarming(run) ? 1 : 0;
    // The gateway says what is wrong with a state that there is not.
    const filter = flags.state === undefined ? {} : { state: flags.state as ReconciliationEntry["state"] };
    const page = await collect(limit, flags.cursor, (query) =>
      api.reconciliations.runs.entries(run.id, { ...filter, ...query }),
    );
    if (flags.json === true) {
      printJson(shell, { ...run, entries: page.items, nextCursor: page.nextCursor });
      return code;
    }
    printReport(shell, run);
    if (page.items.length === 0) return code;
    shell.print("");
    const head = ["state", "provider's id", "type", "happened (UTC)", "event", "how or why"];
    for (const line of formatTable(shell.paint, head, page.items.map(toEntryRow))) shell.print(line);
    adviseReplay(shell, run, page.items);
    if (page.nextCursor !== null) shell.note(shell.paint.dim(`There are more: --cursor ${page.nextCursor}`));
    return code;
  });
}

const ADVISED_MAX = 20;

function adviseReplay(shell: Shell, { windowFrom }: ReconciliationRun, entries: readonly ReconciliationEntry[]): void {
  const ids = entries.flatMap(({ state, eventId }) => (state === "dead_here" && eventId !== null ? [eventId] : []));
  if (ids.length === 0) return;
  const shown = ids.slice(0, ADVISED_MAX).join(" ");
  shell.note(
    `Plan a replay of what is dead here: npx holdfast replay plan --state dead --since ${windowFrom} --id ${shown}`,
  );
}

function toEntryRow(entry: ReconciliationEntry): string[] {
  const at = entry.occurredAt === null ? "-" : formatTime(entry.occurredAt);
  const why =
    entry.recoveredBy ??
    entry.detail ??
    (entry.providerOutcome === null ? "" : `${entry.providerOutcome}, says the provider`);
  return [
    entry.state,
    printable(entry.providerEventId),
    printable(entry.eventType ?? "-"),
    at,
    entry.eventId ?? "-",
    printable(why),
  ];
}

/** `holdfast reconcile cancel`. */
export async function cancelRun(shell: Shell, flags: AskFlags & { readonly run: string }): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => {
    const run = await api.reconciliations.runs.cancel(flags.run);
    if (flags.json === true) printJson(shell, run);
    else printReport(shell, run);
    return 0;
  });
}

function isAlarming({ report, state }: ReconciliationRun): boolean {
  return report.unexplained > 0 || state === "failed";
}

function printReport(shell: Shell, run: ReconciliationRun): void {
  const { report } = run;
  shell.print(`${run.id}  ${run.reconciliation}  ${run.state}`);
  shell.print(`window    ${formatTime(run.windowFrom)} to ${formatTime(run.windowTo)} UTC`);
  if (run.detail !== null) shell.print(`detail    ${printable(run.detail)}`);
  const rows: [string, number][] = [
    ["listed", report.listed],
    ["matched", report.matched],
    ["missing", report.missing],
    ["recovered", report.recovered],
    ["dead_here", report.deadHere],
    ["unknown_to_provider", report.unknownToProvider],
    ["unexplained", report.unexplained],
  ];
  for (const [name, count] of rows) shell.print(`${name.padEnd(20)} ${String(count).padStart(8)}`);
  noteRunbook(shell, [run]);
}

function noteRunbook(shell: Shell, runs: readonly ReconciliationRun[]): void {
  const alarming = runs.find(isAlarming);
  if (alarming !== undefined) shell.note(`What to do: ${alarming.runbook}`);
}

function describeFound({ state, report }: ReconciliationRun): string {
  if (state !== "completed") return `${state}: not all was compared`;
  const { listed, recovered, deadHere, unexplained } = report;
  return `${listed} listed, ${recovered} recovered, ${deadHere} dead here, ${unexplained} unexplained`;
}
