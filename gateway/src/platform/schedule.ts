import { Cron } from "croner";
import type { ScheduleChecker } from "../domain/reconciliation-definition.ts";

const OPTIONS = { timezone: "UTC", mode: "5-part", paused: true } as const;

/** Says what is wrong with a cron pattern of five parts, or null. Minutes are the finest that a provider's log bears. */
export const checkSchedule: ScheduleChecker = (pattern) => {
  try {
    return new Cron(pattern, OPTIONS).nextRun() === null ? "never comes: no date fits it" : null;
  } catch {
    return 'is not a cron pattern of five parts in UTC, such as "*/15 * * * *"';
  }
};

/** The next moment of a pattern after another one; null when there is none. */
export function nextMoment(pattern: string, after: Date): Date | null {
  return new Cron(pattern, OPTIONS).nextRun(after);
}
