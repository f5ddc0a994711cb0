import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesEventType } from "../../src/domain/event-type.ts";

describe("a route's pattern", () => {
  it.each([
    ["*", "invoice.paid", true],
    ["*", null, true],
    ["invoice.paid", "invoice.paid", true],
    ["invoice.paid", "invoice.paid2", false],
    ["invoice.paid", null, false],
    ["invoice.*", "invoice.paid", true],
    ["invoice.*", "invoice", false],
    ["invoice.*", "invoices.paid", false],
    ["*.deleted", "customer.deleted", true],
    ["*.deleted", "customer.deleted.late", false],
    ["a*a", "a", false],
    ["a*a", "aa", true],
    ["*a*b*", "xxaxxbxx", true],
    ["*a*b*", "xxbxxaxx", false],
    ["a*b*b", "ab", false],
    ["invoice.paid", "Invoice.paid", false],
    ["a.b", "axb", false],
    ["", null, true],
    ["", "x", false],
  ])("%j against %j: %s", (pattern, eventType, expected) => {
    expect(matchesEventType([pattern], eventType)).toBe(expected);
  });

  it("none means no event; several mean any of them", () => {
    expect(matchesEventType([], "a")).toBe(false);
    expect(matchesEventType(["x", "a*"], "ab")).toBe(true);
  });

  it("agrees with a regular expression of the same meaning", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 12 });
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (one, eventType) => {
        const expression = new RegExp(`^${one.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
        expect(matchesEventType([one], eventType)).toBe(expression.test(eventType));
      }),
      { numRuns: 2_000 },
    );
  });

  it("with many stars against a long text is answered without backtracking", () => {
    expect(matchesEventType([`${"*a".repeat(100)}*c`], "a".repeat(100_000))).toBe(false);
  });
});
