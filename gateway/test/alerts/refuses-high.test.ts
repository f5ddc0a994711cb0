import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { judgeAlerts } from "../../src/domain/alert-rules.ts";
import type { Priority } from "../../src/domain/priority.ts";
import { PRIORITIES } from "../../src/domain/priority.ts";
import type { Readings, Saturation, Thresholds } from "../../src/domain/saturation.ts";
import { EASE, advance, assess, calm, treat } from "../../src/domain/saturation.ts";

const UNKNOWN: Readings = { commits: 0, queue: 0, loop: 0, memory: 0, disk: null, oldestReady: null, depth: null };
const NEVER = [1e9, 2e9, 3e9, 4e9] as const;
/** The defaults of the two signals that arrivals drive. */
const THRESHOLDS: Thresholds = {
  commits: [1_000, 1_500, 2_000, 2_250],
  queue: [25, 50, 70, 85],
  loop: NEVER,
  memory: NEVER,
  disk: [0, 0, 0, 0],
  oldest_ready: NEVER,
  depth: NEVER,
};
const [TICK_SEC, COMMITTED_PER_SEC, QUEUE_MAX] = [0.05, 1_000, 10_000];

/** Ten minutes of arrivals, as multiples of what can be committed: the controller as it runs, its queue as it fills. */
function letArrive(rates: Readonly<Record<Priority, number>>) {
  let state: Saturation = calm(0);
  let waiting = 0;
  let refusedHigh = 0;
  const looks: boolean[] = [];
  for (let tick = 1; tick <= 12_000; tick++) {
    for (const priority of PRIORITIES) {
      const share = { accepted: 1, throttled: state.share, shed: 0 }[treat(state.level, priority)];
      waiting += rates[priority] * COMMITTED_PER_SEC * TICK_SEC * share;
      if (priority === "high") refusedHigh += (1 - share) / 12_000;
    }
    waiting = Math.min(QUEUE_MAX, Math.max(0, waiting - COMMITTED_PER_SEC * TICK_SEC));
    const commits = (waiting / COMMITTED_PER_SEC) * 1_000;
    const readings = { ...UNKNOWN, commits, queue: (100 * waiting) / QUEUE_MAX };
    const [raw, eased] = [assess(readings, THRESHOLDS), assess(readings, THRESHOLDS, EASE)];
    state = advance(state, raw, eased, tick * TICK_SEC * 1_000);
    if (tick % 300 === 0) looks.push(fires(state));
  }
  return { refusedHigh, looks };
}

/** Whether a look at this level finds that high arrivals are refused. */
function fires({ level }: Saturation): boolean {
  const database = { oldestSnapshotSec: 0, forgottenSlot: null, partitionsAheadDays: null };
  const whole = {
    ...database,
    processes: null,
    unfinished: 0,
    unsafe: null,
    oldestReadySec: {},
    diskFreeMib: null,
    measured: {},
  };
  return judgeAlerts({ ...whole, overload: { level, signal: null } }, {}).some(({ rule }) => rule === "refuses_high");
}

it.each([
  ["five times what can be committed, of all classes", { critical: 0.5, high: 1, normal: 1.5, low: 2 }],
  ["three times as much, nearly all of it high", { critical: 0.3, high: 2.7, normal: 0, low: 0 }],
])("the page for high arrivals comes while half of them are refused: %s", (_name, rates) => {
  const { refusedHigh, looks } = letArrive(rates);
  expect(refusedHigh).toBeGreaterThan(0.45);
  expect(looks).toEqual(looks.map(() => true));
});

it("and does not come where there is room for all of them and others have to wait", () => {
  const { refusedHigh, looks } = letArrive({ critical: 0.1, high: 0.2, normal: 1, low: 1 });
  expect(refusedHigh).toBe(0);
  expect(looks).toEqual(looks.map(() => false));
});

it("Prometheus asks for the refusals themselves: a level alone pages nobody where no high arrival comes", () => {
  const page = readFileSync(new URL("../../../docs/operate/alerts.yml", import.meta.url), "utf8");
  const rule = page.split("- alert: ").find((block) => block.startsWith("HoldfastRefusesHigh")) ?? "";
  expect(rule).toMatch(/rate\(holdfast_ingest_refused_total\{priority="high",cause="overload"\}\[5m\]\)\) > 0 and /);
});
