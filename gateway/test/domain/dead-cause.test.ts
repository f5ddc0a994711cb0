import { describe, expect, it } from "vitest";
import type { DeadFacts } from "../../src/domain/dead-cause.ts";
import { fingerprintOf, groupByCause, groupIdOf, suggestNextStep } from "../../src/domain/dead-cause.ts";

const letter = (facts: Partial<DeadFacts> = {}): DeadFacts => ({
  id: "d1",
  eventId: "e1",
  destinationId: "billing",
  sourceId: "s1",
  eventType: "invoice.paid",
  reason: "attempts_exhausted",
  finishedAt: new Date(5_000),
  outcome: "transient",
  status: 500,
  detail: "boom",
  ...facts,
});

describe("what was said, without what differs from letter to letter", () => {
  it.each([
    [null, ""],
    ["Order 123 of 4567 failed", "order <n> of <n> failed"],
    ["no row 0199f0c8-7c3e-7abc-8def-0123456789ab here", "no row <id> here"],
    ["customer cus_NffrFeUfNV2Hib is gone", "customer <id> is gone"],
    ["customer cus_abcdefgh1 is gone", "customer <id> is gone"],
    ["customer cus_abcDefghi is gone", "customer <id> is gone"],
    ["tls_certificate: it has expired", "tls_certificate: it has expired"],
    ["card_declined, CARD_DECLINED", "card_declined, card_declined"],
    ["at 2026-11-22T10:00:00.123Z it broke", "at <time> it broke"],
    ["at 2026-11-22T10:00+01:00 it broke", "at <time> it broke"],
    ["at 2026-11-22T10:00:07+0100 and 2026-11-22T10:00:07 it broke", "at <time> and <time> it broke"],
    ["connect 10.1.2.3 refused", "connect <address> refused"],
    ["connect 10.1.2.3:8080 refused", "connect <address> refused"],
    ["trace 0123456789ABCDEF", "trace <hex>"],
    ["commit deadbee1 and defacade", "commit <hex> and defacade"],
    ["  many \n\t blanks  ", "many blanks"],
    [`${"x".repeat(200)}`, "x".repeat(160)],
    [`${" ".repeat(512)}behind`, ""],
  ])("%j is %j", (detail, fingerprint) => expect(fingerprintOf(detail)).toBe(fingerprint));
});

describe("letters of one cause", () => {
  it("are one group, whatever their ids and numbers, with the first, the last and the newest of them", () => {
    const newest = letter({ id: "d2", detail: "row 2 failed", finishedAt: new Date(9_000) });
    const letters = [
      letter({ id: "d1", detail: "row 1 failed" }),
      newest,
      letter({ id: "d3", detail: "row 3 failed", finishedAt: new Date(1_000) }),
    ];
    expect(groupByCause(letters)).toEqual([
      expect.objectContaining({
        id: groupIdOf(newest),
        fingerprint: "row <n> failed",
        count: 3,
        firstAt: new Date(1_000),
        lastAt: new Date(9_000),
        sample: newest,
      }),
    ]);
  });

  it("are shown by the first of two that ended at the same moment", () => {
    expect(groupByCause([letter({ id: "d1" }), letter({ id: "d2" })])[0]!.sample.id).toBe("d1");
  });

  it.each<Partial<DeadFacts>>([
    { destinationId: "shop" },
    { eventType: null },
    { reason: "refused" },
    { outcome: "throttled" },
    { status: 503 },
    { status: null },
    { detail: "bang" },
  ])("are two groups when they differ in %j", (facts) => {
    expect(groupByCause([letter(), letter(facts)])).toHaveLength(2);
  });

  it("have the same id for ever: people keep it in tickets", () => {
    expect(groupIdOf(letter())).toBe("c968180be4f61cfd");
  });

  it("come largest first, and of two as large the one that was seen last", () => {
    const of = (detail: string, atMs: number) => letter({ detail, finishedAt: new Date(atMs) });
    const groups = groupByCause([of("old", 1), of("new", 3), of("two", 2), of("two", 2)]);
    expect(groups.map(({ fingerprint }) => fingerprint)).toEqual(["two", "new", "old"]);
  });
});

describe("what to do next, as docs/dead-letters.md has it", () => {
  const cause = { reason: "attempts_exhausted", outcome: "transient", status: null, fingerprint: "" };
  it.each([
    [{ reason: "gone", status: 410 }, /disabled.*new URL/],
    [{ reason: "referent_missing" }, /nothing to deliver.*Export, then dismiss/],
    [{ status: 401, outcome: "refused" }, /credentials/],
    [{ status: 403, outcome: "refused" }, /credentials/],
    [{ status: 404, outcome: "refused" }, /Correct the destination's URL/],
    [{ status: 413, outcome: "refused" }, /Raise its limit/],
    [{ status: 300, outcome: "refused" }, /final URL/],
    [{ status: 399, outcome: "refused" }, /final URL/],
    [{ status: 400, outcome: "refused" }, /mend the consumer/],
    [{ fingerprint: "blocked: an address", outcome: "refused" }, /allow the network/],
    [{ status: 429, outcome: "throttled" }, /low rate/],
    [{ fingerprint: fingerprintOf("tls_certificate: expired") }, /Renew the destination's certificate/],
    [{ fingerprint: fingerprintOf("tls_handshake: wrong version") }, /Renew the destination's certificate/],
    [{ fingerprint: fingerprintOf("dns: ENOTFOUND") }, /DNS entry/],
    [{ fingerprint: "handler_failed: boom" }, /handler throws/],
    [{ fingerprint: "database_lost: Connection terminated" }, /database's log.*sound, retry/],
    [{ fingerprint: fingerprintOf("read_failed: the event could not be read: 58030") }, /Mend its disk/],
    [{ fingerprint: fingerprintOf("lease_expired") }, /may be what kills them/],
    [{ status: 299 }, /When it answers again/],
    [{ fingerprint: "reset: by blocked tls_ dns handler_failed lease_expired" }, /When it answers again/],
  ])("%j", (known, words) => {
    expect(suggestNextStep({ ...cause, ...known })).toEqual({
      suggestion: expect.stringMatching(words),
      runbook: "docs/runbooks/dead-letters-growing.md",
    });
  });
});
