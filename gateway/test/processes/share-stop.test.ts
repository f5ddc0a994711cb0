import { expect, it } from "vitest";
import { shareStop } from "../../src/boot/share-stop.ts";

it("gives the attempts under way what the door has left of two thirds of a stop, and settles them before the database is cut off", () => {
  for (const [doorTookMs, attemptsMs] of [
    [0, 6_500],
    [10, 6_490],
    [3_333, 3_167],
    // A door that took longer than its share: nothing is left.
    [7_000, 0],
  ] as const) {
    let nowMs = 1_000;
    const shares = shareStop({ monotonicMs: () => nowMs }, 10_000);
    nowMs += doorTookMs;
    expect(shares.attemptsMs()).toBe(attemptsMs);
    const latestMs = Math.max(doorTookMs, 6_500) + shares.settleMs;
    expect(shares.doorMs).toBeLessThan(6_500);
    if (doorTookMs <= 6_500) expect(latestMs).toBeLessThan(shares.cutMs);
    expect(shares.cutMs).toBeLessThan(10_000);
  }
});
