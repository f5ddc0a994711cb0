import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GateStanding, Limits } from "../../src/domain/gate.ts";
import {
  FEED_MAX,
  NO_LIMITS,
  afterFeed,
  gateOf,
  heldReasonOf,
  needsSlowGate,
  planFeed,
  stopReasonOf,
} from "../../src/domain/gate.ts";

const start = new Date("2026-11-21T12:00:00Z");
const later = (ms: number): Date => new Date(start.getTime() + ms);
const standing: GateStanding = {
  breaker: { state: "closed", concurrency: null, probeAt: null },
  slowConcurrency: null,
  tokens: 1_000_000,
  refilledAt: start,
};
const feedAt = (limits: Limits, at: GateStanding, out: number, now = start, slowGates = 0, unclaimed = 0) =>
  planFeed(limits, at, { out, unclaimed, slowGates, now });

describe("the gate of a destination", () => {
  it("is there for a limit, for being slow and for a breaker, the strongest named, and else not", () => {
    const row = { breaker: "closed", breakerSince: null, slowConcurrency: null } as const;
    expect(gateOf(NO_LIMITS, null)).toBeNull();
    expect(gateOf(NO_LIMITS, row)).toBeNull();
    expect(gateOf({ ...NO_LIMITS, concurrency: 3 }, null)?.reason).toBe("limit");
    expect(gateOf({ ...NO_LIMITS, concurrency: 3 }, { ...row, slowConcurrency: 4 })?.reason).toBe("slow");
    expect(gateOf(NO_LIMITS, { ...row, slowConcurrency: 4, breaker: "open" })?.reason).toBe("breaker");
    expect(gateOf(NO_LIMITS, { ...row, breaker: "open" })?.reason).toBe("breaker");
    expect(gateOf({ ...NO_LIMITS, ratePerSec: 3 }, null)?.reason).toBe("limit");
    expect(gateOf(NO_LIMITS, { ...row, slowConcurrency: 4 })?.reason).toBe("slow");
    const broken = { breaker: "recovering", breakerSince: start, slowConcurrency: 4 } as const;
    expect(gateOf(NO_LIMITS, broken)).toEqual({ ...broken, reason: "breaker" });
  });

  it("holds what is new, and what keeps an order waits for its turn first, also behind a pause", () => {
    const gate = gateOf({ ...NO_LIMITS, concurrency: 1 }, null);
    expect(heldReasonOf({ state: "active", gate: null }, null)).toBeNull();
    expect(heldReasonOf({ state: "active", gate }, null)).toBe("destination_gated");
    expect(heldReasonOf({ state: "paused", gate }, null)).toBe("destination_paused");
    expect(heldReasonOf({ state: "paused", gate }, "a")).toBe("ordered");
  });

  it("lets who has a permit through, but not to a destination that is paused or disabled", () => {
    const gate = gateOf({ ...NO_LIMITS, concurrency: 1 }, null);
    const reasons = ([gate, null] as const).flatMap((one) =>
      (["active", "paused", "disabled"] as const).map((state) =>
        [false, true].map((hasPermit) => stopReasonOf({ state, gate: one }, hasPermit)),
      ),
    );
    const [paused, disabled] = ["destination_paused", "destination_disabled"].map((reason) => [reason, reason]);
    expect(reasons).toEqual([["destination_gated", null], paused, disabled, [null, null], paused, disabled]);
  });

  it("has as many places as the narrowest of its bounds leaves", () => {
    const limits = { ...NO_LIMITS, concurrency: 10 };
    expect(feedAt(limits, standing, 4)).toMatchObject({ isGated: true, room: 6 });
    expect(feedAt(limits, standing, 12).room).toBe(0);
    expect(feedAt(limits, { ...standing, slowConcurrency: 3 }, 2).room).toBe(1);
    const recovering = { state: "recovering", concurrency: 2, probeAt: null } as const;
    expect(feedAt(limits, { ...standing, breaker: recovering }, 1).room).toBe(1);
    expect(feedAt(NO_LIMITS, standing, 900)).toMatchObject({ isGated: false, room: FEED_MAX });
  });

  it("lets one probe out of an open breaker when its time has come, and the next one half a minute later", () => {
    const open = { ...standing, breaker: { state: "open", concurrency: null, probeAt: later(30_000) } } as const;
    expect(feedAt(NO_LIMITS, open, 0, later(29_999))).toMatchObject({ isGated: true, room: 0, waitMs: 1 });
    const plan = feedAt(NO_LIMITS, open, 0, later(30_000));
    expect(plan.room).toBe(1);
    expect(afterFeed(plan, open, 1, later(30_000)).probeAt).toEqual(later(60_000));
    expect(afterFeed(plan, open, 0, later(30_000)).probeAt).toEqual(later(30_000));
  });

  it("of a slow destination with a wide share is made narrower, and one with a narrow share no wider", () => {
    const slow = (slowConcurrency: number) =>
      gateOf(NO_LIMITS, { breaker: "closed", breakerSince: null, slowConcurrency });
    expect([null, slow(16), slow(2), slow(1)].map((gate) => needsSlowGate(NO_LIMITS, gate, 2))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    // Its own limit is as narrow already.
    expect(needsSlowGate({ ...NO_LIMITS, concurrency: 2 }, slow(16), 2)).toBe(false);
    expect(needsSlowGate({ ...NO_LIMITS, concurrency: 3 }, slow(16), 2)).toBe(true);
  });

  it("gives each of many slow destinations less, and none nothing", () => {
    const slow = { ...standing, slowConcurrency: 16 };
    const rooms = [1, 4, 8, 16, 64, 900].map((slowGates) => feedAt(NO_LIMITS, slow, 0, start, slowGates).room);
    expect(rooms).toEqual([16, 16, 8, 4, 1, 1]);
  });

  it("never lets out more than its rate and one burst, however often and with clocks that are two seconds apart", () => {
    const asks = fc.array(fc.integer({ min: -50, max: 400 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 10, max: 600 }),
        asks,
        (ratePerSec, burst, steps) => {
          const limits = { concurrency: null, ratePerSec, burst };
          let at: GateStanding = standing;
          let [nowMs, latestMs, total] = [0, 0, 0];
          for (const step of steps) {
            // Another process's clock may be behind.
            nowMs = Math.max(0, latestMs - 2_000, nowMs + step);
            latestMs = Math.max(latestMs, nowMs);
            const plan = feedAt(limits, at, 0, later(nowMs));
            total += plan.room;
            at = { ...at, ...afterFeed(plan, at, plan.room, later(nowMs)) };
            expect(total).toBeLessThanOrEqual(burst + (latestMs / 1_000) * ratePerSec + 1e-6);
          }
        },
      ),
    );
  });

  it("says when the next token is there, looks at most fifty times a second, and spends what went out", () => {
    const limits = { concurrency: null, ratePerSec: 2, burst: null };
    const plan = feedAt(limits, { ...standing, tokens: 0.5 }, 0);
    expect(plan).toMatchObject({ isGated: true, room: 0, tokens: 0.5, waitMs: 250 });
    expect(feedAt({ ...limits, ratePerSec: 1_000 }, { ...standing, tokens: 0.5 }, 0).waitMs).toBe(20);
    expect(feedAt(limits, { ...standing, tokens: 9 }, 0)).toMatchObject({ room: 2, tokens: 2 });
    expect(feedAt({ ...limits, ratePerSec: 0.5 }, { ...standing, tokens: 9 }, 0)).toMatchObject({ room: 1 });
    expect(feedAt(NO_LIMITS, standing, 0).waitMs).toBeNull();
    const full = feedAt(limits, { ...standing, tokens: 2 }, 0);
    expect(afterFeed(full, standing, 1, later(5))).toEqual({ tokens: 1, refilledAt: start, probeAt: null });
    expect(afterFeed(full, standing, 3, later(5)).tokens).toBe(0);
  });

  it("goes on from now on when the database's time was set back, with the tokens that it had", () => {
    const limits = { concurrency: null, ratePerSec: 2, burst: 5 };
    const before: GateStanding = { ...standing, tokens: 1.5, refilledAt: later(3_600_000) };
    const plan = feedAt(limits, before, 0);
    expect(plan).toMatchObject({ room: 1, tokens: 1.5, refilledAt: start });
    const after = { ...before, ...afterFeed(plan, before, 1, start) };
    expect(feedAt(limits, after, 0, later(1_000)).room).toBe(2);
    // What two processes may differ by is none of that.
    const ahead = { ...before, refilledAt: later(2_000) };
    expect(feedAt(limits, ahead, 0)).toMatchObject({ tokens: 1.5, refilledAt: later(2_000) });
    const open = { ...standing, breaker: { state: "open", concurrency: null, probeAt: later(3_600_000) } } as const;
    expect(feedAt(NO_LIMITS, open, 0)).toMatchObject({ room: 1, waitMs: null });
    const next = { ...open, breaker: { ...open.breaker, probeAt: later(32_000) } };
    expect(feedAt(NO_LIMITS, next, 0).room).toBe(0);
  });

  it("lets no more wait for a worker than may begin at once, and time fills nothing up behind it", () => {
    const asks = fc.array(
      fc.record({ passMs: fc.integer({ min: 1, max: 250 }), claims: fc.constantFrom(0, 0, 0, 1, 7, 9_999) }),
      {
        minLength: 1,
        maxLength: 300,
      },
    );
    const limitsOf = fc.record({
      concurrency: fc.constant(null),
      ratePerSec: fc.constantFrom(0.5, 2.5, 10, 80),
      burst: fc.constantFrom(null, 2, 30),
    });
    fc.assert(
      fc.property(limitsOf, asks, (limits, steps) => {
        const most = Math.max(1, limits.ratePerSec, limits.burst ?? 0);
        // The bucket's time is written down so often.
        const lookMs = Math.max(250, 1_000 / limits.ratePerSec) + 250;
        const begun: { atMs: number; before: number }[] = [];
        let at: GateStanding = standing;
        let [nowMs, unclaimed, total] = [0, 0, 0];
        for (const { passMs, claims } of steps) {
          nowMs += passMs;
          const now = Math.min(claims, unclaimed);
          if (now > 0) begun.push({ atMs: nowMs, before: total });
          unclaimed -= now;
          total += now;
          for (const { atMs, before } of begun)
            expect(total - before).toBeLessThanOrEqual(
              most + ((nowMs - atMs + lookMs) / 1_000) * limits.ratePerSec + 1e-6,
            );
          const plan = feedAt(limits, at, unclaimed, later(nowMs), 0, unclaimed);
          if (plan.room === 0 && !plan.isDue) continue;
          unclaimed += plan.room;
          expect(unclaimed).toBeLessThanOrEqual(most);
          at = { ...at, ...afterFeed(plan, at, plan.room, later(nowMs)) };
        }
      }),
    );
  });

  it("has nothing to wait for while what waits for a worker fills its bucket, and is due once in a while", () => {
    const limits = { concurrency: null, ratePerSec: 10, burst: null };
    const before = { ...standing, tokens: 0 };
    const full = (ms: number) => feedAt(limits, before, 10, later(ms), 0, 10);
    expect(full(249)).toMatchObject({ room: 0, tokens: 0, waitMs: null, isDue: false });
    expect(full(250)).toMatchObject({ room: 0, tokens: 0, waitMs: null, isDue: true });
    expect(feedAt(limits, before, 9, later(250), 0, 9)).toMatchObject({ room: 1, tokens: 1 });
    expect(feedAt({ ...limits, ratePerSec: 0.5 }, before, 1, later(1_999), 0, 1).isDue).toBe(false);
    // Nothing waits for a worker: a bucket that is full has nothing to write down.
    expect(feedAt({ ...limits, concurrency: 1 }, before, 1, later(9_999))).toMatchObject({ room: 0, isDue: false });
  });

  it("reaches its rate when it is asked in time, and says when that is", () => {
    const limits = { concurrency: null, ratePerSec: 100, burst: 2 };
    let at: GateStanding = { ...standing, tokens: 0 };
    let [nowMs, total] = [0, 0];
    while (nowMs < 10_000) {
      const plan = feedAt(limits, at, 0, later(nowMs));
      total += plan.room;
      at = { ...at, ...afterFeed(plan, at, plan.room, later(nowMs)) };
      nowMs += plan.waitMs!;
    }
    expect(total).toBeGreaterThan(990);
  });
});
