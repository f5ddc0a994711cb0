import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { createRejectionStore } from "../../src/engine/rejection-store.ts";
import type { Repeat } from "../../src/engine/retry-loops.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import type { Database } from "../../src/store/database.ts";
import { NOW, arrivalOf, readyOf } from "../support/catalog-rows.ts";

it("looks for loops among the rejections that it keeps, and not among those that are too many", async () => {
  const noted: Repeat[] = [];
  const store = createRejectionStore({
    // Nothing is stored: each transaction says that it is.
    db: {
      transaction: async () => ({ ok: true, value: Array.from({ length: 64 }, () => null) }),
    } as unknown as Database,
    clock: { now: () => NOW, monotonicMs: () => 0 },
    random: randomBytes,
    metrics: createMetrics("0.0.0-test"),
    log: silentLog,
    loops: { note: (repeat) => void noted.push(repeat), drain: async () => {} },
  });
  const ready = readyOf({ id: "01890000-0000-7000-8000-000000000000" });
  const diagnosis = { step: "signature", summary: "", evidence: {}, likelyCause: null } as const;
  for (let i = 0; i < 3_000; i++) store.keep(ready, arrivalOf(`{"n":${i}}`, []), "signature_mismatch", diagnosis);
  await store.drain();
  expect(noted.length).toBe(500);
});
