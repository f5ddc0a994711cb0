/**
 * Whether an event type is meant by one of a route's patterns. A pattern is an event type in which `*` stands for any
 * run of characters: `*`, `invoice.*`, `*.deleted`. An event without a type is meant by `*` alone.
 */
export function matchesEventType(patterns: readonly string[], eventType: string | null): boolean {
  return patterns.some((pattern) => matchesPattern(pattern, eventType ?? ""));
}

function matchesPattern(pattern: string, text: string): boolean {
  const parts = pattern.split("*");
  if (parts.length === 1) return pattern === text;
  const first = parts[0]!;
  const last = parts.at(-1)!;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > text.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}
