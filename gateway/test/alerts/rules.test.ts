import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Alert } from "../../src/domain/alert.ts";
import { chooseChannels, moveAlerts } from "../../src/domain/alert.ts";
import type { Readings } from "../../src/domain/alert-rules.ts";
import { ALERT_RULES, judgeAlerts } from "../../src/domain/alert-rules.ts";
import { BREAKER_STATES } from "../../src/domain/breaker.ts";
import { MEASURES } from "../../src/store/alerts/measures.ts";

const CALM: Readings = {
  unsafe: null,
  oldestReadySec: { critical: 1, normal: 100 },
  overload: { level: 0, signal: null },
  oldestSnapshotSec: 2,
  forgottenSlot: null,
  partitionsAheadDays: 2,
  processes: { ingest: 1, worker: 1 },
  unfinished: 1,
  diskFreeMib: 50_000,
  measured: {},
};

const one = (value: number) => [{ subject: "s", subjectName: "source s", sourceIds: ["s"], value, detail: "so much" }];

/** For each rule what makes it fire. */
const TROUBLE: Readonly<Record<string, Partial<Readings>>> = {
  database_unsafe: { unsafe: "fsync is off" },
  critical_waits: { oldestReadySec: { critical: 61 } },
  queue_waits: { oldestReadySec: { low: 1_801 } },
  refuses_high: { overload: { level: 3, signal: "queue" } },
  overloaded: { overload: { level: 1, signal: "queue" } },
  old_snapshot: { oldestSnapshotSec: 61 },
  partitions_end: { partitionsAheadDays: 1 },
  no_ingest: { processes: { ingest: 0, worker: 3 } },
  no_worker: { processes: { ingest: 3, worker: 0 } },
  disk_low: { diskFreeMib: 1_000 },
  secret_ends: { measured: { secret_ends: one(3_600) } },
};

const troubleFor = (name: string): Readings => ({
  ...CALM,
  ...(TROUBLE[name] ?? { measured: { [name]: one(ALERT_RULES.find((rule) => rule.name === name)!.threshold + 1) } }),
});

const at = (sec: number): Date => new Date(Date.UTC(2026, 10, 21) + sec * 1_000);
let made = 0;
const newId = (): string => `id-${++made}`;

/** Looks again and again with the same readings until a moment; gives what stands then and what was told on the way. */
function lookUntil(standing: readonly Alert[], readings: Readings, from: number, to: number) {
  const stored = new Map(standing.map((alert) => [alert.id, alert]));
  const told: string[] = [];
  for (let sec = from; sec <= to; sec += 15) {
    const moves = moveAlerts([...stored.values()], judgeAlerts(readings, {}), at(sec), newId);
    for (const alert of moves.saved) {
      if (alert.state === "resolved") stored.delete(alert.id);
      else stored.set(alert.id, alert);
    }
    for (const id of moves.dropped) stored.delete(id);
    for (const [kind, ones] of Object.entries(moves.told)) for (const { rule } of ones) told.push(`${kind} ${rule}`);
  }
  const alerts = [...stored.values()];
  return { alerts, told };
}

describe("every rule", () => {
  it("is quiet when nothing is wrong", () => {
    expect(judgeAlerts(CALM, {})).toEqual([]);
  });

  it.each(ALERT_RULES.map((rule) => [rule.name, rule] as const))(
    "%s fires once after its time, and recovers",
    (name, rule) => {
      const early = lookUntil([], troubleFor(name), 0, Math.max(0, rule.forSec - 1));
      if (rule.forSec > 0) expect(early.told).not.toContain(`fired ${name}`);
      const fired = lookUntil([], troubleFor(name), 0, rule.forSec + 60);
      expect(fired.told.filter((word) => word === `fired ${name}`)).toHaveLength(1);
      const over = lookUntil(fired.alerts, CALM, rule.forSec + 75, rule.forSec + 180);
      expect(over.told.filter((word) => word === `resolved ${name}`)).toHaveLength(1);
    },
  );

  it("is told again only after an hour", () => {
    const { told } = lookUntil([], troubleFor("disk_low"), 0, 3_600 + 120);
    expect(told).toEqual(["fired disk_low", "repeated disk_low"]);
  });

  it("can be switched off and have another threshold", () => {
    const readings = troubleFor("disk_low");
    expect(judgeAlerts(readings, { disk_low: { state: "disabled" } })).toEqual([]);
    expect(judgeAlerts(readings, { disk_low: { threshold: 500 } })).toEqual([]);
    expect(judgeAlerts(CALM, { disk_low: { threshold: 60_000 } })).toHaveLength(1);
  });

  it("misses no worker where there is nothing for one to do, as where every event is only kept", () => {
    const readings = { ...troubleFor("no_worker"), unfinished: 0 };
    expect(judgeAlerts(readings, {})).toEqual([]);
  });

  it.each([
    ["breaker_open", "its breaker is open"],
    ["destination_failing", "Hold it while it is mended"],
    ["destination_disabled", "a destination is disabled"],
    ["old_snapshot", "pg_terminate_backend"],
    ["partitions_end", "CREATE"],
    ["no_ingest", "--role ingest"],
    ["no_worker", "--role worker"],
    ["disk_low", "Make room"],
  ])("%s leads to a page that has a step for it", (name, step) => {
    const { runbook } = ALERT_RULES.find((rule) => rule.name === name)!;
    expect(readFileSync(new URL(`../../../${runbook}`, import.meta.url), "utf8")).toContain(step);
  });

  it("reads something: every rule about sources and destinations has its measure", () => {
    const whole = [
      "database_unsafe",
      "critical_waits",
      "queue_waits",
      "refuses_high",
      "overloaded",
      "old_snapshot",
      "partitions_end",
      "no_ingest",
      "no_worker",
      "disk_low",
    ];
    expect([...MEASURES.keys(), ...whole].toSorted()).toEqual(ALERT_RULES.map(({ name }) => name).toSorted());
  });
});

