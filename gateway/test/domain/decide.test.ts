import { describe, expect, it } from "vitest";
import type { DeliveryProgress } from "../../src/domain/delivery.ts";
import { LEGAL_MOVES, decide, decideRescue } from "../../src/domain/delivery.ts";
import type { AttemptFault, Outcome, OutcomeClass } from "../../src/domain/outcome.ts";
import { classify } from "../../src/domain/outcome.ts";
import { DEFAULT_RETRY_POLICY } from "../../src/domain/retry-policy.ts";

const policy = DEFAULT_RETRY_POLICY;
const attemptsMax = policy.scheduleMs.length + 1;
const first: DeliveryProgress = { attempt: 1, refusals: 0 };
const last: DeliveryProgress = { attempt: attemptsMax, refusals: 0 };

const FAULT_CLASSES: Readonly<Record<AttemptFault, OutcomeClass>> = {
  dns: "transient",
  connect: "transient",
  refused: "transient",
  tls_handshake: "transient",
  tls_certificate: "transient",
  timeout: "throttled",
  reset: "transient",
  protocol: "transient",
  aborted: "transient",
  blocked: "refused",
  handler_failed: "transient",
  database_lost: "transient",
  read_failed: "transient",
  lease_expired: "transient",
  unreadable: "refused",
};

// Written apart from the code, from the public rules, so that a slip in either is seen.
function expectedClass(status: number): OutcomeClass {
  if (Math.floor(status / 100) === 2) return "succeeded";
  if (status === 410) return "gone";
  if (status === 429) return "throttled";
  if ([408, 425].includes(status)) return "transient";
  return [3, 4].includes(Math.floor(status / 100)) ? "refused" : "transient";
}

const answered = (status: number, retryAfterMs: number | null = null): Outcome => ({
  kind: "answered",
  status,
  retryAfterMs,
});
const failed = (fault: AttemptFault): Outcome => ({ kind: "failed", fault, detail: "" });
const statuses = Array.from({ length: 500 }, (_, i) => 100 + i);
const everyOutcome: Outcome[] = [
  ...statuses.map((status) => answered(status)),
  ...(Object.keys(FAULT_CLASSES) as AttemptFault[]).map(failed),
  { kind: "completed" },
];

describe("an attempt's outcome is classed by the published table", () => {
  it("for every status from 100 to 599 (F60)", () => {
    for (const status of statuses)
      expect([status, classify(answered(status))]).toEqual([status, expectedClass(status)]);
  });

  it("for every fault without an answer", () => {
    for (const [fault, outcomeClass] of Object.entries(FAULT_CLASSES)) {
      expect([fault, classify(failed(fault as AttemptFault))]).toEqual([fault, outcomeClass]);
    }
  });

  it("a handler that returned has succeeded", () => {
    expect(classify({ kind: "completed" })).toBe("succeeded");
  });
});

