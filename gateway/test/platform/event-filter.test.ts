import { describe, expect, it } from "vitest";
import { compileFilter } from "../../src/platform/event-filter.ts";

const event = { type: "a.created", source: "s", id: "1", occurredAt: new Date(0), headers: { "x-env": "live" } };

function run(expression: string, body: unknown) {
  const compiled = compileFilter(expression);
  if (!compiled.ok) throw new Error(compiled.message);
  return compiled.filter({ ...event, body });
}

const faultOf = (expression: string): string => {
  const compiled = compileFilter(expression);
  return compiled.ok ? "" : compiled.message;
};

const texts = (count: number): string => Array.from({ length: count }, () => '"x"').join(", ");

describe("a loop over the event", () => {
  it.each([
    ["in", "event.body.a.exists(x, !(x in event.body.b))"],
    ["in", "event.body.a.exists(x, event.body.b in event.body.c)"],
    ["==", "event.body.a.exists(x, event.body.b == event.body.c)"],
    ["startsWith", "event.body.a.all(x, event.body.s.startsWith(event.body.t))"],
    ["contains()", "event.body.a.exists(x, event.body.s.contains('a'))"],
    ["indexOf()", "event.body.a.filter(x, event.body.s.indexOf('a') > x).size() > 0"],
    ["lastIndexOf()", "event.body.a.exists(x, event.body.s.lastIndexOf('a') > x)"],
    ["split()", 'event.body.a.exists(x, x == event.body.s.split(""))'],
    ["size()", "event.body.a.exists(x, x > size(event.body.s))"],
    ["substring()", 'event.body.a.exists(x, event.body.s.substring(1) == "b")'],
    ["string()", "event.body.a.exists(x, x == string(event.body.s))"],
    ["lowerAscii()", 'event.body.a.exists(x, (x.ok ? "a" : event.type).lowerAscii() == "b")'],
    ["+", "event.body.a.map(x, event.body.l + x).size() > 0"],
    ["getHours()", 'event.body.a.exists(x, event.occurredAt.getHours("Europe/Berlin") == x)'],
  ])("does not let %s go through the rest of it for every item: %s", (name, expression) => {
    expect(faultOf(expression)).toMatch(/^is not a usable filter at character \d+: /);
    expect(faultOf(expression).split(": ")[1]).toContain(`${name} `);
    expect(faultOf(expression)).toMatch(/of the event outside of the item|time zone/);
  });

  it.each([
    "event.body.items.exists(i, i.name.contains('x') && i.name in ['a', 'b'])",
    "event.body.items.exists(i, i.id == event.body.primary && i.tags == event.body.tags)",
    "event.body.items.exists(i, i.name.startsWith(event.body.prefix) || event.body.kind in i.kinds)",
    "event.body.items.all(i, i.price * i.count > 10 && i.at != event.occurredAt)",
    "event.body.items.filter(i, has(i.name) && has(event.body.on)).size() > 2",
    "event.body.items.map(i, i.name + ':' + i.value).size() > 2",
    "event.body.text.split(',').exists(t, t in [event.body.a, event.body.b])",
    "['a', 'b'].exists(x, x in event.body.tags || event.body.text.contains(x + '/'))",
    "event.body.a.exists(event, event.text.contains('x'))",
    "event.body.a.exists(x, 'a, b, c'.contains(x.kind)) && 'a, b'.contains(event.body.kind)",
    "event.body.a in event.body.b && 'c' in event.body.tags.map(t, t.name)",
  ])("may ask each item, and compare it: %s", (expression) => {
    expect(faultOf(expression)).toBe("");
  });

  it("stands alone: neither inside another one nor after one", () => {
    expect(faultOf("event.body.all(x, event.body.exists(y, y == x))")).toContain("exists() stands inside another loop");
    expect(faultOf("event.body.a.filter(x, x.on).exists(x, x.b)")).toContain("filter() stands inside another loop");
  });
});

