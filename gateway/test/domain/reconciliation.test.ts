import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compactJson, readScalar, sliceItems, sliceJson } from "../../src/domain/json-slices.ts";
import { backOffMs, compareEntry, nextWindow, oldestComparable, sumReport } from "../../src/domain/reconciliation.ts";

describe("a report", () => {
  const counts = fc.record({
    matched: fc.nat(1e6),
    dead_here: fc.nat(1e6),
    missing: fc.nat(1e6),
    asked: fc.nat(1e6),
    recovered: fc.nat(1e6),
    unexplained: fc.nat(1e6),
    unknown_to_provider: fc.nat(1e6),
  });

  it("adds up: what is listed matched, is dead or is missing; what was missing is recovered, unexplained or still sought", () => {
    fc.assert(
      fc.property(counts, (given) => {
        const report = sumReport(given);
        expect(report.matched + report.deadHere + report.missing).toBe(report.listed);
        expect(report.recovered + report.unexplained + given.missing + given.asked).toBe(report.missing);
      }),
    );
  });

  it("goes by what stands here, not by what the provider has seen", () => {
    expect(compareEntry({ isRecorded: false, isDead: false })).toBe("missing");
    expect(compareEntry({ isRecorded: true, isDead: true })).toBe("dead_here");
    expect(compareEntry({ isRecorded: true, isDead: false })).toBe("matched");
  });
});

/** The window of a run at this moment, by what the provider keeps and what the ledger knows. */
function windowAt(
  terms: Parameters<typeof nextWindow>[0],
  lastTo: Date | null,
  now: Date,
  historySec: number | null,
  keysSince: Date | null = null,
) {
  return nextWindow(terms, lastTo, now, oldestComparable(now, historySec, keysSince).at);
}

describe("the windows of scheduled runs", () => {
  const terms = { lookbackSec: 86_400, overlapSec: 3_600, lagSec: 300 };
  const now = new Date("2026-11-21T12:00:00Z");
  const at = (iso: string) => new Date(iso);

  it("begin where the last one ended, less the overlap, and leave out what may be on its way", () => {
    expect(windowAt(terms, null, now, null)).toEqual({
      from: at("2026-11-20T11:55:00Z"),
      to: at("2026-11-21T11:55:00Z"),
    });
    const next = windowAt(terms, at("2026-11-21T11:40:00Z"), now, null);
    expect(next).toEqual({ from: at("2026-11-21T10:40:00Z"), to: at("2026-11-21T11:55:00Z") });
  });

  it("reach back over a gap of ours, and not beyond what the provider keeps, nor beyond what the ledger knows", () => {
    expect(windowAt(terms, at("2026-11-01T00:00:00Z"), now, 3 * 86_400)?.from).toEqual(at("2026-11-18T12:00:00Z"));
    const keysSince = at("2026-11-19T00:00:00Z");
    expect(windowAt(terms, at("2026-11-01T00:00:00Z"), now, 3 * 86_400, keysSince)?.from).toEqual(keysSince);
    expect(windowAt(terms, at("2026-11-21T11:40:00Z"), now, null, keysSince)?.from).toEqual(at("2026-11-21T10:40:00Z"));
    expect(windowAt({ ...terms, overlapSec: 0 }, at("2026-11-21T11:58:00Z"), now, null)).toBeNull();
  });

  it("leave no moment out, however the runs fall", () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(gaps, (waits) => {
        let covered: Date | null = null;
        let nowMs = now.getTime();
        for (const waitSec of waits) {
          nowMs += waitSec * 1_000;
          const window = windowAt(terms, covered, new Date(nowMs), null);
          if (window === null) continue;
          if (covered !== null) expect(window.from.getTime()).toBeLessThanOrEqual(covered.getTime());
          covered = window.to;
        }
      }),
    );
  });
});

it("waits longer after each failure, five minutes at most, and never all at the same moment", () => {
  expect([1, 2, 3, 9, 10, 1_000].map((failures) => backOffMs(failures, 1))).toEqual([
    1_000, 2_000, 4_000, 256_000, 300_000, 300_000,
  ]);
  expect([backOffMs(10, 0), backOffMs(10, 0.5)]).toEqual([150_000, 225_000]);
});

describe("the text of a part of a document", () => {
  it("is what the parser makes of the part, for any document", () => {
    const documents = fc.tuple(fc.jsonValue(), fc.nat(3));
    fc.assert(
      fc.property(documents, ([value, indent]) => {
        const text = JSON.stringify({ before: 1, "a/b~c": [value, { deep: value }], after: [] }, null, indent);
        expect(JSON.parse(sliceJson(text, "/a~1b~0c/1/deep")!)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(sliceItems(text, "/a~1b~0c")!.map((item) => JSON.parse(item) as unknown)).toEqual(
          JSON.parse(JSON.stringify([value, { deep: value }])),
        );
        expect(JSON.parse(compactJson(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it("keeps long numbers, takes the last of equal names, and is null where there is nothing", () => {
    const text = '{"id": 12345678901234567890, "id2":"x", "a":1, "a": [2 , "]}\\""], "e":[]}';
    expect(readScalar(text, "/id")).toEqual({ kind: "number", text: "12345678901234567890" });
    expect(readScalar(text, "/id2")).toEqual({ kind: "text", text: "x" });
    expect(sliceItems(text, "/a")).toEqual(["2", '"]}\\""']);
    expect([sliceJson(text, "/b"), sliceItems(text, "/id"), readScalar(text, "/a"), sliceItems(text, "/e")]).toEqual([
      null,
      null,
      null,
      [],
    ]);
    expect(compactJson('{ "a b" : "c \\" d" ,\n "e":1.50 }')).toBe('{"a b":"c \\" d","e":1.50}');
  });
});
