import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { layOutJson } from "../src/parts/lay-out-json.ts";

describe("JSON laid out for reading", () => {
  it("keeps numbers digit by digit and strings as they were written", () => {
    expect(layOutJson('{"id":1234567890123456789,"e":1.50,"s":"a\\u00e9\\"}{,","o":{ },"a":[ ],"n":null}')).toBe(
      '{\n  "id": 1234567890123456789,\n  "e": 1.50,\n  "s": "a\\u00e9\\"}{,",\n  "o": {},\n  "a": [],\n  "n": null\n}',
    );
  });

  it("means the same as before, whatever it was and however it was spaced", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom("", " ", "\t"), (value, space) => {
        const laidOut = layOutJson(JSON.stringify(value, null, space));
        expect(JSON.parse(laidOut)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(laidOut).toBe(JSON.stringify(JSON.parse(JSON.stringify(value)), null, 2));
      }),
    );
  });
});
