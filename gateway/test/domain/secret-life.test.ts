import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf, readPage, readTable } from "../../../test/support/markdown.ts";
import type { SecretState, SecretVersion } from "../../src/domain/catalog.ts";
import type { SecretChange, VersionUsage } from "../../src/domain/secret-life.ts";
import {
  LIVE_SECRETS_MAX,
  SECRET_MOVES,
  SECRET_STATES,
  addVersion,
  isLive,
  judgeSafety,
  promoteVersion,
  retireVersion,
} from "../../src/domain/secret-life.ts";
import { planSecrets } from "../../src/domain/source-plan.ts";

const HOUR = 3_600_000;
const NOW = new Date("2026-03-04T05:06:07.000Z");
const after = (ms: number): Date => new Date(NOW.getTime() + ms);

function version(name: string, state: SecretState, notAfter: Date | null = null): SecretVersion {
  return { version: name, state, notAfter, value: `value-of-${name}`, retiredAt: state === "retired" ? NOW : null };
}

/** The states by version after a change; throws what a refusal says. */
function statesOf(change: SecretChange): Record<string, SecretState> {
  if (!change.ok) throw new Error(change.message);
  return Object.fromEntries(change.moves.map((move) => [move.version, move.state]));
}

const messageOf = (change: SecretChange): string => (change.ok ? "" : change.message);
const unforced = (usage: readonly VersionUsage[] = []) => ({ usage, force: false, now: NOW });

describe("a version verifies", () => {
  it.each([
    ["pending", null, true],
    ["active", null, true],
    ["retiring", after(1), true],
    ["retiring", NOW, true],
    ["retiring", after(-1), false],
    ["retired", null, false],
    ["retired", after(HOUR), false],
  ] as const)("%s until %s: %s", (state, notAfter, verifies) => {
    expect(isLive(version("v1", state, notAfter), NOW)).toBe(verifies);
  });
});

describe("promoting", () => {
  const present = [version("v1", "active"), version("v2", "pending"), version("v0", "retired")];

  it("makes the pending one active and first, and lets the active one go on for the overlap", () => {
    const change = promoteVersion(present, "v2", { overlapHours: 24, now: NOW });
    expect(change).toEqual({
      ok: true,
      moves: [
        { version: "v2", from: "pending", state: "active", notAfter: null, position: 0 },
        { version: "v1", from: "active", state: "retiring", notAfter: after(24 * HOUR), position: 1 },
      ],
    });
  });

  it("takes back a rotation that came too early", () => {
    const early = [version("v2", "active"), version("v1", "retiring", after(HOUR))];
    expect(statesOf(promoteVersion(early, "v1", { overlapHours: 1, now: NOW }))).toEqual({
      v1: "active",
      v2: "retiring",
    });
  });

  it("leaves another retiring version and its end as they are", () => {
    const third = [version("v2", "active"), version("v1", "retiring", after(5)), version("v3", "pending")];
    const change = promoteVersion(third, "v3", { overlapHours: 168, now: NOW });
    expect(change.ok && change.moves.find((move) => move.version === "v1")?.notAfter).toEqual(after(5));
    expect(statesOf(change)).toEqual({ v3: "active", v2: "retiring", v1: "retiring" });
  });

  it("retires by the way what has reached its end", () => {
    const ended = [version("v1", "active"), version("v0", "retiring", after(-1)), version("v2", "pending")];
    expect(statesOf(promoteVersion(ended, "v2", { overlapHours: 1, now: NOW }))["v0"]).toBe("retired");
  });

  it.each([
    ["v1", "active already"],
    ["v0", "is retired; add its secret as a new version"],
    ["v9", "There is no version v9"],
  ])("refuses %s: %s", (name, words) => {
    expect(messageOf(promoteVersion(present, name, { overlapHours: 24, now: NOW }))).toContain(words);
  });
});

describe("adding", () => {
  it("stops at ten that verify; one that has ended takes no place", () => {
    const full = Array.from({ length: LIVE_SECRETS_MAX }, (_, i) => version(`v${i}`, i === 0 ? "active" : "pending"));
    expect(messageOf(addVersion(full, "more", NOW))).toContain("10 versions are live");
    const ended = full.with(9, version("v9", "retiring", after(-1)));
    expect(statesOf(addVersion(ended, "more", NOW))).toMatchObject({ more: "pending", v9: "retired" });
  });

  it("refuses a name that was ever used", () => {
    const present = [version("v2", "active"), version("v1", "retired")];
    expect(messageOf(addVersion(present, "v1", NOW))).toContain("choose another name");
  });
});

