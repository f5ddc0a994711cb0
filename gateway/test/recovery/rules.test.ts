import { describe, expect, it } from "vitest";
import type { DeadFacts } from "../../src/domain/dead-cause.ts";
import { fingerprintOf, groupByCause } from "../../src/domain/dead-cause.ts";
import type { KnownDelivery } from "../../src/domain/replay-choice.ts";
import { choose, standingsOf } from "../../src/domain/replay-choice.ts";
import type { ReplayScope } from "../../src/domain/replay-scope.ts";
import { REPLAY_DEFAULTS, scopesOverlap } from "../../src/domain/replay-scope.ts";
import { addResults, EMPTY_TALLY, summarize } from "../../src/domain/replay-tally.ts";

const ALL: ReplayScope = {
  sourceIds: [],
  eventTypes: [],
  sinceMs: 0,
  untilMs: 1_000,
  destinationIds: [],
  standings: [],
  reasons: [],
  ids: [],
};
const asked = (scope: Partial<ReplayScope>, copyTo: string | null = null) =>
  ({ subject: "events", scope: { ...ALL, ...scope }, options: { copyTo } }) as const;

describe("two replays overlap", () => {
  it.each([
    ["in everything", {}, {}, true],
    ["not at times that only touch", { untilMs: 500 }, { sinceMs: 500 }, false],
    ["not with other sources", { sourceIds: ["a"] }, { sourceIds: ["b"] }, false],
    ["with one source in common", { sourceIds: ["a", "b"] }, { sourceIds: ["b"] }, true],
    ["with everything, however narrow the other is", {}, { ids: ["x"] }, true],
    ["not with other types", { eventTypes: ["invoice.*"] }, { eventTypes: ["charge.*"] }, false],
    ["with a type that a pattern means", { eventTypes: ["invoice.*"] }, { eventTypes: ["invoice.paid"] }, true],
    [
      "not with a type that a pattern begins like",
      { eventTypes: ["invoice.*.late"] },
      { eventTypes: ["invoice.paid"] },
      false,
    ],
    ["in doubt", { eventTypes: ["*.paid"] }, { eventTypes: ["invoice.*"] }, true],
    ["not with other destinations", { destinationIds: ["a"] }, { destinationIds: ["b"] }, false],
  ])("%s", (_words, one, other, expected) => {
    expect(scopesOverlap(asked(one), asked(other))).toBe(expected);
    expect(scopesOverlap(asked(other), asked(one))).toBe(expected);
  });

  it("but a copy never overlaps with an original", () => {
    expect(scopesOverlap(asked({}), asked({}, "staging"))).toBe(false);
    expect(scopesOverlap(asked({}, "staging"), asked({}, "staging"))).toBe(true);
  });

  it("as copies to the same destination, whatever destinations they name, since a copy goes by none of these", () => {
    const copies = (to: string) => asked({ destinationIds: ["b"] }, to);
    expect(scopesOverlap(asked({ destinationIds: ["a"] }, "staging"), copies("staging"))).toBe(true);
    expect(scopesOverlap(asked({ destinationIds: ["a"] }, "staging"), copies("demo"))).toBe(false);
  });
});

const delivery = (state: string, more: Partial<KnownDelivery> = {}): KnownDelivery => ({
  id: "d1",
  destinationId: "billing",
  key: "d1",
  trigger: "live",
  retriedAs: null,
  isDismissed: false,
  state,
  ...more,
});

describe("what a replay does for an event at a destination", () => {
  const act = (deliveries: KnownDelivery[], scope: Partial<ReplayScope> = {}, again = false) =>
    standingsOf(deliveries, ["billing"], { ...ALL, ...scope }, null).map(
      (standing) => choose(standing, { ...ALL, ...scope }, { ...REPLAY_DEFAULTS, again }).do,
    );
  it.each([
    ["follows a dead one", [delivery("dead")], "retry"],
    ["pulls one that waits", [delivery("scheduled")], "pull"],
    ["skips what is done", [delivery("processed")], "skip"],
    [
      "skips what was dead and was done by its retry",
      [delivery("dead", { retriedAs: "d2" }), delivery("processed", { id: "d2" })],
      "skip",
    ],
    ["skips what is under way", [delivery("dead", { retriedAs: "d2" }), delivery("ready", { id: "d2" })], "skip"],
    [
      "skips what was dead and retried, when its retry is not kept any more",
      [delivery("dead", { retriedAs: "d2" })],
      "skip",
    ],
    ["skips what is held", [delivery("held")], "skip"],
    ["leaves what was dismissed", [delivery("dead", { isDismissed: true })], "leave"],
    ["leaves what was never sent", [], "leave"],
  ])("%s", (_words, deliveries, expected) => {
    expect(act(deliveries)).toEqual([expected]);
  });

  it("makes a first one only when missing ones are asked for, and a second one only with again", () => {
    expect(act([], { standings: ["missing"] })).toEqual(["create"]);
    expect(act([delivery("processed")], {}, true)).toEqual(["create"]);
    expect(act([delivery("dead")], { standings: ["missing"] })).toEqual(["leave"]);
    expect(act([delivery("dead", { retriedAs: "d2" })], { standings: ["missing"] })).toEqual(["skip"]);
  });

  it("does not take a copy for the event's own delivery", () => {
    expect(act([delivery("dead"), delivery("processed", { id: "d2", trigger: "copy" })])).toEqual(["retry"]);
  });
});

