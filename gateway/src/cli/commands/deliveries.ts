import type { Api, Attempt, DeliveryDetail, DeliveryState, DeliverySummary } from "@holdfast/client";
import { askGateway, type AskFlags } from "../ask-gateway.ts";
import { describeHeld } from "../describe-held.ts";
import { collect, type PageFlags, printPage, readLimit } from "../page-flags.ts";
import { complain, type ExitCode, printJson, type Shell } from "../shell.ts";
import { formatDuration, formatTable, formatTime, printable } from "../table.ts";

export interface DeliveryListFlags extends PageFlags {
  readonly state?: string;
  readonly destination?: string;
  readonly event?: string;
}

const STATES: readonly DeliveryState[] = ["ready", "scheduled", "held", "leased", "processed", "dead"];

/** `holdfast deliveries list`: the newest deliveries. */
export async function listDeliveries(shell: Shell, flags: DeliveryListFlags): Promise<ExitCode> {
  const limit = readLimit(shell, flags);
  if (limit === null) return 2;
  const state = STATES.find((known) => known === flags.state);
  if (flags.state !== undefined && state === undefined) {
    return complain(
      shell,
      { problem: `--state must be one of ${STATES.join(", ")}`, badInput: true },
      flags.json === true,
    );
  }
  const filter = {
    ...(state === undefined ? {} : { state }),
    ...(flags.destination === undefined ? {} : { destination: flags.destination }),
    ...(flags.event === undefined ? {} : { event: flags.event }),
  };
  return await askGateway(shell, flags, async ({ api }) => {
    const page = await collect(limit, flags.cursor, (query) => api.deliveries.page({ ...filter, ...query }));
    const words = flags.json === true ? [] : await tellHeld(api, page.items);
    const lines = [...deliveryTable(shell, page.items), ...words];
    return printPage(shell, flags, page, { lines, empty: "No delivery fits." });
  });
}

/** How many causes are put into words below a page. */
const TOLD_MAX = 8;

/** Why those that are held wait, and what to do: once for each destination and reason. */
async function tellHeld(api: Api, deliveries: readonly DeliverySummary[]): Promise<string[]> {
  const held = deliveries.filter(({ state, reason }) => state === "held" && reason !== null);
  const causes = new Map(held.map((one) => [`${one.destinationId} ${one.reason}`, one]));
  const told = await Promise.all(
    [...causes.values()].slice(0, TOLD_MAX).map(async ({ reason, destination, destinationId }) => {
      const found = await api.destinations.get(destinationId).catch(() => null);
      const { why, remedy } = describeHeld(reason ?? "", destination, found);
      return [`${printable(destination)}, ${reason}: ${printable(why)}`, `  ${printable(remedy)}`];
    }),
  );
  return told.length === 0 ? [] : ["", "Held:", ...told.flat()];
}

/** A table of deliveries, as `deliveries` and `dead` print it. */
export function deliveryTable(shell: Shell, deliveries: readonly DeliverySummary[]): string[] {
  const rows = deliveries.map((delivery) => {
    const { id, eventType, source, destination, state, attempt } = delivery;
    return [
      id,
      state,
      String(attempt),
      printable(source),
      printable(eventType ?? "-"),
      printable(destination),
      waitsFor(delivery),
    ];
  });
  return formatTable(
    shell.paint,
    ["delivery", "state", "attempts", "source", "type", "destination", "why or when"],
    rows,
  );
}

function waitsFor({ dueAt, reason, finishedAt }: DeliverySummary): string {
  if (reason !== null) return printable(reason);
  if (dueAt !== null) return `next at ${formatTime(dueAt)}`;
  return finishedAt === null ? "" : `at ${formatTime(finishedAt)}`;
}

/** `holdfast deliveries show`: one delivery with its attempts. */
export async function showDelivery(shell: Shell, flags: AskFlags & { readonly id: string }): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => {
    const delivery = await api.deliveries.get(flags.id);
    if (flags.json === true) printJson(shell, delivery);
    else for (const line of describeDelivery(shell, delivery)) shell.print(line);
    if (flags.json !== true) for (const line of await tellHeld(api, [delivery])) shell.print(line);
    return 0;
  });
}

function* describeDelivery(shell: Shell, delivery: DeliveryDetail): Generator<string> {
  const { paint } = shell;
  yield `${paint.bold(delivery.id)}  ${delivery.state}  ${printable(delivery.eventType ?? "(no type)")} from ${printable(delivery.source)} to ${printable(delivery.destination)}`;
  const facts: [string, string | null][] = [
    ["event", delivery.eventId],
    ["trigger", delivery.trigger],
    ["priority", delivery.priority],
    ["key", delivery.idempotencyKey],
    ["next at", delivery.dueAt === null ? null : formatTime(delivery.dueAt)],
    ["reason", delivery.reason === null ? null : printable(delivery.reason)],
    ["retry of", delivery.retryOf],
    ["retried as", delivery.retriedAs],
  ];
  for (const [name, value] of facts) if (value !== null) yield `  ${paint.dim(name.padEnd(10))} ${value}`;
  yield "";
  if (delivery.attempts.length === 0) yield "No attempt yet.";
  else
    yield* formatTable(
      paint,
      ["attempt", "started (UTC)", "took", "outcome", "status", "then"],
      delivery.attempts.map(attemptRow),
    );
  if (delivery.state === "dead" && delivery.retriedAs === null)
    yield `\nDeliver it again: npx holdfast dead retry ${delivery.id}`;
}

function attemptRow(attempt: Attempt): string[] {
  const { number, startedAt, durationMs, outcome, status, detail, nextState, nextDueAt } = attempt;
  const next = nextDueAt === null ? nextState : `${nextState} at ${formatTime(nextDueAt)}`;
  const why = detail === null ? "" : ` (${printable(detail)})`;
  return [
    String(number),
    formatTime(startedAt),
    formatDuration(durationMs),
    outcome,
    String(status ?? "-"),
    `${next}${why}`,
  ];
}
