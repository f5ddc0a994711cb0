import type { EventSummary } from "@holdfast/client";
import { askGateway } from "../ask-gateway.ts";
import { readMoments } from "../moment-flags.ts";
import { collect, type PageFlags, printPage, readLimit } from "../page-flags.ts";
import type { ExitCode, Shell } from "../shell.ts";
import { formatTable, formatTime, printable } from "../table.ts";

export interface EventListFlags extends PageFlags {
  readonly source?: string;
  readonly type?: string;
  readonly since?: string;
  readonly until?: string;
  readonly providerId?: string;
}

/** `holdfast events list`: the newest events. */
export async function listEvents(shell: Shell, flags: EventListFlags): Promise<ExitCode> {
  const limit = readLimit(shell, flags);
  if (limit === null) return 2;
  const { source, type, since, until, providerId } = flags;
  const span = readMoments(shell, { since, until }, flags.json === true);
  if (span === null) return 2;
  const filter = Object.fromEntries(
    Object.entries({ source, type, ...span, providerId }).filter(([, value]) => value !== undefined),
  );
  return await askGateway(shell, flags, async ({ api }) => {
    const page = await collect(limit, flags.cursor, (query) => api.events.page({ ...filter, ...query }));
    const lines = formatTable(
      shell.paint,
      ["received (UTC)", "event", "source", "type", "provider's id"],
      page.items.map(toRow),
    );
    const empty =
      Object.keys(filter).length > 0
        ? "No event fits."
        : "No events yet. Send one: npx holdfast send stripe invoice.paid";
    return printPage(shell, flags, page, { lines, empty });
  });
}

function toRow(event: EventSummary): string[] {
  const { receivedAt, id, source, eventType, providerEventId } = event;
  return [
    formatTime(receivedAt),
    id,
    printable(source),
    printable(eventType ?? "-"),
    printable(providerEventId ?? "-"),
  ];
}
