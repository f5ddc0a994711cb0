import { describe, expect, test } from "vitest";
import { decodeForm } from "../src/extract/form.ts";
import { path } from "../src/extract/json-scan.ts";
import { sign, verify } from "../src/index.ts";
import { batchDocument, itemsOf, joinTexts, select, selectExactly, selectTexts } from "../src/extract/select.ts";

const paths = [path("a"), path("b")];

describe("values of a document", () => {
  test.each([
    [
      '{"a":"\\u0041","b":1.50}',
      [
        { kind: "string", text: "A" },
        { kind: "number", text: "1.50" },
      ],
      ["A", "1.50"],
    ],
    [
      '{"a":{"x":"\\n"},"b":null}',
      [
        { kind: "other", text: '{"x":"\\n"}' },
        { kind: "other", text: "null" },
      ],
      [null, null],
    ],
    ['{"a":"\\ud800"}', [null, null], [null, null]],
    ['{"a":1,"a":2}', [null, null], [null, null]],
    ["[]", [null, null], [null, null]],
  ])("%s", (json, values, texts) => {
    expect(select(Buffer.from(json), paths)).toEqual(values);
    expect(selectTexts(Buffer.from(json), paths)).toEqual(texts);
  });

  test("what is there and cannot be read in one way is told from what is absent, where that counts", () => {
    const read = (json: string) => selectExactly(Buffer.from(json), [path("a"), path("b.c")]);
    expect(read('{"a":1}')).toEqual([{ kind: "number", text: "1" }, null]);
    for (const json of ['{"a":1,"a":2}', '{"b":1,"b":{"c":1}}', '{"a":"\\ud800"}', "[]"]) expect(read(json)).toBeNull();
  });

  test("texts are joined so that no two lists become one text", () => {
    expect(joinTexts(["a;", null, "", "é"])).toBe("2:a;;-;0:;2:é;");
    expect(joinTexts([])).toBe("");
  });
});

describe("items of a list", () => {
  test.each([
    ["[]", []],
    [' [ 1 , {"a":[2]} ]\n', ["1", '{"a":[2]}']],
    ["{1]", null],
    ["[1;2]", null],
    ["[1]x", null],
    ["[]x", null],
    ["[1,]", null],
    ["[1", null],
    ["", null],
  ])("%s", (json, items) => {
    expect(itemsOf(Buffer.from(json))?.map((item) => Buffer.from(item).toString()) ?? null).toEqual(items);
  });

  test("are 2,000 at most", () => {
    const list = (count: number) => Buffer.from(`[${Array.from({ length: count }, () => 1).join()}]`);
    expect(itemsOf(list(2_000))).toHaveLength(2_000);
    expect(itemsOf(list(2_001))).toBeNull();
  });

  test.each([
    ['{"a":1}', '{"a":1}'],
    ['[{"a":1}]', '{"a":1}'],
    ["[]", "{}"],
    ['[{"a":"x","b":"y"},{"a":"x","b":"z"}]', '{"a":"x"}'],
    ['[{"a":"x","b":"y"},{"a":"x","b":"y"}]', '{"a":"x","b":"y"}'],
    ['[{"b":"y"},{"b":"z"},{"b":"y"}]', "{}"],
    ['[{"a":null},{"a":null}]', "{}"],
  ])("%s is known as %s", (body, document) => {
    expect(Buffer.from(batchDocument(Buffer.from(body), ["a", "b"])).toString()).toBe(document);
  });
});

describe("fields of a form", () => {
  test.each([
    ["", []],
    ["a", [["a", ""]]],
    ["=b", [["", "b"]]],
    ["a=b=c", null],
    [
      "a=1&b=%20+%E2%82%AC",
      [
        ["a", "1"],
        ["b", "  €"],
      ],
    ],
    ["a=%0F%A9", null],
    ["a=1&", null],
    ["&a=1", null],
    ["a=1&&b=2", null],
    ["%=1", null],
    ["a=%2", null],
    ["a=%", null],
    ["a=%G0", null],
    ["a=%0G", null],
    ["a=%:0", null],
    ["a=%0:", null],
    ["a=%zz", null],
    ["a=%4z", null],
    ["a=%z0%9F%98%80", null],
    ["a=%e2", null],
    ['a="', null],
    ["a=b c", null],
  ] as const)("%s", (body, fields) => {
    expect(decodeForm(Buffer.from(body))?.map(({ name, value }) => [name, value]) ?? null).toEqual(fields);
  });

  test("are 1,000 at most, and each byte is a plain one", () => {
    const form = (count: number) => Buffer.from(Array.from({ length: count }, () => "a=1").join("&"));
    expect(decodeForm(form(1_000))).toHaveLength(1_000);
    expect(decodeForm(form(1_001))).toBeNull();
    expect(decodeForm(Buffer.from([0x61, 0x3d, 0xe9]))).toBeNull();
  });
});

describe("what a request says that it is", () => {
  const now = new Date("2026-03-04T05:06:07Z");
  const told = (provider: string, body: object) => {
    const request = {
      method: "POST",
      url: "https://e.example/in",
      headers: [],
      body: Buffer.from(JSON.stringify(body)),
    };
    const receiver = { secrets: ["whsec_the-secret-of-the-tests-0001"] };
    const verdict = verify({ provider, receiver, now, request: { ...request, headers: sign({ provider, receiver, request, now }) } }); // prettier-ignore
    if (!verdict.ok) throw new Error(verdict.reason);
    return { ...verdict, eventKey: Buffer.from(verdict.eventKey).toString() };
  };

  test.each([
    [1772600767, now],
    ["1772600767.5", new Date(now.getTime() + 500)],
    ["x1772600767", null],
    [-5, null],
    ["1e3", null],
    ["1772600767x", null],
    [null, null],
  ])("its time is a whole number of the unit, or none: %j", (created, occurredAt) => {
    expect(told("stripe", { id: "evt_1", created }).occurredAt).toEqual(occurredAt);
  });

  test("an id that several events have is told, and is no key; one that is not signed has its content beside it", () => {
    expect(told("elevenlabs", { data: { conversation_id: "c" } })).toMatchObject({
      eventId: "c",
      eventKey: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    expect(told("stripe", { id: "evt_1" })).toMatchObject({ eventKey: "id:evt_1", contentKey: null });
    expect(told("github", {}).contentKey).not.toBeNull();
  });
});
