import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { path as pathOf, scanJson } from "../src/extract/json-scan.ts";
import { decodeJsonString } from "../src/extract/json-text.ts";

/** What the scanner says of one path: the text of the value, `ambiguous` before it where a key stood twice, or null. */
function find(json: string | Uint8Array, path: string): string | null {
  const bytes = typeof json === "string" ? Buffer.from(json) : json;
  const found = scanJson(bytes, [pathOf(path)])?.[0];
  if (found === undefined) return null;
  const { value, ambiguous } = found;
  if (value === null) return ambiguous ? "ambiguous" : null;
  const text =
    value.kind === "string" ? decodeJsonString(bytes, value.start, value.end) : slice(bytes, value.start, value.end);
  return ambiguous ? `ambiguous ${text}` : text;
}

function slice(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.subarray(start, end)).toString();
}

describe("values come out as they stood", () => {
  test.each([
    ['{"id":"evt_1"}', "id", "evt_1"],
    [' \t\r\n{ "a" : [ ] , "id" : "x" } \n', "id", "x"],
    ['{"id":9007199254740993}', "id", "9007199254740993"],
    ['{"id":1234567890123456789012345678901234567890}', "id", "1234567890123456789012345678901234567890"],
    ['{"id":1e400000}', "id", "1e400000"],
    ['{"id":-0.50E+10}', "id", "-0.50E+10"],
    ['{"id":1e5}', "id", "1e5"],
    ['{"id":"\\\\"}', "id", "\\"],
    ['{"\\u0061":"another","id":"x"}', "id", "x"],
    ['{"id":1.0}', "id", "1.0"],
    ['{"id":true}', "id", "true"],
    ['{"id":null}', "id", "null"],
    ['{"id":{"id":"inner"}}', "id", '{"id":"inner"}'],
    ['{"data":{"id":"inner"},"id":"outer"}', "id", "outer"],
    ['{"data":{"id":"inner"}}', "id", null],
    ['{"data":{"object":{"id":"deep"}}}', "data.object.id", "deep"],
    ['{"data":[{"id":"listed"}]}', "data.id", null],
    ['{"data":"id"}', "data.id", null],
    ['{"a":"{\\"id\\":\\"quoted\\"}"}', "id", null],
    ['{"a":"}","b":"]","id":"after brackets in strings"}', "id", "after brackets in strings"],
    ['{"\\u0069d":"escaped key"}', "id", "escaped key"],
    ['{"id":"\\u00e9\\ud83d\\ude00\\n\\/"}', "id", "é😀\n/"],
    ['{"id":""}', "id", ""],
    ['{"":"empty key","id":"x"}', "id", "x"],
    ['{"__proto__":{"id":"polluted"},"id":"clean"}', "id", "clean"],
    ['{"__proto__":{"id":"own"}}', "__proto__.id", "own"],
    ["{}", "id", null],
    ["{ }", "id", null],
  ])("%s at %s", (json, path, expected) => {
    expect(find(json, path)).toBe(expected);
  });

  test("a key that stands twice gives its last value, as JSON.parse does, and says so", () => {
    expect(find('{"id":"a","id":"b"}', "id")).toBe("ambiguous b");
    expect(find('{"id":"a","\\u0069d":"b"}', "id")).toBe("ambiguous b");
    expect(find('{"d":{"id":"a"},"d":{"id":"b"}}', "d.id")).toBe("ambiguous b");
    expect(find('{"d":{"id":"a"},"d":{}}', "d.id")).toBe("ambiguous");
    expect(find('{"d":{"id":"a"},"d":1}', "d.id")).toBe("ambiguous");
    expect(find('{"x":1,"x":2,"id":"a"}', "id")).toBe("a");
    expect(find('{"x":{"id":1,"id":2},"id":"a"}', "id")).toBe("a");
  });

  test("each value says what it is, and of two paths the longer one is followed", () => {
    const scan = (json: string, ...paths: string[]) => scanJson(Buffer.from(json), paths.map(pathOf));
    const kindOf = (json: string) => scan(`{"id":${json}}`, "id")?.[0]?.value?.kind;
    for (const json of ["-1", "0", "9", "1e5"]) expect([json, kindOf(json)]).toEqual([json, "number"]);
    for (const json of ["true", "null", "[]", "{}"]) expect([json, kindOf(json)]).toEqual([json, "other"]);
    expect(scan('{"a":{"b":1}}', "a", "a.b")?.[1]?.value).toMatchObject({ kind: "number" });
  });

  test("what is behind the last value is left unread where that is enough", () => {
    const paths = [pathOf("id"), pathOf("type")];
    const scan = (json: string) => scanJson(Buffer.from(json), paths, true)?.map(({ value }) => value?.kind);
    expect(scan('{"id":"x","type":1,')).toEqual(["string", "number"]);
    expect(scan('{"id":"x","type":1}')).toEqual(["string", "number"]);
    expect(scan('{"id":"x",')).toBeUndefined();
  });

  test("composed and decomposed letters stay apart", () => {
    expect(find('{"id":"\u00e9"}', "id")).not.toBe(find('{"id":"e\u0301"}', "id"));
  });

  test("a byte order mark in front is passed over, one inside a string is kept", () => {
    expect(find(Buffer.from('\ufeff{"id":"x"}'), "id")).toBe("x");
    expect(find('{"id":"\ufeffx"}', "id")).toBe("\ufeffx");
  });
});

