import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import type { Destination } from "../../src/domain/catalog.ts";
import { createFairQueue } from "../../src/domain/fair-queue.ts";
import { NO_LIMITS } from "../../src/domain/gate.ts";
import { startFeeder } from "../../src/engine/caretakers/feeder.ts";
import { silentLog } from "../../src/platform/log.ts";
import type { Database, Transaction } from "../../src/store/database.ts";
import type { Statement } from "../../src/store/statement.ts";

beforeEach(() => void vi.useFakeTimers());

const NOW = new Date("2026-11-21T12:00:00Z");

/** Gates at which something always waits, with their tokens used up: only time has to pass. */
function openWorld(ratesPerSec: Readonly<Record<string, number>>) {
  const fed: string[] = [];
  const gate = { ordered: false, slow_concurrency: null, breaker: "closed", breaker_concurrency: null, probe_at: null };
  const run = async ({ name }: Statement, values: readonly unknown[]) => {
    if (name === "take_gate") {
      fed.push(String(values[0]));
      return { rows: [{ ...gate, tokens: 0, refilled_at: NOW, now: NOW }] };
    }
    return { rows: name === "read_queue_at_gate" ? [{ waiting: true, out: 0, unclaimed: 0 }] : [] };
  };
  const transaction = async (work: (tx: Transaction) => Promise<unknown>) => ({
    ok: true,
    value: await work({ run } as unknown as Transaction),
  });
  const destinations = Object.entries(ratesPerSec).map(
    ([id, ratePerSec]) =>
      ({ id, state: "active", gate: null, policy: { ...NO_LIMITS, ratePerSec } }) as unknown as Destination,
  );
  const feeder = startFeeder({
    db: { run, transaction } as unknown as Database,
    clock: { now: () => NOW, monotonicMs: () => performance.now() },
    catalog: () =>
      ({
        catalog: { destinations },
        findDestination: (id: string) => destinations.find((one) => one.id === id) ?? null,
      }) as never,
    ranks: createFairQueue(),
    log: silentLog,
    onReady: () => {},
  });
  onTestFinished(() => feeder.stop());
  return { fed, feeder };
}

test("a gate that is due in 20 ms is not held up by another that asked first and is due in 200", async () => {
  const { fed, feeder } = openWorld({ slower: 5, faster: 50 });
  await vi.advanceTimersByTimeAsync(0);
  feeder.hint("slower", null);
  await vi.advanceTimersByTimeAsync(0);
  feeder.hint("faster", null);
  await vi.advanceTimersByTimeAsync(0);
  await vi.advanceTimersByTimeAsync(25);
  expect(fed.filter((id) => id === "faster").length).toBe(2);
});
