import { expect, it } from "vitest";
import { describeHeld, describeTrouble } from "../../src/cli/describe-held.ts";
import { NOT_DECLARED } from "../../src/domain/destination-plan.ts";
import { HELD_REASONS } from "../../src/domain/gate.ts";

const open = {
  name: "billing",
  state: "active",
  stateReason: null,
  gate: null,
  concurrency: null,
  ratePerSec: null,
} as const;
const since = "2026-11-21T12:00:00.000Z";
const gated = (reason: "breaker" | "slow" | "limit", breaker: "closed" | "open" | "recovering" = "closed") =>
  ({ ...open, concurrency: 3, ratePerSec: 2, gate: { reason, breaker, breakerSince: since } }) as const;

it("says for each reason why deliveries wait and what to do, in sentences", () => {
  for (const reason of HELD_REASONS) {
    for (const destination of [open, null]) {
      const { why, remedy } = describeHeld(reason, "billing", destination);
      expect([reason, why]).toEqual([reason, expect.stringMatching(/^[a-z].{10,}\.$/)]);
      expect([reason, remedy]).toEqual([reason, expect.stringMatching(/^[A-Z].{15,}/)]);
      expect(why).not.toContain(reason);
    }
  }
});

it("tells a gate's reason, and the limits themselves", () => {
  const why = (destination: Parameters<typeof describeTrouble>[0]) =>
    describeHeld("destination_gated", "billing", destination).why;
  expect(why(gated("limit"))).toContain("3 at once, 2 a second");
  expect(why(gated("breaker", "open"))).toContain("One probe goes out every 30 s");
  expect(why(gated("breaker", "recovering"))).toContain("round by round");
  expect(why(gated("slow"))).toContain("answers slowly");
});

it("finds trouble with a destination that is paused, disabled, failing or slow, and none at a limit", () => {
  expect(describeTrouble(open)).toBeNull();
  expect(describeTrouble(gated("limit"))).toBeNull();
  expect(describeTrouble(gated("slow"))).not.toBeNull();
  expect(describeTrouble(gated("breaker", "open"))).not.toBeNull();
  const disabled = describeTrouble({ ...open, state: "disabled", stateReason: "answered 410 Gone" });
  expect(disabled?.why).toBe("it is disabled (answered 410 Gone); nothing is discarded.");
  expect(disabled?.remedy).toContain("npx holdfast destinations resume");
});

it("says of a destination that its file has dropped that it is to be declared again, not to be mended", () => {
  for (const state of ["paused", "disabled"] as const) {
    const dropped = { ...open, state, stateReason: NOT_DECLARED };
    const words = {
      why: `it is ${state} (the configuration file does not declare it any more); nothing is discarded.`,
      remedy: "Declare it again in the configuration file, and apply that: npx holdfast apply",
    };
    expect(describeTrouble(dropped)).toEqual(words);
    expect(describeHeld(`destination_${state}`, "billing", dropped)).toEqual(words);
  }
});
