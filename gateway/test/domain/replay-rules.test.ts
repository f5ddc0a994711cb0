import { describe, expect, it } from "vitest";
import type { KnownDelivery } from "../../src/domain/replay-choice.ts";
import { choose, standingsOf } from "../../src/domain/replay-choice.ts";
import type { ReplayScope, Standing } from "../../src/domain/replay-scope.ts";
import { scopesOverlap, wantsType } from "../../src/domain/replay-scope.ts";
import { EMPTY_TALLY, addResults, summarize } from "../../src/domain/replay-tally.ts";

const delivery = (id: string, state: string, more: Partial<KnownDelivery> = {}): KnownDelivery => ({
  id,
  destinationId: "billing",
  key: id,
  trigger: "live",
  retriedAs: null,
  isDismissed: false,
  state,
  ...more,
});
const everywhere = { destinationIds: [] };

describe("how an event stands", () => {
  it("is told for each destination by its own deliveries, routed or sent to, and for those alone that are asked for", () => {
    const sent = [delivery("d1", "processed"), delivery("d2", "scheduled", { destinationId: "shop" })];
    const told = (scope: Pick<ReplayScope, "destinationIds">) =>
      standingsOf(sent, ["billing", "new"], scope, null).map((one) => [one.destinationId, one.standing]);
    expect(told(everywhere)).toEqual([
      ["billing", "processed"],
      ["shop", "waiting"],
      ["new", "missing"],
    ]);
    expect(told({ destinationIds: ["new"] })).toEqual([["new", "missing"]]);
  });

  it("for a copy is told by copies alone, at their destination alone, whatever destinations are asked for", () => {
    const copy = delivery("d2", "processed", { trigger: "copy", destinationId: "staging" });
    const told = (deliveries: KnownDelivery[]) =>
      standingsOf(deliveries, ["billing"], { destinationIds: ["billing"] }, "staging");
    expect(told([delivery("d1", "dead", { destinationId: "staging" })])).toEqual([
      { destinationId: "staging", standing: "missing", delivery: null },
    ]);
    expect(told([copy])).toEqual([{ destinationId: "staging", standing: "processed", delivery: copy }]);
  });

  it("goes by the dead delivery that no retry has followed", () => {
    const dead = [delivery("d1", "dead"), delivery("d2", "dead", { retriedAs: "d3" })];
    expect(standingsOf(dead, [], everywhere, null)).toEqual([
      { destinationId: "billing", standing: "dead", delivery: dead[0] },
    ]);
  });
});

describe("what a replay chooses", () => {
  const of = delivery("d1", "dead");
  const act = (standing: Standing, standings: Standing[] = [], options: { again?: boolean; copyTo?: string } = {}) =>
    choose(
      { destinationId: "billing", standing, delivery: of },
      { standings },
      { again: false, copyTo: null, ...options },
    );
  const create = (isFirst: boolean) => ({ do: "create", destinationId: "billing", isFirst });

  it.each([
    ["dismissed", [], { do: "leave", why: "dismissed" }],
    ["dismissed", ["dead"], { do: "leave", why: "dismissed" }],
    ["missing", [], { do: "leave", why: "missing" }],
    ["missing", ["dead"], { do: "leave", why: "missing" }],
    ["missing", ["missing"], create(true)],
    ["dead", [], { do: "retry", destinationId: "billing", of }],
    ["dead", ["waiting"], { do: "leave", why: "not_selected" }],
    ["waiting", ["waiting"], { do: "pull", destinationId: "billing", of }],
    ["waiting", ["dead"], { do: "leave", why: "not_selected" }],
    ["under_way", [], { do: "skip" }],
    ["under_way", ["dead"], { do: "skip" }],
    ["processed", ["dead"], { do: "skip" }],
    ["processed", ["processed"], { do: "skip" }],
  ] as const)("%s, asked for %j", (standing, standings, choice) => {
    expect(act(standing, [...standings])).toEqual(choice);
  });

  it("again means what is processed, unless something else alone is asked for; a copy is made wherever none is", () => {
    expect(act("processed", [], { again: true })).toEqual(create(false));
    expect(act("processed", ["processed"], { again: true })).toEqual(create(false));
    expect(act("processed", ["dead"], { again: true })).toEqual({ do: "skip" });
    expect(act("missing", [], { copyTo: "staging" })).toEqual(create(true));
    expect(act("under_way", [], { again: true })).toEqual({ do: "skip" });
  });
});

