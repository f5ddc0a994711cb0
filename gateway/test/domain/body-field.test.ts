import { describe, expect, it } from "vitest";
import { hasField, parseBodyField, plainStretch } from "../../src/domain/body-field.ts";

const body = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a place in a body and its value", () => {
  it("are read from a pointer, a sign and a value, also as people write them", () => {
    expect(parseBodyField("/data/customer=cus_1")).toEqual({ pointer: "/data/customer", value: "cus_1" });
    expect(parseBodyField('body./data/0/id = "a=b"')).toEqual({ pointer: "/data/0/id", value: "a=b" });
    expect(parseBodyField("body:/a~1b=1")).toEqual({ pointer: "/a~1b", value: "1" });
    expect(parseBodyField("body/a=\n")).toBeNull();
    expect(parseBodyField("body/a=1")).toEqual({ pointer: "/a", value: "1" });
    expect(parseBodyField("/body.a=1")).toEqual({ pointer: "/body.a", value: "1" });
    expect(parseBodyField('/a="')).toEqual({ pointer: "/a", value: '"' });
    expect(parseBodyField('/a=1"2"')).toEqual({ pointer: "/a", value: '1"2"' });
    expect(parseBodyField('/a="1"2')).toEqual({ pointer: "/a", value: '"1"2' });
    expect(parseBodyField(`/${"a".repeat(255)}=1`)?.pointer).toHaveLength(256);
    for (const none of ["/data/customer", "data=1", "=1", "/a=", "/a~2=1", `/${"a".repeat(300)}=1`, ""])
      expect([none, parseBodyField(none)]).toEqual([none, null]);
  });

  it("fit exactly: long numbers digit by digit, escapes undone, of equal names the last", () => {
    const fits = (text: string, field: string): boolean => hasField(body(text), parseBodyField(field)!);
    expect(fits('{"id":1234567890123456789}', "/id=1234567890123456789")).toBe(true);
    expect(fits('{"id":1234567890123456789}', "/id=1234567890123456788")).toBe(false);
    expect(fits('{"to":"a\\/b \\u00e9"}', "/to=a/b é")).toBe(true);
    expect(fits('{"list":[{"ok":true}]}', "/list/0/ok=true")).toBe(true);
    expect(fits('{"a":1,"a":2}', "/a=2")).toBe(true);
    expect(fits('{"a":{"b":1}}', "/a=1")).toBe(false);
    expect(fits('{"a":"xy"}', "/a=x")).toBe(false);
    expect(fits('{"b":1}', "/a=1")).toBe(false);
    expect(fits("a=1", "/a=1")).toBe(false);
    const invalid = Buffer.concat([body('{"a":1,"b":"'), Uint8Array.of(0xff), body('"}')]);
    expect(hasField(invalid, { pointer: "/a", value: "1" })).toBe(false);
    expect(hasField(Uint8Array.of(0xff, 0xfe), { pointer: "/a", value: "1" })).toBe(false);
  });

  it("are looked for by the bytes that no writer escapes", () => {
    expect(plainStretch("https://shop.example/a?b=1")).toBe("shop.example");
    expect(plainStretch("ab/cd")).toBe("ab");
    expect(plainStretch("cus_123")).toBe("cus_123");
    expect(plainStretch("é")).toBe("");
  });
});
