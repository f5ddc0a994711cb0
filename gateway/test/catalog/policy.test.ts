import { describe, expect, it } from "vitest";
import { checkDefinition } from "../../src/domain/definition.ts";
import { parseSelector } from "../../src/domain/selector.ts";
import { DEFAULT_SOURCE_POLICY } from "../../src/domain/source-policy.ts";
import { planRoute } from "../../src/domain/route-plan.ts";
import { planSource, toSourceDefinition } from "../../src/domain/source-plan.ts";
import { compileFilter } from "../../src/platform/event-filter.ts";
import { checkSchedule } from "../../src/platform/schedule.ts";

const checkers = {
  checkReceiver: () => [],
  vetUrl: () => ({ ok: true }) as const,
  checkFilter: compileFilter,
  checkSchedule,
};
const ends = { sourceId: "1", destinationId: "2" };
const declared = { tenant: "default", name: "s", origin: "api", newId: "1", newKey: "k", state: "active" } as const;

function check(source: object, route: object = {}) {
  return checkDefinition(
    {
      sources: { s: { provider: "stripe", ...source } },
      destinations: { d: { url: "https://d.example" } },
      routes: [{ source: "s", destination: "d", ...route }],
    },
    checkers,
  );
}

function faultsOf(source: object, route: object = {}): string[] {
  const checked = check(source, route);
  return checked.ok ? [] : checked.faults.map(({ path, problem }) => `${path} ${problem}`);
}

describe("the policy of a source and a route", () => {
  it("has every field that is declared, and the defaults for the others", () => {
    const checked = check(
      { priority: "high", lane: "body:/account", laneWeight: 5, ratePerSec: 20 },
      { when: "event.type != null" },
    );
    if (!checked.ok) throw new Error("the definition is right");
    const { sources, routes } = checked.definition;
    const source = planSource(null, sources["s"]!, declared);
    expect(source.policy).toEqual({
      priority: 1,
      lane: "body:/account",
      laneWeight: 5,
      ratePerSec: 20,
      burst: null,
      batch: "event",
      confirmSubscriptions: null,
    });
    expect(source.receiver).toEqual({});
    expect(planSource(null, { provider: "stripe" }, declared).policy).toEqual(DEFAULT_SOURCE_POLICY);
    const route = planRoute(null, routes[0]!, ends, declared);
    expect([route.priority, route.policy]).toEqual([null, { when: "event.type != null", orderBy: null }]);
  });

  it("is declared again as it was", () => {
    const definition = {
      provider: "stripe",
      priority: "low",
      lane: "type",
      laneWeight: 2,
      ratePerSec: 9,
      burst: 3,
    } as const;
    const plan = planSource(null, definition, declared);
    const source = { ...plan, receiverUnreadable: [], secrets: [], createdAt: new Date(0), updatedAt: new Date(0) };
    expect(toSourceDefinition(source)).toMatchObject(definition);
    expect(planSource(source, { ...definition, lane: "source" }, declared).fields).toEqual(["policy"]);
  });

  it("is refused field by field, a filter with the character where it goes wrong", () => {
    expect(
      faultsOf({ priority: "urgent", lane: "body:account", laneWeight: 101 }, { when: "event.tpye == 'a'" }),
    ).toEqual([
      "sources.s.priority must be one of critical, high, normal, low",
      "sources.s.lane must be a JSON pointer after body:, such as body:/data/account",
      "sources.s.laneWeight must be a whole number from 1 to 100, not 101",
      "routes[0].when is not a usable filter at character 7: No such key: tpye",
    ]);
    expect(faultsOf({}, { when: "event.body.a ==" })[0]).toContain("at character 16: Unexpected token");
    expect(faultsOf({}, { when: "event.source" })[0]).toContain("gives string, not true or false");
    expect(faultsOf({}, { when: "event.body.s.matches('(a+)+')" })[0]).toContain("matches() is not supported");
    const loops = "event.body.all(x, event.body.exists(y, y == x))";
    expect(faultsOf({}, { when: loops })[0]).toContain("at character 19: exists() stands inside another loop");
    expect(faultsOf({}, { when: `true${" && true".repeat(200)}` })[0]).toContain("is not a usable filter");
    expect(faultsOf({}, { when: `event.body == "${"a".repeat(2_000)}"` })).toEqual([
      "routes[0].when is longer than 2000 characters",
    ]);
  });
});

describe("a selector", () => {
  it.each([
    ["source", { kind: "source" }],
    ["type", { kind: "type" }],
    ["header:X-Account", { kind: "header", name: "x-account" }],
    ["body:/data/a~1b/~01", { kind: "body", path: ["data", "a/b", "~1"] }],
  ])("is read from %s", (text, selector) => {
    expect(parseSelector(text)).toEqual({ ok: true, selector });
  });

  it.each(["", "tenant", "header:", "header:a b", "body:", "body:/", "body:/a~2", `body:${"/a".repeat(17)}`])(
    "is not read from %j",
    (text) => {
      expect(parseSelector(text)).toMatchObject({ ok: false });
    },
  );
});

describe("a filter", () => {
  const event = {
    type: null,
    source: "s",
    id: null,
    occurredAt: new Date("2026-01-01T00:00:00Z"),
    headers: { "x-env": "live" },
    body: JSON.parse('{"amount":120.5,"list":[1,2],"__proto__":{"polluted":true}}') as unknown,
  };
  const run = (expression: string) => {
    const compiled = compileFilter(expression);
    if (!compiled.ok) throw new Error(compiled.message);
    return compiled.filter(event);
  };

  it("matches what its expression is true for", () => {
    expect(run('event.body.amount > 100 && event.headers["x-env"] == "live"')).toEqual({ ok: true, isMatch: true });
    expect(run("event.type == null && event.body.list.exists(x, x == 3)")).toEqual({ ok: true, isMatch: false });
    expect(run('event.occurredAt < timestamp("2027-01-01T00:00:00Z")')).toEqual({ ok: true, isMatch: true });
  });

  it("says what it could not find out, and reaches nothing that the event does not hold", () => {
    expect(run("event.body.missing == 1")).toEqual({ ok: false, fault: "No such key: missing" });
    expect(run("event.body.amount")).toMatchObject({ ok: false });
    expect(run("event.body.constructor == 1")).toMatchObject({ ok: false });
    expect(run('event.headers["toString"] == "a"')).toMatchObject({ ok: false });
  });

  it("reads the body only where it uses it", () => {
    let reads = 0;
    const lazy = {
      ...event,
      get body() {
        reads++;
        return event.body;
      },
    };
    const readsOf = (expression: string) => {
      const compiled = compileFilter(expression);
      reads = 0;
      if (compiled.ok) compiled.filter(lazy);
      return reads;
    };
    expect(readsOf('event.source == "s" && event.headers["x-env"] == "live" && event.type == null')).toBe(0);
    expect(readsOf("event.body.amount > 1")).toBeGreaterThan(0);
  });
});
