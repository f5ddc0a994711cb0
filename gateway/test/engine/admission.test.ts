import { describe, expect, it } from "vitest";
import type { Saturation } from "../../src/domain/saturation.ts";
import { calm } from "../../src/domain/saturation.ts";
import type { Throttle } from "../../src/domain/throttle.ts";
import type { AdmissionDeps } from "../../src/engine/admission.ts";
import { createAdmission } from "../../src/engine/admission.ts";
import type { ReadySource } from "../../src/pipeline/arrival.ts";
import { createMetrics } from "../../src/platform/metrics.ts";

const policy = { priority: 2, lane: null, laneWeight: 1, ratePerSec: null, burst: null, batch: null };
const NOW = new Date("2026-03-04T05:06:07Z");

function ready(
  own: { ratePerSec?: number; burst?: number; priority?: number } = {},
  priorities: readonly number[] = [2],
  eventTypes: readonly string[] = ["*"],
  filter: object | null = null,
): ReadySource {
  const source = { id: "s1", tenant: "default", policy: { ...policy, ...own } };
  const routes = priorities.map((priority) => ({ priority, eventTypes, filter }));
  // Admission looks at these alone.
  return { source, routes } as unknown as ReadySource;
}

function open(more: Partial<AdmissionDeps> & { state?: Partial<Saturation>; throttles?: readonly Throttle[] } = {}) {
  const moment = { ms: 0, random: 0.5 };
  const refused: string[] = [];
  const admission = createAdmission({
    clock: { now: () => NOW, monotonicMs: () => moment.ms },
    randomFraction: () => moment.random,
    metrics: createMetrics("0.0.0-test"),
    catalog: () => ({ version: 1, sources: [], destinations: [], routes: [], throttles: more.throttles ?? [] }),
    saturation: { current: () => ({ ...calm(0), ...more.state }), noteRefused: (priority) => refused.push(priority) },
    ingestProcesses: more.ingestProcesses ?? (() => 1),
  });
  // The way of one genuine arrival: the door, then verification, then the event's own class.
  const enter = (source: ReadySource) =>
    admission.arrive(source) ?? admission.record(source, { deliveries: source.routes } as never);
  return { admission, moment, refused, enter };
}

it("lets a source's burst and rate through, and says to the second when the next may come", () => {
  const { enter, moment, refused } = open();
  const source = ready({ ratePerSec: 1, burst: 2 });
  expect([enter(source), enter(source)]).toEqual([null, null]);
  moment.ms = 100;
  expect(enter(source)).toMatchObject({ cause: "source_rate", isThrottled: true, retryAfterSec: 1 });
  moment.ms = 999;
  expect(enter(source)).not.toBeNull();
  moment.ms = 1_000;
  expect(enter(source)).toBeNull();
  expect(refused).toEqual(["normal", "normal"]);
});

it("lets no forger use up a source's rate: what does not verify takes nothing of it", () => {
  const { admission, enter } = open();
  const source = ready({ ratePerSec: 1, burst: 2 });
  for (let i = 0; i < 1_000; i++) expect(admission.arrive(source)).toBeNull();
  expect([enter(source), enter(source)]).toEqual([null, null]);
  expect(admission.arrive(source)).toMatchObject({ cause: "source_rate" });
});

it("holds to the rate those that came in together", () => {
  const { admission } = open();
  const source = ready({ ratePerSec: 1, burst: 1 });
  expect([admission.arrive(source), admission.arrive(source)]).toEqual([null, null]);
  const record = () => admission.record(source, { deliveries: [] });
  expect([record(), record()?.cause]).toEqual([null, "source_rate"]);
});

it("uses its part of a source's rate where several processes take in", () => {
  const { enter, moment } = open({ ingestProcesses: () => 4 });
  const source = ready({ ratePerSec: 2, burst: 4 });
  expect(enter(source)).toBeNull();
  expect(enter(source)).toMatchObject({ retryAfterSec: 2 });
  moment.ms = 2_000;
  expect(enter(source)).toBeNull();
});

it("lets the share of a throttled class through, once, however often it is asked about one arrival", () => {
  const { admission, moment } = open({ state: { level: 1, share: 0.4 } });
  const source = ready({}, [2, 3]);
  moment.random = 0.39;
  expect(admission.arrive(source)).toBeNull();
  // The same share for both classes: the second look may not refuse what the first has let through.
  moment.random = 0.99;
  expect(admission.record(source, { deliveries: [{ priority: 3 }] as never })).toBeNull();
  moment.random = 0.41;
  expect(admission.arrive(source)).toMatchObject({ cause: "overload", isThrottled: true, priority: "normal" });
});

it("refuses what is shed by the event's class, and asks at a higher level to come later", () => {
  const { admission, moment } = open({ state: { level: 4 } });
  const source = ready({}, [0, 3]);
  moment.random = 0;
  expect(admission.arrive(source)).toBeNull();
  expect(admission.record(source, { deliveries: [{ priority: 0 }] as never })).toBeNull();
  expect(admission.record(source, { deliveries: [{ priority: 3 }] as never })).toEqual({
    cause: "overload",
    isThrottled: false,
    retryAfterSec: 40,
    priority: "low",
  });
});

it("takes what goes nowhere for the source's own class", () => {
  const { admission } = open({ state: { level: 3 } });
  expect(admission.arrive(ready({}, []))).toMatchObject({ priority: "normal" });
});

