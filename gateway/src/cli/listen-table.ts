import type { StreamedEvent } from "@holdfast/client";
import type { Forwarded } from "./forward-event.ts";
import type { Paint } from "./shell.ts";
import { printable } from "./table.ts";

/** One event that was heard, and what became of it. */
export interface Heard {
  readonly event: StreamedEvent;
  attempts: number;
  /** Null while it is on its way, and where nothing is forwarded. */
  result: Forwarded | null;
}

/** What the person at the terminal has chosen. */
export interface View {
  selected: number;
  filter: string;
  /** Keys go to the filter. */
  typing: boolean;
  note: string;
}

/** Those that fit the filter: a part of the type, the source or an id. */
export function pickShown(heard: readonly Heard[], filter: string): readonly Heard[] {
  const wanted = filter.toLowerCase();
  return heard.filter(({ event }) =>
    [event.eventType, event.source, event.id, event.providerEventId].some((text) =>
      text?.toLowerCase().includes(wanted),
    ),
  );
}

/** One event as one line: when, what was answered, its type, its source, its id. Never wider than the terminal. */
export function lineOf({ event, result, attempts }: Heard, paint: Paint, columns = 200): string {
  const status = result === null ? "  …" : result.status === 0 ? "ERR" : String(result.status);
  const isGood = result !== null && result.status >= 200 && result.status < 300;
  const tint = result === null ? paint.dim : isGood ? paint.green : paint.red;
  const took = result === null ? "" : `${result.durationMs} ms`;
  const rest = [
    printable(event.eventType ?? "-").padEnd(32),
    printable(event.source).padEnd(14),
    event.id,
    took,
    attempts > 1 ? `attempt ${attempts}` : "",
  ].join("  ");
  return `${event.receivedAt.slice(11, 19)}  ${tint(status.padStart(3))}  ${rest.slice(0, Math.max(10, columns - 17)).trimEnd()}`;
}

/** The screen as lines: the newest events with the chosen one marked, and the keys below. */
export function drawTable(
  heard: readonly Heard[],
  view: View,
  paint: Paint,
  size: { readonly columns: number; readonly rows: number },
): string[] {
  const shown = pickShown(heard, view.filter);
  const room = Math.max(3, size.rows - 4);
  const first = Math.max(0, Math.min(view.selected - room + 1, shown.length - room));
  const rows = shown.slice(first, first + room).map((one, i) => {
    const mark = first + i === view.selected ? paint.cyan(">") : " ";
    return `${mark} ${lineOf(one, paint, size.columns - 2)}`;
  });
  const filter = view.typing || view.filter !== "" ? [`/${printable(view.filter)}${view.typing ? "_" : ""}`] : [];
  const keys = "↑↓ j k choose · r retry · d detail · o open · C copy · / filter · q quit";
  return [...rows, ...filter, paint.dim(keys.slice(0, size.columns)), view.note.slice(0, size.columns)];
}