describe("the summary", () => {
  const tally = addResults(EMPTY_TALLY, [
    { kind: "replayed", deliveries: 2, verifiedBy: "signature" },
    { kind: "replayed", deliveries: 1, verifiedBy: "signature" },
    { kind: "skipped" },
    { kind: "not_replayed", reason: "missing" },
  ]);
  const standing = { dead: 1, queued: 0, withdrawn: 0, processed: 1, deliveries: 3, doubled: 0, lost: 0 };

  it("adds up, and says so", () => {
    expect(summarize(tally, standing).summary).toEqual({
      events_scanned: 4,
      replayed: 2,
      duplicate_skipped: 1,
      processed: 1,
      failed_permanent: 1,
      still_waiting: 0,
      integrity_check: "pass",
    });
  });

  it.each([
    ["a delivery that is nowhere", { ...standing, lost: 1 }, "every_delivery_accounted_for"],
    ["a key with two effects", { ...standing, doubled: 1 }, "one_effect_per_key"],
    ["a delivery too few", { ...standing, deliveries: 2 }, "numbers_add_up"],
    ["more ends than beginnings", { ...standing, dead: 2 }, "numbers_add_up"],
  ])("fails for %s", (_words, found, name) => {
    const { summary, checks } = summarize(tally, found);
    expect(summary.integrity_check).toBe("fail");
    expect(checks.filter(({ passed }) => !passed).map((check) => check.name)).toEqual([name]);
  });

  it("fails for a damaged body", () => {
    const damaged = addResults(tally, [{ kind: "not_replayed", reason: "body_damaged" }]);
    expect(summarize(damaged, standing).checks.find(({ name }) => name === "bodies_intact")?.passed).toBe(false);
  });
});

describe("a fingerprint", () => {
  it.each([
    ['{"error":"order 4711 not found"}', '{"error":"order 98 not found"}'],
    ["reset: socket 10.0.0.7:443 closed", "reset: socket 192.168.1.20:8443 closed"],
    ["no customer cus_9s6XKzkNRiz8i3", "no customer cus_1aaaaaaaaaaaa"],
    ['{"error":"no table","request":"92fb6f0f99a51"}', '{"error":"no table","request":"1c4a8cbbdc8d8"}'],
    [
      "at 2026-11-21T18:00:00.123Z id 0b8f7c1e-0000-7000-8000-000000000001",
      "at 2025-01-02T03:04:05Z id 1c9e6d2f-1111-7111-8111-111111111111",
    ],
  ])("is one for %s and %s", (one, other) => {
    expect(fingerprintOf(one)).toBe(fingerprintOf(other));
    expect(fingerprintOf(one)).not.toBe("");
  });

  it("keeps different words apart", () => {
    expect(fingerprintOf("order not found")).not.toBe(fingerprintOf("order not paid"));
  });

  it("groups letters whose words differ in their numbers, and tells the newest as the sample", () => {
    const letter = (id: string, detail: string, at: number): DeadFacts => ({
      id,
      eventId: id,
      destinationId: "d",
      sourceId: "s",
      eventType: "a.b",
      reason: "refused",
      finishedAt: new Date(at),
      outcome: "refused",
      status: 422,
      detail,
    });
    const groups = groupByCause([letter("1", "order 1", 5), letter("2", "order 2", 9), letter("3", "stock 1", 7)]);
    expect(groups.map(({ count, fingerprint }) => [count, fingerprint])).toEqual([
      [2, "order <n>"],
      [1, "stock <n>"],
    ]);
    expect(groups[0]).toMatchObject({ firstAt: new Date(5), lastAt: new Date(9), sample: { id: "2" } });
  });
});