describe("a filter", () => {
  it.each([
    "event.body.a.map(x, event.body.s.split('')).size() > 0",
    "event.body.a.map(x, [x, x, x]).size() > 0",
    "event.body.a.map(x, {'a': x}).size() > 0",
    "event.body.a.map(x, x.on, x.on ? x.s.split('') : []).size() > 0",
    `event.body.a.map(x, x + "${"y".repeat(33)}").size() > 0`,
    `event.body.a.map(x, "${"y".repeat(33)}".upperAscii()).size() > 0`,
    `[${texts(90)}].map(x, event.body.l + event.body.l).size() > 0`,
    `[event.body.l, event.body.l].map(x, x + x).size() > 0`,
    `event.body.l.join("${"y".repeat(33)}") == "a"`,
    "event.body.l.join(event.body.s) == 'a'",
    `size(event.body.l${" + event.body.l".repeat(9)}) > 0`,
    "cel.bind(a, event.body.l + event.body.l, size(a + a) > 1)",
    "duration(event.body.ttl) > duration('5m')",
  ])("makes nothing that is larger than a multiple of the event: %s", (expression) => {
    expect(faultOf(expression)).toContain("is not a usable filter at character");
  });

  it.each([
    "event.body.s.contains(event.body.t)",
    "event.body.s.indexOf(event.body.t) > 1",
    "event.body.a.exists(x, x.s.contains(x.t))",
    "event.body.a.exists(x, event.body.s.contains(x))",
    "event.body.s.split(event.body.t).size() > 1",
    "[event.body.t].exists(x, event.body.s.contains(x))",
  ])("looks for literals only, since one long text in another takes their product: %s", (expression) => {
    expect(faultOf(expression)).toContain("looks for a literal only");
  });

  it("finds in a loop what it finds outside of one", () => {
    const body: unknown = JSON.parse(
      '{"items":[{"name":"a","n":{"k":1}},{"name":"b","n":{}}],"m":{"k":1},"on":{"a":null}}',
    );
    expect(run('event.body.items.exists(i, i.name == "b")', body)).toEqual({ ok: true, isMatch: true });
    expect(run("event.body.items.exists(i, i.n == event.body.m)", body)).toEqual({ ok: true, isMatch: true });
    expect(run("event.body.items.all(i, i.n == event.body.m)", body)).toEqual({ ok: true, isMatch: false });
    expect(run("event.body.m.exists(key, key == 'k') && size(event.body.m) == 1", body)).toEqual({
      ok: true,
      isMatch: true,
    });
    expect(run("'a' in event.body.on && !('b' in event.body.on)", body)).toEqual({ ok: true, isMatch: true });
    expect(run("event.body.items.exists(i, i.missing == 1)", body)).toEqual({
      ok: false,
      fault: "No such key: missing",
    });
    expect(new Error("a fault elsewhere keeps its stack").stack).toContain("event-filter.test");
    expect(run("'constructor' in event.body.m", body)).toEqual({ ok: true, isMatch: false });
    expect(run('event.headers["x-env"] in ["live"] && event.source in ["s"]', body)).toEqual({
      ok: true,
      isMatch: true,
    });
  });

  it("compares every item with a large object for as long as the items alone would take", () => {
    const large = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key-${i}`, i]));
    const body = { items: Array.from({ length: 80_000 }, () => ({})), large };
    expect(run("event.body.items.exists(i, i == event.body.large)", body)).toEqual({ ok: true, isMatch: false });
    expect(run("event.body.large in event.body.items", body)).toEqual({ ok: true, isMatch: false });
  });

  it("does not follow a body into depths that no sender needs", () => {
    const deep: unknown = JSON.parse(`{"items":[1],"deep":${"[".repeat(5_000)}${"]".repeat(5_000)}}`);
    expect(run("event.body.items.exists(i, i == event.body.deep)", deep)).toMatchObject({ ok: false });
  });

  it("learns no type of a body by heart: a sender could nest one in a new way each time", () => {
    const body = { a: [[{ b: [1] }]], list: [1, "x"], map: { k: [2] } };
    expect(run("event.body.a > 1", body)).toEqual({ ok: false, fault: "no such overload: dyn<list<dyn>> > int" });
    expect(run("event.body.map > 1", body)).toMatchObject({ fault: expect.stringContaining("dyn<map<dyn, dyn>>") });
    expect(run("(event.body.list + event.body.a).size() == 3 && 1 in event.body.list", body)).toMatchObject({
      isMatch: true,
    });
    const deep: unknown = JSON.parse(`{"deep":${"[".repeat(50_000)}${"]".repeat(50_000)}}`);
    expect(run("event.body.deep == 1", deep)).toEqual({ ok: true, isMatch: false });
  });
});
