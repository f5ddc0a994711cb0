import type { Paint } from "./shell.ts";

/** Rows as aligned columns, the head dim; columns are two spaces apart, and the last one is not padded. */
export function formatTable(paint: Paint, head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const format = (row: readonly string[]) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  ");
  return [paint.dim(format(head)), ...rows.map(format)];
}

/** Text that came from outside, made safe for a terminal: control characters could move its cursor or turn the line around. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\u00b7");
}

/** `2026-11-21 18:33:35`, in UTC. */
export function formatTime(iso: string): string {
  return iso.slice(0, 19).replace("T", " ");
}

/** `340 ms`, `2.1 s`, `4 min 10 s`, `3 h 5 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.round((ms % 60_000) / 1_000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
