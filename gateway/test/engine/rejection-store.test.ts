import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { createRejectionStore } from "../../src/engine/rejection-store.ts";
import type { Repeat } from "../../src/engine/retry-loops.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import type { Database } from "../../src/store/database.ts";
import { NOW, arrivalOf, readyOf } from "../support/catalog-rows.ts";

const KIB = 1_024;

/** A store that notes what it keeps, and a moment and a disk that the test gives. */
function openStore() {
  const noted: Repeat[] = [];
  const state = { ms: 0, isDiskLow: false };
  const metrics = createMetrics("0.0.0-test");
  const store = createRejectionStore({
    // Nothing is stored: each transaction says that it is.
    db: {
      transaction: async () => ({ ok: true, value: Array.from({ length: 64 }, () => null) }),
    } as unknown as Database,
    clock: { now: () => NOW, monotonicMs: () => state.ms },
    random: randomBytes,
    metrics,
    log: silentLog,
    loops: { note: (repeat) => void noted.push(repeat), drain: async () => {} },
    isDiskLow: () => state.isDiskLow,
  });
  const ready = readyOf({ id: "01890000-0000-7000-8000-000000000000" });
  const diagnosis = { step: "signature", summary: "", evidence: {}, likelyCause: null } as const;
  const body = (bytes: number, i: number) => `{"n":${i}}`.padEnd(bytes);
  /** @returns how many of so many bodies of this size were kept */
  const refuse = async (times: number, bytes = 10): Promise<number> => {
    const before = noted.length;
    for (let i = 0; i < times; i++) {
      store.keep(ready, arrivalOf(body(bytes, i), []), "signature_mismatch", diagnosis);
      // As they come: what waits to be written is bounded by itself.
      if (bytes > KIB) await store.drain();
    }
    await store.drain();
    return noted.length - before;
  };
  const unkept = async () => (await metrics.rejectionsUnkept.get()).values[0]?.value ?? 0;
  return { state, refuse, unkept };
}

it("looks for loops among the rejections that it keeps, and not among those that are too many", async () => {
  const { refuse, unkept } = openStore();
  expect(await refuse(3_000)).toBe(500);
  expect(await unkept()).toBe(2_500);
});

it("keeps no more of large ones than a disk can bear, whatever their number", async () => {
  const { state, refuse } = openStore();
  expect(await refuse(100, 1_024 * KIB)).toBe(63);
  state.ms = 60_000;
  expect(await refuse(100, 1_024 * KIB)).toBe(8);
});

it("keeps none while the disk is low, and goes on when it is not", async () => {
  const { state, refuse, unkept } = openStore();
  state.isDiskLow = true;
  expect(await refuse(5)).toBe(0);
  expect(await unkept()).toBe(5);
  state.isDiskLow = false;
  expect(await refuse(5)).toBe(5);
});
