// Longer numbers of seconds mean the same: the wait is capped far below (retry-policy.ts).
const SECONDS_MAX = 999_999_999;

/**
 * Reads `Retry-After` (RFC 9110, 10.2.3): whole seconds, or an HTTP date. Null for anything else and for times that have
 * passed, so that a broken header never shortens a wait.
 *
 * @param now the moment that a date is counted from
 */
export function parseRetryAfterMs(value: string | undefined, now: Date): number | null {
  if (value === undefined) return null;
  const text = value.trim();
  if (/^\d{1,64}$/.test(text)) return Math.min(Number(text), SECONDS_MAX) * 1_000;
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return null;
  const waitMs = Date.parse(text) - now.getTime();
  return Number.isFinite(waitMs) && waitMs > 0 ? waitMs : null;
}
