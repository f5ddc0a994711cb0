import { statfs } from "node:fs/promises";
import type { Clock } from "../platform/clock.ts";

/** A mean over the last moments; 0 when there was nothing in them. */
export interface RecentMean {
  note(value: number): void;
  read(): number;
}

/** @param windowMs how far back it looks, by whole windows: what it shows is of the last one or two */
export function createRecentMean(clock: Clock, windowMs: number): RecentMean {
  let present = { startMs: clock.monotonicMs(), sum: 0, count: 0 };
  let before = present;
  const turn = (): void => {
    const nowMs = clock.monotonicMs();
    const passedMs = nowMs - present.startMs;
    if (passedMs < windowMs) return;
    before = passedMs < 2 * windowMs ? present : { startMs: nowMs, sum: 0, count: 0 };
    present = { startMs: nowMs, sum: 0, count: 0 };
  };
  return {
    note: (value) => {
      turn();
      present.sum += value;
      present.count++;
    },
    read: () => {
      turn();
      const isSame = before === present;
      const count = present.count + (isSame ? 0 : before.count);
      return count === 0 ? 0 : (present.sum + (isSame ? 0 : before.sum)) / count;
    },
  };
}

/** A value that is smoothed over time, so that one moment alone says little. */
export interface Smoothed {
  /** @param passedMs since the look before */
  note(value: number, passedMs: number): void;
  read(): number;
}

/** @param overMs how long a lasting value takes to be shown by two thirds */
export function createSmoothed(overMs: number): Smoothed {
  let shown = 0;
  return {
    note: (value, passedMs) => {
      shown += (1 - Math.exp(-passedMs / overMs)) * (value - shown);
    },
    read: () => shown,
  };
}

const MIB = 1_048_576;

/** MiB that an unprivileged user may still write in a folder's file system; null when that cannot be told. */
export async function readDiskFreeMib(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return (bavail * bsize) / MIB;
  } catch {
    return null;
  }
}
