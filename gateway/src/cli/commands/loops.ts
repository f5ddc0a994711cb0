import type { RetryLoop } from "@holdfast/client";
import { askGateway } from "../ask-gateway.ts";
import { collect, type PageFlags, printPage, readLimit } from "../page-flags.ts";
import type { ExitCode, Shell } from "../shell.ts";
import { formatTable, formatTime, printable } from "../table.ts";

/** `holdfast loops`: what comes again and again, the latest first. */
export async function listLoops(shell: Shell, flags: PageFlags & { readonly source?: string }): Promise<ExitCode> {
  const limit = readLimit(shell, flags);
  if (limit === null) return 2;
  const filter = flags.source === undefined ? {} : { source: flags.source };
  return await askGateway(shell, flags, async ({ api }) => {
    const page = await collect(limit, flags.cursor, (query) => api.loops.page({ ...filter, ...query }));
    const head = ["last (UTC)", "source", "what comes again", "count", "a minute", "cause"];
    const lines = [...formatTable(shell.paint, head, page.items.map(toRow)), ""];
    const [first] = page.items;
    if (first !== undefined) lines.push(`What to do: ${first.runbook}`);
    return printPage(shell, flags, page, { lines, empty: "Nothing comes again and again." });
  });
}

function toRow(loop: RetryLoop): string[] {
  const { lastAt, source, eventId, bodySha256, count, ratePerMinute, cause, reason } = loop;
  const what = eventId ?? `body ${(bodySha256 ?? "").slice(0, 16)}…`;
  const why = reason === null ? cause : `${cause} (${printable(reason)})`;
  return [formatTime(lastAt), printable(source), what, String(count), String(ratePerMinute ?? "-"), why];
}
