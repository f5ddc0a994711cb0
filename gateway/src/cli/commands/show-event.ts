import type { EventDetail, TimelineEntry } from "@holdfast/client";
import { askGateway, type AskFlags } from "../ask-gateway.ts";
import { type ExitCode, printJson, type Shell } from "../shell.ts";
import { formatDuration, formatTable, formatTime, printable } from "../table.ts";

export interface ShowEventFlags extends AskFlags {
  readonly id: string;
  readonly body?: boolean;
}

/** `holdfast events show`: one event, its way through the gateway with durations, and its deliveries. */
export async function showEvent(shell: Shell, flags: ShowEventFlags): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => {
    if (flags.body === true) {
      const body = await api.events.body(flags.id);
      if (flags.json === true) printJson(shell, { bodyBase64: Buffer.from(body).toString("base64") });
      else shell.write(body);
      return 0;
    }
    const event = await api.events.get(flags.id);
    if (flags.json === true) printJson(shell, event);
    else for (const line of describeEvent(shell, event)) shell.print(line);
    return 0;
  });
}

function* describeEvent(shell: Shell, event: EventDetail): Generator<string> {
  const { paint } = shell;
  yield `${paint.bold(event.id)}  ${printable(event.eventType ?? "(no type)")} from ${printable(event.source)} (${event.provider})`;
  const facts: [string, string][] = [
    ["provider's id", printable(event.providerEventId ?? "none")],
    [
      "verified",
      `by ${event.verifiedBy}${event.secretVersion === null ? "" : `, secret version ${printable(event.secretVersion)}`}`,
    ],
    ["body", `${event.bodyBytes} bytes, sha256 ${event.bodySha256.slice(0, 16)}…`],
    ["duplicates", describeDuplicates(event)],
  ];
  for (const [name, value] of facts) yield `  ${paint.dim(name.padEnd(14))} ${value}`;
  yield "";
  yield* formatTable(paint, ["time (UTC)", "after", "step", "what"], timelineRows(event.timeline));
  const dead = event.deliveries.find(({ state }) => state === "dead");
  if (dead !== undefined) yield `\nDeliver it again: npx holdfast dead retry ${dead.id}`;
}

function describeDuplicates({ duplicates }: EventDetail): string {
  const { count, variants, lastAt } = duplicates;
  if (count === 0) return "none";
  const differing = variants === 0 ? "all with the same bytes" : `${variants} with other bytes`;
  return `${count}, ${differing}, the last at ${lastAt === null ? "?" : formatTime(lastAt)}`;
}

/** Each step with the time since the one before it. */
function timelineRows(timeline: readonly TimelineEntry[]): string[][] {
  return timeline.map((entry, index) => {
    const before = timeline[index - 1];
    const after =
      before === undefined ? "" : `+${formatDuration(Math.max(0, Date.parse(entry.at) - Date.parse(before.at)))}`;
    return [`${entry.at.slice(11, 23)}`, after, entry.step, describeEntry(entry)];
  });
}

function describeEntry(entry: TimelineEntry): string {
  const parts: string[] = [];
  if (entry.destination !== undefined) parts.push(`to ${printable(entry.destination)}`);
  if (entry.attempt !== undefined) parts.push(`attempt ${entry.attempt}`);
  if (entry.outcome !== undefined) parts.push(entry.outcome);
  if (entry.status !== undefined && entry.status !== null) parts.push(`status ${entry.status}`);
  if (entry.durationMs !== undefined) parts.push(`took ${formatDuration(entry.durationMs)}`);
  if (entry.detail !== undefined && entry.detail !== null) parts.push(printable(entry.detail));
  if (entry.next !== undefined && entry.next !== null && entry.next !== "processed") {
    const at = entry.nextAt === undefined || entry.nextAt === null ? "" : ` at ${formatTime(entry.nextAt)}`;
    parts.push(`then ${entry.next}${at}`);
  }
  return parts.join(", ");
}
