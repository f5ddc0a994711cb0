import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRetryAfterMs } from "../../src/pipeline/retry-after.ts";

const NOW = new Date("2026-11-22T12:00:00.500Z");
const read = (value: string | undefined) => parseRetryAfterMs(value, NOW);

describe("Retry-After (RFC 9110, 10.2.3)", () => {
  it.each([
    ["120", 120_000],
    ["0", 0],
    [" 7\t", 7_000],
    ["007", 7_000],
    ["9".repeat(64), 999_999_999_000],
    ["Sun, 22 Nov 2026 12:00:01 GMT", 500],
    ["Mon, 23 Nov 2026 12:00:00 GMT", 86_399_500],
  ])("%j asks for %i ms", (value, waitMs) => expect(read(value)).toBe(waitMs));

  it.each([
    undefined,
    "",
    "-1",
    "+5",
    "1.5",
    "1e3",
    "0x10",
    "5 seconds",
    "9".repeat(65),
    "Sun, 22 Nov 2026 12:00:00 GMT",
    "Sun, 22 Nov 2026 12:00:01 UTC",
    "Sun, 22 Nov 2026 12:00:01",
    "2026-11-23T12:00:00Z",
    "Sunday, 22-Nov-26 13:00:00 GMT",
    "Sun, 22 Xxx 2026 13:00:00 GMT",
    "x Sun, 22 Nov 2026 13:00:00 GMT",
    "Sun, 22 Nov 2026 13:00:00 GMT x",
    "Sun, 22 Nov 2026 13:00:00 GMT (x)",
  ])("%j asks for nothing", (value) => expect(read(value)).toBeNull());

  it("that names this very moment asks for nothing", () => {
    expect(parseRetryAfterMs("Sun, 22 Nov 2026 12:00:00 GMT", new Date("2026-11-22T12:00:00Z"))).toBeNull();
  });

  it("of any text is null or a wait from 0 on, and never a throw", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4}/)), (value) => {
        const waitMs = read(value);
        if (waitMs !== null) expect(Number.isSafeInteger(waitMs) && waitMs >= 0).toBe(true);
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});
