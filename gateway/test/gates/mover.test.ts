import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { startMover } from "../../src/engine/caretakers/mover.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { silentLog } from "../../src/platform/log.ts";
import type { Queryable } from "../../src/store/statement.ts";
import { destinationRow } from "../support/catalog-rows.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A mover whose windows take ten milliseconds each and hold so many, or fail where that is null; tells when each began. */
function openMover(windows: readonly (number | null)[]) {
  const left = [...windows];
  const begunMs: number[] = [];
  const startMs = Date.now();
  const nowMs = () => Date.now() - startMs;
  const run = async () => {
    begunMs.push(nowMs());
    vi.setSystemTime(Date.now() + 10);
    const held = left.length === 0 ? 0 : left.shift()!;
    if (held === null) throw new Error("connection lost");
    return { rowCount: held, rows: [] };
  };
  const catalog = { version: 1, sources: [], routes: [], throttles: [] };
  const index = indexCatalog({ ...catalog, destinations: [destinationRow("billing", { state: "paused" })] });
  const mover = startMover({
    db: { run: run as unknown as Queryable["run"] },
    clock: { now: () => new Date(), monotonicMs: nowMs },
    catalog: () => index,
    log: silentLog,
  });
  return { mover, begunMs };
}

it("holds window after window, and rests in between whatever is asked of it", async () => {
  const { mover, begunMs } = openMover([1_000, 1_000, 7]);
  await vi.advanceTimersByTimeAsync(15);
  for (let i = 0; i < 10; i++) mover.hint();
  await vi.advanceTimersByTimeAsync(300);
  expect(begunMs).toEqual([0, 30, 60, 90]);
  await mover.loop.stop();
});

it("looks again when something had to be given back, and not otherwise", async () => {
  const { mover, begunMs } = openMover([]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(begunMs).toEqual([0]);
  mover.hint();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(begunMs).toEqual([0, 2_010]);
  await mover.loop.stop();
});

it("looks again when the database was lost while it looked, though nobody asks once more", async () => {
  const { mover, begunMs } = openMover([null, 5]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(begunMs).toHaveLength(3);
  await mover.loop.stop();
});