describe("what follows an attempt", () => {
  it("success ends the delivery as processed, on the first attempt and on the last", () => {
    for (const outcome of everyOutcome.filter((one) => classify(one) === "succeeded")) {
      for (const progress of [first, last]) expect(decide(progress, outcome, policy, 0.5)).toEqual({ to: "processed" });
    }
  });

  it("410 ends the delivery at once and disables the destination", () => {
    expect(decide(first, answered(410), policy, 0.5)).toEqual({ to: "dead", reason: "gone", disableDestination: true });
  });

  it("a transient or throttled outcome is tried again until the schedule is used up, then dead with its reason", () => {
    const again = everyOutcome.filter((one) => ["transient", "throttled"].includes(classify(one)));
    expect(again.length).toBeGreaterThan(100);
    for (const outcome of again) {
      expect(decide({ attempt: attemptsMax - 1, refusals: 0 }, outcome, policy, 0.5).to).toBe("scheduled");
      expect(decide(last, outcome, policy, 0.5)).toEqual({
        to: "dead",
        reason: "attempts_exhausted",
        disableDestination: false,
      });
    }
  });

  it("a refusal is tried again until it is the last that the policy allows, then dead as refused", () => {
    const refused = everyOutcome.filter((one) => classify(one) === "refused");
    expect(refused.length).toBeGreaterThan(150);
    for (const outcome of refused) {
      for (let refusals = 0; refusals < policy.refusalsMax - 1; refusals++) {
        expect(decide({ attempt: refusals + 1, refusals }, outcome, policy, 0.5).to).toBe("scheduled");
      }
      expect(decide({ attempt: 5, refusals: policy.refusalsMax - 1 }, outcome, policy, 0.5)).toEqual({
        to: "dead",
        reason: "refused",
        disableDestination: false,
      });
    }
  });

  it("a refusal on the last attempt of the schedule is dead too", () => {
    expect(decide(last, answered(404), policy, 0.5)).toMatchObject({ to: "dead", reason: "attempts_exhausted" });
  });

  it("a destination's Retry-After sets the wait when it is later than the schedule", () => {
    expect(decide(first, answered(503, 120_000), policy, 0.5)).toEqual({ to: "scheduled", waitMs: 120_000 });
    expect(decide(first, answered(503, 1), policy, 0.5)).toEqual({ to: "scheduled", waitMs: policy.scheduleMs[0] });
  });

  it("gives a destination that asked for room a minute at least", () => {
    for (const outcome of [answered(429), failed("timeout")])
      expect(decide(first, outcome, policy, 0.5)).toEqual({ to: "scheduled", waitMs: 60_000 });
    expect(decide(first, failed("reset"), policy, 0.5)).toEqual({ to: "scheduled", waitMs: 5_000 });
  });

  it("every decision is a legal move of a leased delivery", () => {
    const settles = LEGAL_MOVES.filter((move) => move.from === "leased" && move.by === "settle").map((move) => move.to);
    for (const outcome of everyOutcome) {
      for (const progress of [first, last, { attempt: 2, refusals: 1 }, { attempt: 3, refusals: 2 }]) {
        expect(settles).toContain(decide(progress, outcome, policy, 0.999).to);
      }
    }
  });

  it("a policy without any wait gives one attempt", () => {
    expect(decide(first, answered(500), { scheduleMs: [], refusalsMax: 3 }, 0.5)).toMatchObject({ to: "dead" });
  });
});

describe("a delivery whose worker died", () => {
  const expired = failed("lease_expired");

  it("is ready again the first time, waits by the schedule the next times, and is dead after its last (F51)", () => {
    expect(decideRescue(first, expired, policy, 0.5)).toEqual({ to: "ready" });
    for (let attempt = 2; attempt < attemptsMax; attempt++) {
      const waitMs = policy.scheduleMs[attempt - 1];
      expect(decideRescue({ attempt, refusals: 0 }, expired, policy, 0.5)).toEqual({ to: "scheduled", waitMs });
    }
    expect(decideRescue(last, expired, policy, 0.5)).toMatchObject({ to: "dead", reason: "attempts_exhausted" });
  });

  it("comes due apart from those that were claimed with it, so that one which kills does not take them along", () => {
    const waits = [0, 0.25, 0.5, 0.75].map(
      (random) => decideRescue({ attempt: 2, refusals: 0 }, expired, policy, random) as { waitMs: number },
    );
    const gaps = waits.slice(1).map(({ waitMs }, i) => waitMs - waits[i]!.waitMs);
    for (const gap of gaps) expect(gap).toBeGreaterThan(1_000);
  });

  it("is moved as the table of states says", () => {
    const rescues = LEGAL_MOVES.filter((move) => move.from === "leased" && move.by === "rescue").map((move) => move.to);
    const decided = [first, { attempt: 2, refusals: 0 }, last].map((one) => decideRescue(one, expired, policy, 0.5).to);
    expect(decided.toSorted()).toEqual(rescues.toSorted());
  });

  it("has one attempt under a policy without any wait", () => {
    expect(decideRescue(first, expired, { scheduleMs: [], refusalsMax: 3 }, 0.5)).toMatchObject({ to: "dead" });
  });

  it("comes to an end even when it kills every worker", () => {
    let claims = 1;
    while (decideRescue({ attempt: claims, refusals: 0 }, expired, policy, 0.5).to !== "dead") claims++;
    expect(claims).toBe(attemptsMax);
  });
});