describe("what is no JSON object gives nothing", () => {
  test.each([
    "",
    " ",
    "null",
    '"id"',
    "[]",
    '[{"id":"x"}]',
    "{",
    '{"id"',
    '{"id":',
    '{"id":"x"',
    '{"id":"x",}',
    '{"id":"x"}}',
    '{"id":"x"} x',
    '{"id":"x" "b":1}',
    '{"id":tru}',
    '{"id":01}',
    '{"id":1.}',
    '{"id":.5}',
    '{"id":+1}',
    '{"id":NaN}',
    '{"id":1e}',
    "{'id':'x'}",
    '{id:"x"}',
    '{"id":"a\nb"}',
    '{"id":"x","b":[}',
    '{"id":"x","b":[{]}}',
    '{"id":"x","b":"\\"}',
    '{"id":"x",',
    '{"id":"x","b"',
    '{"id":"x"y',
    '{"id":"x";"b":1}',
    '{"id":"x","b":-',
    '{"id":"x","b":-}',
    '{"id":"x","b"11}',
    '{"id":"x",b":1}',
    '{"id":"x","b":txyz}',
    '{"id":"x","b":["a\nb"]}',
    '("id":"x"}',
  ])("%j", (text) => {
    expect(find(text, "id")).toBeNull();
    expect(scanJson(Buffer.from(text), [pathOf("id")])).toBeNull();
  });

  test.each([
    [0xef, 0xbb, 0x20],
    [0xef, 0x20, 0xbf],
    [0x20, 0xbb, 0xbf],
    [0x20, 0x20, 0xbf],
  ])("%i %i %i is no byte order mark", (...mark) => {
    expect(scanJson(Buffer.from([...mark, ...Buffer.from('{"id":"x"}')]), [pathOf("id")])).toBeNull();
  });

  test("UTF-16 is none", () => {
    expect(find(Buffer.from('{"id":"x"}', "utf16le"), "id")).toBeNull();
  });

  test("strings without one spelling have no text: invalid UTF-8, lone surrogates, unknown escapes", () => {
    for (const inside of [
      Buffer.from([0xff]),
      Buffer.from([0xc0, 0xaf]),
      Buffer.from("\\ud800"),
      Buffer.from("\\x41"),
    ]) {
      const json = Buffer.concat([Buffer.from('{"id":"'), inside, Buffer.from('"}')]);
      expect(find(json, "id")).toBeNull();
    }
    const elsewhere = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('","id":"x"}')]);
    expect(find(elsewhere, "id")).toBe("x");
  });
});

describe("no document is too odd", () => {
  test("100,000 levels deepen no stack, with the id before or behind them (F86)", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    expect(find(`{"a":${deep},"id":"x"}`, "id")).toBe("x");
    expect(find(`{"id":"x","a":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`, "id")).toBe("x");
    expect(find(`{"id":${deep}}`, "id")).toBe(deep);
    expect(find(`{"a":${"[".repeat(100_000)}`, "id")).toBeNull();
  });

  test("20,000 equal keys are read once each", () => {
    expect(find(`{${'"id":1,'.repeat(20_000)}"id":2}`, "id")).toBe("ambiguous 2");
  });

  test("it agrees with JSON.parse on every object that JSON.stringify writes (F75)", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), fc.nat(), (others, id, indent) => {
        const json = JSON.stringify({ ...others, id }, null, indent % 5);
        const value = scanJson(Buffer.from(json), [pathOf("id")])?.[0]?.value;
        if (value === undefined || value === null) throw new Error("not found");
        const bytes = Buffer.from(json);
        const text = slice(bytes, value.start, value.end);
        return JSON.stringify(JSON.parse(value.kind === "string" ? `"${text}"` : text)) === JSON.stringify(id);
      }),
    );
  });

  test("of a document with a few bytes changed it reads what JSON.parse reads (F75)", () => {
    const marks = fc.constantFrom(...'{}[]",:\\0-+.eEtn \t\n\u0001/');
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(1), marks), { maxLength: 3 });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), changes, (others, id, edits) => {
        let text = JSON.stringify({ a: others, id, z: [] });
        for (const [at, cut, mark] of edits)
          text = `${text.slice(0, at % text.length)}${mark}${text.slice((at % text.length) + cut)}`;
        const bytes = Buffer.from(text);
        const found = scanJson(bytes, [pathOf("id")])?.[0]?.value ?? null;
        let parsed: unknown;
        try {
          parsed = JSON.parse(text);
        } catch {
          return;
        }
        const ids = (text.match(/"id"|\\/g) ?? []).length;
        if (found === null && ids > 1) return;
        if (found === null) {
          expect(Object.hasOwn(Object(parsed), "id"), text).toBe(false);
          return;
        }
        const own = slice(bytes, found.start, found.end);
        const value: unknown = JSON.parse(found.kind === "string" ? `"${own}"` : own);
        expect(value, text).toEqual((parsed as { readonly id?: unknown }).id);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test("it never throws, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        scanJson(Buffer.concat([Buffer.from('{"id":'), bytes]), [pathOf("id"), pathOf("a.b")]);
      }),
    );
  });
});