describe("retiring", () => {
  const two = [version("v2", "active"), version("v1", "retiring", after(HOUR))];

  it("is refused within an hour of the last use, and is done when forced", () => {
    const justUsed = [{ version: "v1", lastUsedAt: after(-HOUR + 1) }];
    expect(messageOf(retireVersion(two, "v1", unforced(justUsed)))).toContain("within the last hour");
    expect(statesOf(retireVersion(two, "v1", { usage: justUsed, force: true, now: NOW }))["v1"]).toBe("retired");
    expect(statesOf(retireVersion(two, "v1", unforced([{ version: "v1", lastUsedAt: after(-HOUR) }])))["v1"]).toBe(
      "retired",
    );
  });

  it("is refused for the only one that verifies", () => {
    const rest = [version("v2", "active"), version("v1", "retiring", after(-1))];
    expect(messageOf(retireVersion(rest, "v2", unforced()))).toContain("the only version that verifies");
    expect(statesOf(retireVersion(rest, "v2", { usage: [], force: true, now: NOW }))["v2"]).toBe("retired");
  });

  it("ends that version alone, and goes by the use of that version alone", () => {
    const three = [...two, version("v3", "pending")];
    const used = [
      { version: "v2", lastUsedAt: after(-1) },
      { version: "v1", lastUsedAt: after(-2 * HOUR) },
    ];
    expect(statesOf(retireVersion(three, "v1", unforced(used)))).toEqual({
      v2: "active",
      v3: "pending",
      v1: "retired",
    });
    expect(retireVersion(three, "v2", unforced(used))).toMatchObject({
      ok: false,
      cause: "conflict",
      message: expect.stringMatching(/^v2 was used within .* Retire it nevertheless with force\.$/),
    });
    expect(statesOf(retireVersion(three, "v3", unforced(used)))["v3"]).toBe("retired");
  });

  it("is refused for one that is not there, forced or not", () => {
    const wanted = { ok: false, cause: "missing", message: "There is no version v9." };
    expect(retireVersion(two, "v9", unforced())).toEqual(wanted);
    expect(retireVersion(two, "v9", { usage: [], force: true, now: NOW })).toEqual(wanted);
  });

  it("is refused for what is retired already", () => {
    expect(messageOf(retireVersion([version("v1", "retired")], "v1", unforced()))).toContain("retired already");
  });
});

describe("safe to retire", () => {
  const seen = (name: string, state: SecretState, lastUsedAt: Date | null) => ({
    ...version(name, state, state === "retiring" ? after(HOUR) : null),
    lastUsedAt,
  });
  const v2 = seen("v2", "active", after(-10));

  it.each([
    ["used since by another, and quiet for an hour", seen("v1", "retiring", after(-HOUR)), [v2], true],
    ["never used, and another is", seen("v1", "retiring", null), [v2], true],
    ["used within the hour", seen("v1", "retiring", after(-HOUR + 1)), [v2], false],
    ["the only one that verifies", seen("v1", "active", null), [seen("v0", "retired", after(-5))], false],
    [
      "quiet, but nothing else has come either",
      seen("v1", "active", after(-99 * HOUR)),
      [seen("v2", "pending", null)],
      false,
    ],
    [
      "quiet, and the other was used before it only",
      seen("v1", "active", after(-2 * HOUR)),
      [seen("v2", "pending", after(-3 * HOUR))],
      false,
    ],
    ["pending and never used", seen("v2", "pending", null), [seen("v1", "active", null)], true],
    [
      "pending, and the provider signs with it",
      seen("v3", "pending", after(-2 * HOUR)),
      [seen("v1", "active", after(-3 * HOUR))],
      false,
    ],
    [
      "never used, and only one that is retiring is",
      seen("v2", "active", null),
      [seen("v1", "retiring", after(-5))],
      false,
    ],
    ["retired", seen("v0", "retired", after(-1)), [v2], true],
  ])("%s", (_what, wanted, others, safe) => {
    const judged = judgeSafety(wanted, others, NOW);
    expect([judged.safe, judged.reason.length > 10]).toEqual([safe, true]);
  });

  it("says the fact that it goes by", () => {
    const reason = (wanted: ReturnType<typeof seen>, others = [v2]) => judgeSafety(wanted, others, NOW).reason;
    const ended = { ...seen("v1", "retiring", null), notAfter: after(-1) };
    expect(reason(seen("v1", "retired", null))).toBe("it is retired");
    expect(reason(ended)).toBe("its end has passed");
    expect(reason(seen("v1", "active", null), [])).toBe("it is the only version that verifies");
    expect(reason(seen("v1", "active", null))).toBe("it was never used, and v2 has been used since");
    expect(reason(seen("v1", "retiring", after(-2 * HOUR)))).toBe(
      `it was last used at ${after(-2 * HOUR).toISOString()}, and v2 has been used since`,
    );
    // At the same moment is not since.
    const both = after(-2 * HOUR);
    expect(judgeSafety(seen("v1", "retiring", both), [seen("v2", "active", both)], NOW).safe).toBe(false);
  });
});