describe("the types of a scope", () => {
  const scope = (eventTypes: string[]): ReplayScope => ({
    sourceIds: [],
    eventTypes,
    sinceMs: 0,
    untilMs: 1,
    destinationIds: [],
    standings: [],
    reasons: [],
    ids: [],
  });
  const meet = (one: string[], other: string[], subject: "events" | "rejections" = "events") =>
    scopesOverlap(
      { subject: "events", scope: scope(one), options: { copyTo: null } },
      { subject, scope: scope(other), options: { copyTo: null } },
    );

  it("are all of them, or those that a pattern means", () => {
    expect([wantsType(scope([]), "a.b"), wantsType(scope([]), null)]).toEqual([true, true]);
    expect([wantsType(scope(["a.*"]), "a.b"), wantsType(scope(["a.*"]), "b.a")]).toEqual([true, false]);
  });

  it.each([
    [["a"], [], true],
    [[], ["a"], true],
    [["a"], ["a"], true],
    [["a"], ["b"], false],
    [["x", "a.*"], ["y", "a.b"], true],
    [["a.*", "b"], ["a.b"], true],
    [["a.b"], ["a.*", "c"], true],
    [["b.a"], ["a.*"], false],
    [["a.*"], ["b.a"], false],
    [["a.*"], ["a.b.*"], true],
    [["a.b.*"], ["a.*"], true],
    [["a.*"], ["b.*"], false],
    [["a.*"], ["b.a.*"], false],
    [["a.*.x"], ["a.*.y"], true],
  ])("%j and %j meet: %s", (one, other, expected) => {
    expect([meet(one, other), meet(other, one)]).toEqual([expected, expected]);
  });

  it("of events and of rejections never meet", () => expect(meet([], [], "rejections")).toBe(false));
});

describe("the account of a replay", () => {
  const results = [
    { kind: "replayed", deliveries: 3, verifiedBy: "signature" },
    { kind: "replayed", deliveries: 1, verifiedBy: "retired_secret" },
    { kind: "replayed", deliveries: 1, verifiedBy: "recorded_verdict" },
    { kind: "skipped" },
    { kind: "not_replayed", reason: "missing" },
    { kind: "not_replayed", reason: "body_damaged" },
  ] as const;
  const once = {
    scanned: 6,
    replayed: 3,
    skipped: 1,
    notReplayed: { missing: 1, body_damaged: 1 },
    deliveries: 5,
    bodiesDamaged: 1,
    verified: { signature: 1, retired_secret: 1, recorded_verdict: 1 },
  };

  it("grows batch by batch, and leaves what it began with as it was", () => {
    const tally = addResults(EMPTY_TALLY, results);
    expect(tally).toEqual(once);
    expect(addResults(tally, results)).toEqual({
      scanned: 12,
      replayed: 6,
      skipped: 2,
      notReplayed: { missing: 2, body_damaged: 2 },
      deliveries: 10,
      bodiesDamaged: 2,
      verified: { signature: 2, retired_secret: 2, recorded_verdict: 2 },
    });
    expect([tally, EMPTY_TALLY.notReplayed]).toEqual([once, {}]);
  });

  it("counts what was withdrawn as not replayed, and says its numbers in words", () => {
    const standing = { dead: 1, queued: 0, withdrawn: 1, processed: 1, deliveries: 5, doubled: 0, lost: 0 };
    const { summary, checks, notReplayed } = summarize(once, standing);
    expect(notReplayed).toEqual({ missing: 1, body_damaged: 1, withdrawn: 1 });
    expect(summary).toMatchObject({ replayed: 2, processed: 1, failed_permanent: 1, still_waiting: 0 });
    expect(checks.map(({ passed, detail }) => [passed, detail])).toEqual([
      [true, "6 scanned = 2 replayed + 1 skipped + 3 not replayed; 2 = 1 processed + 1 failed + 0 waiting"],
      [false, "5 of 6 bodies have their recorded SHA-256"],
      [true, "5 deliveries, 0 of them neither queued nor finished"],
      [true, "0 keys with more than one processed delivery"],
    ]);
  });

  it("fails when an event is unaccounted for, and takes off what still waits", () => {
    const standing = { dead: 0, queued: 2, withdrawn: 0, processed: 1, deliveries: 5, doubled: 0, lost: 0 };
    expect(summarize(once, standing)).toMatchObject({
      summary: { processed: 1, still_waiting: 2 },
      notReplayed: once.notReplayed,
    });
    expect(summarize(once, standing).checks[0]?.passed).toBe(true);
    expect(Object.keys(summarize(once, standing).notReplayed)).not.toContain("withdrawn");
    expect(summarize({ ...once, scanned: 7 }, standing).checks[0]?.passed).toBe(false);
  });
});
