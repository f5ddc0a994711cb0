import type { Priority } from "./priority.ts";

/** What an operator has set, for a tenant's whole intake, one of its classes, or one of its sources. */
export interface Throttle {
  readonly tenant: string;
  readonly scope: ThrottleScope;
  /** The class or the source's id that it is for; empty for `all`. */
  readonly target: string;
  readonly action: ThrottleAction;
  /** Percent that is still accepted, 0 to 99; set exactly for the action `throttle`. */
  readonly admitPercent: number | null;
  readonly reason: string | null;
  readonly setAt: Date;
  /** It ends by itself. */
  readonly until: Date;
}

export type ThrottleScope = "all" | "class" | "source";
/** `throttle`: a part is answered 429. `refuse`: all is answered 503. `admit`: the overload controller leaves it alone. */
export const THROTTLE_ACTIONS = ["throttle", "refuse", "admit"] as const;
export type ThrottleAction = (typeof THROTTLE_ACTIONS)[number];

/** The longest that one may last: a forgotten one would refuse for ever. */
export const THROTTLE_MINUTES_MAX = 7 * 24 * 60;
export const THROTTLE_MINUTES_DEFAULT = 60;

/** Whom an arrival comes to, as far as throttles go. */
export interface ThrottleSubject {
  readonly tenant: string;
  readonly sourceId: string;
  readonly priority: Priority;
}

/** What the throttles that apply say together. */
export interface ThrottleVerdict {
  /** 0 to 1; the strictest of those that apply. */
  readonly share: number;
  /** Whether what is refused is refused outright, as against slowed down. */
  readonly isRefusal: boolean;
  /** When the strictest one ends. */
  readonly until: Date;
  readonly isExempt: boolean;
}

/** Whether a throttle is for this arrival at this moment. */
export function applies(throttle: Throttle, subject: ThrottleSubject, now: Date): boolean {
  if (throttle.tenant !== subject.tenant || throttle.until <= now) return false;
  switch (throttle.scope) {
    case "all":
      return true;
    case "class":
      return throttle.target === subject.priority;
    case "source":
      return throttle.target === subject.sourceId;
  }
}

/** Weighs the throttles that apply: the strictest holds; null when none does. */
export function weighThrottles(
  throttles: readonly Throttle[],
  subject: ThrottleSubject,
  now: Date,
): ThrottleVerdict | null {
  const found = throttles.filter((throttle) => applies(throttle, subject, now));
  if (found.length === 0) return null;
  const [strictest] = found.toSorted((a, b) => shareOf(a) - shareOf(b));
  return {
    share: shareOf(strictest!),
    isRefusal: strictest!.action === "refuse",
    until: strictest!.until,
    isExempt: found.some(({ action }) => action === "admit"),
  };
}

function shareOf({ action, admitPercent }: Throttle): number {
  if (action === "admit") return 1;
  return action === "refuse" ? 0 : (admitPercent ?? 0) / 100;
}