const legal = new Set(SECRET_MOVES.map(({ from, to, by }) => `${from} ${to} ${by}`));

// One step of a life: what is asked, of which version, and how much time has passed.
const step = fc.record({
  by: fc.constantFrom("add", "promote", "retire", "declare"),
  pick: fc.nat(20),
  hours: fc.nat(30),
  ends: fc.boolean(),
});

describe("whatever is asked in whatever order", () => {
  it("makes legal moves only, has at most ten live versions in places 0 to 9, and never two active ones by promoting", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let present: SecretVersion[] = [version("v0", "active")];
        let now = NOW;
        let names = 0;
        for (const { by, pick, hours, ends } of steps) {
          now = new Date(now.getTime() + hours * HOUR);
          const chosen = present[pick % present.length]!.version;
          const change =
            by === "add"
              ? addVersion(present, `n${++names}`, now)
              : by === "promote"
                ? promoteVersion(present, chosen, { overlapHours: hours, now })
                : by === "retire"
                  ? retireVersion(present, chosen, { usage: [], force: true, now })
                  : declare(present, pick, ends ? new Date(now.getTime() + HOUR) : null);
          if (!change.ok) continue;
          const live = change.moves.filter(({ state }) => state !== "retired");
          expect(live.map(({ position }) => position)).toEqual(live.map((_, i) => i));
          expect(live.length).toBeLessThanOrEqual(LIVE_SECRETS_MAX);
          if (by === "promote") expect(live.filter(({ state }) => state === "active")).toHaveLength(1);
          for (const { from, state } of change.moves) {
            if (from === state) continue;
            const byEnd = by !== "declare" && from === "retiring" && state === "retired";
            expect([from, state, by, legal.has(`${from} ${state} ${by}`) || byEnd]).toEqual([from, state, by, true]);
          }
          present = present
            .filter((known) => !change.moves.some((move) => move.version === known.version))
            .concat(change.moves.map(({ version: name, state, notAfter }) => version(name, state, notAfter)));
        }
      }),
      { numRuns: 300 },
    );
  });

  /** A configuration file that lists some of the versions, the last of them with an end. */
  function declare(present: readonly SecretVersion[], pick: number, notAfter: Date | null): SecretChange {
    const listed = present.filter((_, i) => (pick >> (i % 5)) % 2 === 0).slice(0, LIVE_SECRETS_MAX);
    const planned = planSecrets(
      present,
      listed.map(({ version: name, value }, i) => ({
        version: name,
        value: value ?? "",
        ...(notAfter !== null && i === listed.length - 1 ? { notAfter } : {}),
      })),
      pick % 2 === 0,
    );
    const moves = planned.map((plan) => ({
      ...plan,
      from: present.find((known) => known.version === plan.version)?.state ?? null,
    }));
    return { ok: true, moves };
  }
});

describe("docs/operate/secrets.md", () => {
  const page = readPage("docs/operate/secrets.md");

  it("lists the states and the legal moves of the code, in its order", () => {
    expect(readTable(page, "The states of a version").map((row) => codeOf(row["state"]))).toEqual([...SECRET_STATES]);
    const rows = readTable(page, "Legal moves").map((row) => ({
      from: row["from"] === "–" ? null : codeOf(row["from"]),
      to: codeOf(row["to"]),
      by: row["by"],
    }));
    expect(rows).toEqual(SECRET_MOVES);
  });

  it("says of each state whether it verifies", () => {
    for (const row of readTable(page, "The states of a version")) {
      const state = codeOf(row["state"]) as SecretState;
      expect([state, row["verifies"] === "no"]).toEqual([state, !isLive(version("v1", state), NOW)]);
    }
  });
});
