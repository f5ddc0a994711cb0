import type { Destination } from "@holdfast/client";
import { askGateway, type AskFlags } from "../ask-gateway.ts";
import { describeTrouble } from "../describe-held.ts";
import { collect, type PageFlags, printPage, readLimit } from "../page-flags.ts";
import { type ExitCode, printJson, type Shell } from "../shell.ts";
import { formatTable, printable } from "../table.ts";

/** `holdfast destinations list`: where deliveries go, and what holds them back. */
export async function listDestinations(shell: Shell, flags: PageFlags): Promise<ExitCode> {
  const limit = readLimit(shell, flags);
  if (limit === null) return 2;
  return await askGateway(shell, flags, async ({ api }) => {
    const page = await collect(limit, flags.cursor, (query) => api.destinations.page(query));
    const head = ["name", "state", "to", "limits", "what is wrong"];
    return printPage(shell, flags, page, {
      lines: formatTable(shell.paint, head, page.items.map(toRow)),
      empty: "No destination is declared.",
    });
  });
}

function toRow(destination: Destination): string[] {
  const { name, state, url, handler, concurrency, ratePerSec } = destination;
  const limits = [
    ...(concurrency === null ? [] : [`${concurrency} at once`]),
    ...(ratePerSec === null ? [] : [`${ratePerSec} a second`]),
  ];
  const trouble = describeTrouble(destination);
  return [
    printable(name),
    state,
    printable(url ?? `handler ${handler ?? ""}`),
    limits.length === 0 ? "-" : limits.join(", "),
    trouble === null ? "-" : printable(trouble.why),
  ];
}

/** `holdfast destinations pause|resume <name>`: holds what goes there, or lets it go on. Nothing is discarded. */
export async function setDestinationState(
  shell: Shell,
  flags: AskFlags & { readonly name: string; readonly state: "active" | "paused" },
): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => {
    const { name, state } = await api.destinations.update(flags.name, { state: flags.state });
    if (flags.json === true) printJson(shell, { name, state });
    else if (state === "paused")
      shell.print(
        `${name} is paused: its deliveries wait, at no cost. Resume it: npx holdfast destinations resume ${name}`,
      );
    else shell.print(`${name} is ${state}: what waited goes out, within its limits.`);
    return 0;
  });
}