describe("what flaps", () => {
  it("is one alert: a calm of less than a minute does not end it", () => {
    const fired = moveAlerts([], judgeAlerts(troubleFor("dead_letters_grow"), {}), at(0), newId);
    const calm = moveAlerts(fired.saved, [], at(45), newId);
    expect(calm).toMatchObject({ saved: [], dropped: [] });
    const again = moveAlerts(fired.saved, judgeAlerts(troubleFor("dead_letters_grow"), {}), at(50), newId);
    expect(again.told).toEqual({ fired: [], repeated: [], resolved: [] });
  });

  it("was never told of when it ends before its time", () => {
    const begun = moveAlerts([], judgeAlerts(troubleFor("queue_waits"), {}), at(0), newId);
    expect(begun.saved).toMatchObject([{ state: "pending" }]);
    expect(moveAlerts(begun.saved, [], at(15), newId)).toMatchObject({
      saved: [],
      dropped: [begun.saved[0]!.id],
      told: { resolved: [] },
    });
  });
});

describe("who is told", () => {
  const channel = (name: string, severities: readonly ("page" | "ticket")[] = ["page", "ticket"]) =>
    ({ id: name, name, severities, state: "active" }) as const;
  const old = { ...channel("old"), state: "disabled" } as const;
  const channels = [channel("pager", ["page"]), channel("chat"), channel("payments"), old];
  const names = (severity: "page" | "ticket", sources: string[], owners = {}) =>
    chooseChannels({ severity }, sources, channels, owners).map(({ name }) => name);

  it("are all channels of the severity where nobody is named", () => {
    expect(names("ticket", ["stripe"])).toEqual(["chat", "payments"]);
    expect(names("page", [])).toEqual(["pager", "chat", "payments"]);
  });

  it("are the owners of the source, and those of * for everything else", () => {
    const owners = { stripe: ["payments"], "*": ["chat"] };
    expect(names("page", ["stripe"], owners)).toEqual(["payments"]);
    expect(names("page", ["github"], owners)).toEqual(["chat"]);
    expect(names("page", [], owners)).toEqual(["chat"]);
  });

  it("are those of *, or else all, where the owners have no active channel of the severity", () => {
    const owners = { stripe: ["pager", "old"], "*": ["chat"] };
    expect(names("page", ["stripe"], owners)).toEqual(["pager"]);
    expect(names("ticket", ["stripe"], owners)).toEqual(["chat"]);
    expect(names("page", ["stripe"], { ...owners, stripe: ["old"] })).toEqual(["chat"]);
    expect(names("page", ["stripe"], { stripe: ["old"], "*": ["old"] })).toEqual(["pager", "chat", "payments"]);
    expect(names("ticket", ["stripe"], { stripe: ["old"], "*": ["pager"] })).toEqual(["chat", "payments"]);
  });
});

describe("the rules for Prometheus", () => {
  it("take a breaker that recovers for one that is not closed, as the built-in rule does", () => {
    const page = readFileSync(new URL("../../../docs/operate/alerts.yml", import.meta.url), "utf8");
    const watched = /holdfast_breaker_state\{state=~"([^"]+)"\}/.exec(page)?.[1]?.split("|") ?? [];
    expect(watched.toSorted()).toEqual(BREAKER_STATES.filter((state) => state !== "closed").toSorted());
  });

  it("take a replication slot that nobody reads for an old snapshot, whatever age the server knows of it", () => {
    const page = readFileSync(new URL("../../../docs/operate/alerts.yml", import.meta.url), "utf8");
    const rule = page.split("- alert: ").find((block) => block.startsWith("HoldfastOldSnapshot")) ?? "";
    expect(rule).toMatch(/expr: .*\bmax\(holdfast_database_inactive_replication_slots\) > 0 or /);
  });

  it("and the built-in ones of the same name have one severity, one wait, one threshold and one page", () => {
    const page = readFileSync(new URL("../../../docs/operate/alerts.yml", import.meta.url), "utf8");
    const blocks = new Map(
      page
        .split("- alert: ")
        .slice(1)
        .map((block) => [/^\w+/.exec(block)![0], block]),
    );
    const shared = ALERT_RULES.filter(({ prometheus }) => prometheus !== null);
    expect(shared.length).toBeGreaterThan(7);
    for (const { name, prometheus, severity, forSec, threshold, runbook } of shared) {
      const block = blocks.get(prometheus!) ?? "";
      expect([name, /runbook: (\S+)/.exec(block)?.[1]]).toEqual([name, runbook]);
      expect([name, /severity: (\w+)/.exec(block)?.[1]]).toEqual([name, severity]);
      expect([name, Number(/for: (\d+)m/.exec(block)?.[1]) * 60]).toEqual([name, forSec]);
      expect([name, Number(/(?:>|>=|==|<) (\d+)(?: or absent\(\w+\))?\s*$/m.exec(block)?.[1])]).toEqual([
        name,
        threshold,
      ]);
    }
  });
});
