import type { Place } from "./field-checks.ts";
import { readText, report } from "./field-checks.ts";
import type { Priority } from "./priority.ts";
import { PRIORITIES } from "./priority.ts";
import { SELECTOR_CHARS_MAX, parseSelector } from "./selector.ts";

/** A declared priority; null when absent or faulty. */
export function checkPriority(place: Place, input: unknown): Priority | null {
  if (input === undefined) return null;
  const found = PRIORITIES.find((priority) => priority === input);
  return found ?? report(place, `must be one of ${PRIORITIES.join(", ")}`);
}

/** A declared selector as its text; null when absent or faulty. */
export function checkSelector(place: Place, input: unknown): string | null {
  const text = readText(place, input, SELECTOR_CHARS_MAX) ?? null;
  const parsed = text === null ? null : parseSelector(text);
  return parsed?.ok === false ? report(place, parsed.problem) : text;
}