describe("a source that is more urgent than its routes", () => {
  const urgent = { priority: 0 };

  it("has what no route takes let in by its own class, and the rest refused by the routes'", () => {
    const { admission } = open({ state: { level: 4 } });
    const filtered = ready(urgent, [3, 2], ["invoice.*", "log.*"]);
    expect(admission.classOf(filtered)).toBe("critical");
    expect(admission.classOf(ready(urgent, [3], ["*"], {}))).toBe("critical");
    expect(admission.arrive(filtered)).toBeNull();
    expect(admission.record(filtered, { deliveries: [] })).toBeNull();
    expect(admission.record(filtered, { deliveries: [{ priority: 3 }] as never })).toMatchObject({ priority: "low" });
  });

  it("is refused before the body where a route takes everything, so that nothing is of its own class", () => {
    const { admission } = open({ state: { level: 4 } });
    expect(admission.classOf(ready(urgent, [3]))).toBe("low");
    expect(admission.arrive(ready(urgent, [3]))).toMatchObject({ cause: "overload", priority: "low" });
    expect(admission.arrive(ready(urgent, [3], ["invoice.*", "*"]))).toMatchObject({ priority: "low" });
  });

  it("has it let in as well while a throttle refuses the routes' class", () => {
    const refuse: Throttle = { ...throttle, target: "low", action: "refuse", admitPercent: null };
    const { admission } = open({ throttles: [refuse] });
    const filtered = ready(urgent, [3], ["invoice.*"]);
    expect([admission.arrive(filtered), admission.record(filtered, { deliveries: [] })]).toEqual([null, null]);
    expect(admission.record(filtered, { deliveries: [{ priority: 3 }] as never })).toMatchObject({ cause: "throttle" });
  });
});

const throttle: Throttle = {
  tenant: "default",
  scope: "class",
  target: "normal",
  action: "throttle",
  admitPercent: 30,
  reason: null,
  setAt: NOW,
  until: new Date(NOW.getTime() + 600_000),
};

it("follows what an operator has set, the stricter of it and the controller", () => {
  const set = open({ throttles: [throttle] });
  set.moment.random = 0.29;
  expect(set.admission.arrive(ready())).toBeNull();
  set.moment.random = 0.31;
  expect(set.admission.arrive(ready())).toMatchObject({ cause: "throttle", isThrottled: true });
  const both = open({ throttles: [throttle], state: { level: 3 } });
  both.moment.random = 0;
  expect(both.admission.arrive(ready())).toMatchObject({ cause: "overload", isThrottled: false });
});

describe("a throttle on a class of a source that has several", () => {
  const onHigh: Throttle = { ...throttle, target: "high", admitPercent: 20 };
  const deliveries = (priority: number) => ({ deliveries: [{ priority }] }) as never;

  it("leaves the less urgent events of the source alone", () => {
    const { admission, moment } = open({ throttles: [onHigh] });
    const mixed = ready({}, [1, 3]);
    moment.random = 0.99;
    expect(admission.arrive(mixed)).toBeNull();
    expect(admission.record(mixed, deliveries(3))).toBeNull();
    expect(admission.record(mixed, deliveries(1))).toMatchObject({ cause: "throttle", priority: "high" });
    moment.random = 0.19;
    expect(admission.record(mixed, deliveries(1))).toBeNull();
  });

  it("is applied before the body where each class that the source can have is throttled, once", () => {
    const { admission, moment } = open({ throttles: [onHigh, { ...onHigh, target: "low", admitPercent: 40 }] });
    const mixed = ready({ priority: 3 }, [1, 3]);
    moment.random = 0.41;
    expect(admission.arrive(mixed)).toMatchObject({ cause: "throttle" });
    moment.random = 0.39;
    expect([admission.arrive(mixed), admission.record(mixed, deliveries(3))]).toEqual([null, null]);
    moment.random = 0.49;
    expect(admission.record(mixed, deliveries(1))).toBeNull();
    moment.random = 0.51;
    expect(admission.record(mixed, deliveries(1))).toMatchObject({ cause: "throttle" });
  });

  it("leaves alone what goes nowhere, which has the source's own class", () => {
    const { admission, moment } = open({ throttles: [onHigh] });
    const filtered = ready({}, [1], ["invoice.*"]);
    moment.random = 0.99;
    expect([admission.arrive(filtered), admission.record(filtered, { deliveries: [] })]).toEqual([null, null]);
  });

  it("does not hide the gateway's own overload", () => {
    const { admission, moment } = open({ throttles: [onHigh], state: { level: 4 } });
    moment.random = 0;
    expect(admission.arrive(ready({}, [1, 3]))).toMatchObject({ cause: "overload" });
  });
});

it("exempts from the controller and from nothing else", () => {
  const exempt: Throttle = { ...throttle, action: "admit", admitPercent: null };
  const { enter, moment } = open({ throttles: [exempt], state: { level: 4 } });
  expect(enter(ready())).toBeNull();
  const limited = ready({ ratePerSec: 1, burst: 1 });
  expect(enter(limited)).toBeNull();
  expect(enter(limited)).toMatchObject({ cause: "source_rate" });
  moment.ms = 1_000;
  expect(enter(limited)).toBeNull();
});

it("asks those that are refused until a moment to come after it", () => {
  const refuse: Throttle = { ...throttle, scope: "all", target: "", action: "refuse", admitPercent: null };
  const { admission } = open({ throttles: [refuse] });
  expect(admission.arrive(ready())?.retryAfterSec).toBeGreaterThanOrEqual(600);
});
