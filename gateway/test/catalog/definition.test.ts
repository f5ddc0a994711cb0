import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { checkDefinition } from "../../src/domain/definition.ts";
import { nearestName } from "../../src/domain/field-checks.ts";
import { compileFilter } from "../../src/platform/event-filter.ts";
import { checkSchedule } from "../../src/platform/schedule.ts";

const checkers = {
  checkReceiver: (provider: string) =>
    provider === "stripe" ? [] : [{ path: "provider", problem: "no such provider" }],
  vetUrl: (url: string) =>
    url.startsWith("https://") ? ({ ok: true } as const) : ({ ok: false, message: "not https" } as const),
  checkFilter: compileFilter,
  checkSchedule,
};

function faultsOf(input: unknown): string[] {
  const checked = checkDefinition(input, checkers);
  return checked.ok ? [] : checked.faults.map(({ path, problem }) => `${path}: ${problem}`);
}

describe("a definition", () => {
  it("that is right comes back complete, with names and patterns filled in", () => {
    const checked = checkDefinition(
      {
        sources: {
          s: { provider: "stripe", secrets: ["one", { value: "two", notAfter: new Date(0) }], toleranceSec: 60 },
        },
        destinations: { d: { url: "https://d.example", retry: { scheduleSec: [1, 2.5] } }, h: { handler: "onEvent" } },
        routes: [
          { source: "s", destination: "d" },
          { name: "x", source: "s", destination: "h", priority: "critical" },
        ],
      },
      checkers,
    );
    expect(checked).toEqual({
      ok: true,
      definition: {
        sources: {
          s: {
            provider: "stripe",
            secrets: [{ value: "one" }, { value: "two", notAfter: "1970-01-01T00:00:00.000Z" }],
            toleranceSec: 60,
          },
        },
        destinations: { d: { url: "https://d.example", retry: { scheduleSec: [1, 2.5] } }, h: { handler: "onEvent" } },
        routes: [
          { name: "s-d", source: "s", destination: "d", eventTypes: ["*"] },
          { name: "x", source: "s", destination: "h", eventTypes: ["*"], priority: "critical" },
        ],
        reconciliations: {},
        alerts: null,
      },
    });
  });

  it("tells every fault at once, each with its place and the nearest known name", () => {
    const faults = faultsOf({
      source: {},
      sources: {
        Bad: { provider: "stripe" },
        a: { provider: "nope", key: "same-key-1" },
        b: { provider: "stripe", secret: ["x"], secrets: ["x", "x", { value: "", version: "a b" }], bodyBytesMax: 1e9 },
        c: { provider: "stripe", key: "same-key-2" },
        d: { provider: "stripe", key: "same-key-2" },
      },
      destinations: {
        e: { url: "http://x", timeoutMs: 0, headers: { Host: "x", "X-A": "a\nb", "x-a": "c" }, signingSecret: "abc" },
        f: { url: "https://x", handler: "y" },
        g: { handler: "y", headers: {} },
        h: {},
      },
      routes: [
        { source: "a", destination: "ee", eventTypes: [] },
        { source: "a", destination: "f" },
        { source: "a", destination: "f" },
        7,
      ],
    });
    expect(faults.map((fault) => fault.split(": ")[0]).toSorted()).toEqual([
      "destinations.e.headers.Host",
      "destinations.e.headers.X-A",
      "destinations.e.headers.x-a",
      "destinations.e.signingSecret",
      "destinations.e.timeoutMs",
      "destinations.e.url",
      "destinations.f.handler",
      "destinations.g.headers",
      "destinations.h.url",
      "routes[0].destination",
      "routes[0].eventTypes",
      "routes[2]",
      "routes[3]",
      "source",
      "sources.Bad",
      "sources.a.provider",
      "sources.b.bodyBytesMax",
      "sources.b.secret",
      "sources.b.secrets[1]",
      "sources.b.secrets[2].value",
      "sources.b.secrets[2].version",
      "sources.d.key",
    ]);
    expect(faults.find((fault) => fault.startsWith("source:"))).toContain("did you mean sources?");
    expect(faults.find((fault) => fault.startsWith("sources.b.secret:"))).toContain("did you mean secrets?");
  });

  it("reads a secret's end without a zone as UTC, wherever the process stands, and refuses what is no ISO 8601", () => {
    vi.stubEnv("TZ", "Asia/Tokyo");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(new Date("2026-12-01T00:00:00").toISOString()).toBe("2026-11-30T15:00:00.000Z");
    const endOf = (notAfter: unknown) => {
      const secrets = ["one", { value: "two", notAfter }];
      const found = checkDefinition({ sources: { s: { provider: "stripe", secrets } } }, checkers);
      if (!found.ok) return found.faults.map(({ path, problem }) => `${path} ${problem}`);
      const [, second] = found.definition.sources["s"]!.secrets ?? [];
      return typeof second === "object" ? second.notAfter : second;
    };
    const end = "2026-12-01T00:00:00.000Z";
    const same = ["2026-12-01T00:00:00", "2026-12-01", "2026-12-01 00:00", "2026-12-01T00:00:00.000Z"];
    const zoned = ["2026-12-01T09:00:00+09:00", "2026-11-30T19:00-0500", new Date(end), Date.parse(end)];
    expect([...same, ...zoned].map(endOf)).toEqual([...same, ...zoned].map(() => end));
    for (const none of ["1 Dec 2026", "12/01/2026", "2026-12-01T00:00:00 (about)", "5", "2026-13-01"])
      expect(endOf(none)).toEqual([
        expect.stringMatching(/^sources\.s\.secrets\[1\]\.notAfter must be a moment: ISO 8601 text \(UTC/),
      ]);
  });

  it("never throws, and never quotes a secret in a fault", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withDate: true }), (input) => {
        checkDefinition(input, checkers);
        checkDefinition({ sources: { s: input }, destinations: { d: input }, routes: [input] }, checkers);
        checkDefinition(
          { sources: { s: { provider: "stripe", secrets: input, publicKeys: input, certificates: input } } },
          checkers,
        );
        checkDefinition({ destinations: { d: { url: "https://x", headers: input, retry: input } } }, checkers);
      }),
      { numRuns: 300 },
    );
    const secret = "top-secret-value";
    const told = faultsOf({
      sources: { s: { provider: "stripe", secrets: [secret, secret, { value: secret, versoin: "x" }], password: 7 } },
    });
    expect(told.length).toBeGreaterThan(2);
    expect(told.join("\n")).not.toContain(secret);
  });

  it("suggests only names that are near", () => {
    expect(nearestName("destintion", ["source", "destination"])).toBe("destination");
    expect(nearestName("prot", ["port", "host"])).toBe("port");
    expect(nearestName("zzz", ["source", "destination"])).toBeNull();
  });
});
