/** A time in which every attempt of a destination failed. Times are the database's. */
export interface FailureStretch {
  readonly firstAt: Date;
  readonly lastAt: Date;
}

export const NOTICE_KINDS = ["failing_1_day", "failing_3_days", "disabled"] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The first notice is given after so long. */
export const NOTICE_MS = DAY_MS;
const SECOND_NOTICE_MS = 3 * DAY_MS;
const DISABLE_MS = 5 * DAY_MS;
/** Failures of one bad hour, with silence after them, say nothing about five days. */
const SPAN_MIN_MS = 12 * HOUR_MS;

/**
 * The notices that are due for a destination that only fails: after one day, after three, and that it is disabled after five,
 * if its first and its last failure lie 12 hours apart.
 */
export function noticesDue({ firstAt, lastAt }: FailureStretch, now: Date): readonly NoticeKind[] {
  const forMs = now.getTime() - firstAt.getTime();
  const isSpanned = lastAt.getTime() - firstAt.getTime() >= SPAN_MIN_MS;
  return [
    ...(forMs >= NOTICE_MS ? (["failing_1_day"] as const) : []),
    ...(forMs >= SECOND_NOTICE_MS ? (["failing_3_days"] as const) : []),
    ...(forMs >= DISABLE_MS && isSpanned ? (["disabled"] as const) : []),
  ];
}
