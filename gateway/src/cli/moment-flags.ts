import { complain, type Shell } from "./shell.ts";

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?$/;
/** What to say of a text that is no moment. */
export const MOMENT_REMEDY = "Write it as 2026-11-22, 2026-11-22 18:00 (both UTC) or 2026-11-22T18:00:00+01:00.";

/**
 * A moment as people type it: without a zone it is UTC, as every moment that is printed; without a time it is the day's
 * beginning. @returns it in ISO 8601, null when it is none
 */
export function readMoment(text: string): string | null {
  const timeMs = parseMoment(text.trim());
  return Number.isNaN(timeMs) || timeMs < 0 ? null : new Date(timeMs).toISOString();
}

function parseMoment(text: string): number {
  const [, day = "", time = "00:00", zone = "Z"] = /^([\d-]+)(?:[T ]([\d:.]+)(Z|[+-]\d{2}:\d{2})?)?$/i.exec(text) ?? [];
  if (!DAY.test(day) || !TIME.test(time)) return Number.NaN;
  // JavaScript takes the 30th of February for the 2nd of March.
  const startMs = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(startMs) || !new Date(startMs).toISOString().startsWith(day)) return Number.NaN;
  return Date.parse(`${day}T${time}${zone.toUpperCase()}`);
}

/** Flags that hold moments, read; null, and a complaint printed, when one of them is none. */
export function readMoments<K extends string>(
  shell: Shell,
  given: { readonly [N in K]?: string | undefined },
  json: boolean,
): { readonly [N in K]?: string } | null {
  const read: { [N in K]?: string } = {};
  for (const [name, text] of Object.entries(given) as [K, string | undefined][]) {
    if (text === undefined) continue;
    const moment = readMoment(text);
    if (moment === null) {
      const problem = `--${name} is no moment: ${JSON.stringify(text.slice(0, 100))}`;
      complain(shell, { problem, remedy: MOMENT_REMEDY, badInput: true }, json);
      return null;
    }
    read[name] = moment;
  }
  return read;
}
