import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBase64Secret, decodeExact, excerpt } from "../src/encoding.ts";
import { decodeBase64 } from "../src/engines/key-pair.ts";
import { decodeBase64Url } from "../src/engines/jws.ts";
import { ageSec, isOtherUnit, readTimestampMs, writeTimestamp } from "../src/timestamp.ts";

const RUNS = { seed: 1, numRuns: 300 };
const bytes = fc.uint8Array({ minLength: 1, maxLength: 70 });
const encodings = fc.constantFrom("hex", "base64", "base64url");
const edits = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...'0aAfFgGzZ/+-_=. \n"\u0130')), { maxLength: 2 });

/** The text with a few of its characters exchanged, so that most of what comes out is no spelling of anything. */
function edit(text: string, changes: readonly (readonly [number, string])[]): string {
  const letters = [...text];
  for (const [at, letter] of changes) letters[at % letters.length] = letter;
  return letters.join("");
}

describe("of all texts one stands for some bytes (F126)", () => {
  test("in hexadecimal digits, base64 and base64url of a known length", () => {
    fc.assert(
      fc.property(bytes, encodings, edits, fc.constantFrom("", "=", "A"), (own, encoding, changes, behind) => {
        const plain = Buffer.from(own).toString(encoding);
        expect(decodeExact(plain, encoding, own.length)).toEqual(Buffer.from(own));
        expect(decodeExact(plain, encoding, own.length + 1)).toBeNull();
        expect(decodeExact(plain, encoding, own.length - 1)).toBeNull();
        const text = edit(plain, changes) + behind;
        const read = decodeExact(text, encoding, own.length);
        if (read !== null) expect(read.toString(encoding)).toBe(text);
        else if (text === plain) throw new Error("its own spelling was refused");
      }),
      RUNS,
    );
  });

  test("in base64 and base64url of any length, where a signature or a token has it", () => {
    fc.assert(
      fc.property(bytes, edits, (own, changes) => {
        const [base64, base64url] = [Buffer.from(own).toString("base64"), Buffer.from(own).toString("base64url")];
        expect([decodeBase64(base64), decodeBase64Url(base64url)]).toEqual([Buffer.from(own), Buffer.from(own)]);
        const [one, other] = [edit(base64, changes), edit(base64url, changes)];
        expect([null, one]).toContain(decodeBase64(one)?.toString("base64") ?? null);
        expect([null, other]).toContain(decodeBase64Url(other)?.toString("base64url") ?? null);
      }),
      RUNS,
    );
    for (const none of ["", "=", "A", "A=", "AA", "AAA"]) expect(decodeBase64(none), none).toBeNull();
    expect(decodeBase64Url("")).toBeNull();
    expect(decodeBase64(Buffer.alloc(1_024).toString("base64"))).toHaveLength(1_024);
    expect(decodeBase64(Buffer.alloc(1_025).toString("base64"))).toBeNull();
  });

  test("in the base64 of a secret, whose padding may be left out", () => {
    fc.assert(
      fc.property(bytes, edits, (own, changes) => {
        const padded = Buffer.from(own).toString("base64");
        const bare = padded.replaceAll("=", "");
        expect([decodeBase64Secret(padded), decodeBase64Secret(bare)]).toEqual([Buffer.from(own), Buffer.from(own)]);
        for (const text of [edit(padded, changes), edit(bare, changes)]) {
          const read = decodeBase64Secret(text);
          if (read !== null)
            expect([read.toString("base64"), read.toString("base64").replaceAll("=", "")]).toContain(text);
        }
      }),
      RUNS,
    );
  });
});

describe("a moment", () => {
  test.each([
    ["1714979289", "s", 1_714_979_289_000],
    ["1714979289123", "ms", 1_714_979_289_123],
    ["2024-05-06T07:08:09Z", "iso", 1_714_979_289_000],
    ["2024-05-06T09:08:09.5+02:00", "iso", 1_714_979_289_500],
    ["1714979289123", "s", null],
    ["1714979289", "ms", null],
    ["1714979289", "iso", null],
    ["2024-05-06T07:08:09", "iso", null],
    ["x2024-05-06T07:08:09Z", "iso", null],
    ["2024-05-06T07:08:09Zx", "iso", null],
    ["2024-13-06T07:08:09Z", "iso", null],
    ["2024-05-06T07:08:09Z", "s", null],
  ] as const)("%s in %s is %s", (text, unit, ms) => expect(readTimestampMs(text, unit)).toBe(ms));

  test("in another unit than the provider's is known as such", () => {
    const [seconds, milliseconds] = ["1714979289", "1714979289123"];
    expect([isOtherUnit(milliseconds, "s"), isOtherUnit(seconds, "ms")]).toEqual([true, true]);
    expect([isOtherUnit(seconds, "iso"), isOtherUnit(milliseconds, "iso")]).toEqual([true, true]);
    expect([isOtherUnit(seconds, "s"), isOtherUnit(milliseconds, "ms"), isOtherUnit("x", "iso")]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("is as old as its sender counts: whole seconds, or fractions where the unit is milliseconds", () => {
    const now = new Date(10_999);
    expect([ageSec(10_000, now, "s"), ageSec(9_000, now, "s"), ageSec(12_000, now, "s")]).toEqual([0, 1, -2]);
    expect([ageSec(10_000, now, "ms"), ageSec(12_000, now, "ms")]).toEqual([0.999, -1.001]);
    expect(ageSec(9_500, now, "iso")).toBe(1);
  });

  test("is written as it is read", () => {
    const now = new Date(1_714_979_289_987);
    expect((["s", "ms", "iso"] as const).map((unit) => writeTimestamp(now, unit))).toEqual([
      "1714979289",
      "1714979289987",
      "2024-05-06T07:08:09Z",
    ]);
  });
});

test("an excerpt is short and printable, and says that it was cut", () => {
  expect([excerpt("12345678"), excerpt("123456789"), excerpt("a\u00e9\n~ ")]).toEqual([
    "12345678",
    "12345678…",
    "a??~ ",
  ]);
  expect(excerpt("abc", 2)).toBe("ab…");
});
