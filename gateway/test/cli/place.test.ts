import { expect, onTestFinished, test } from "vitest";
import type { Place, PlaceProcess } from "../../src/cli/place.ts";
import { openPlace } from "../../src/cli/place.ts";
import type { Report } from "../../src/cli/serve-as-one.ts";
import { silentLog } from "../../src/platform/log.ts";

/** A process that does what it is told by the test. */
interface Puppet {
  /** It serves from now on. */
  serve(): void;
  die(): void;
  isAlive(): boolean;
}

interface Stage {
  readonly place: Place;
  readonly started: readonly Puppet[];
  /** The pauses that were asked for, in milliseconds; each ends when it is told to. */
  readonly pauses: readonly { readonly ms: number; end(): void }[];
  pass(ms: number): void;
  /** All that can go on without another event has gone on. */
  settled(): Promise<void>;
}

const READY: Report = {
  ready: true,
  ingestUrl: null,
  adminUrl: null,
  metricsUrl: null,
  adminToken: null,
  firstKey: false,
  drainTimeoutMs: 0,
};
const DIED: Report = { ready: false, fault: { code: "start_failed", message: "died", remedy: "" } };

function openStage(): Stage {
  const started: Puppet[] = [];
  const pauses: { ms: number; end(): void }[] = [];
  let nowMs = 0;
  const start = (): PlaceProcess => {
    let isAlive = true;
    let report: (words: Report) => void = () => {};
    let end: (how: string) => void = () => {};
    const reported = new Promise<Report>((resolve) => (report = resolve));
    const ended = new Promise<string>((resolve) => (end = resolve));
    const die = (): void => {
      isAlive = false;
      report(DIED);
      end("SIGKILL");
    };
    started.push({ serve: () => report(READY), die, isAlive: () => isAlive });
    return { pid: started.length, report: reported, ended, end: async () => die() };
  };
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  const place = openPlace({
    number: 0,
    start,
    log: silentLog,
    clock: { now: () => new Date(nowMs), monotonicMs: () => nowMs },
    stopping: stopping.signal,
    pause: (ms) => new Promise((resolve) => void pauses.push({ ms, end: resolve })),
  });
  const pass = (ms: number): void => void (nowMs += ms);
  return { place, started, pauses, pass, settled: () => new Promise((resolve) => setImmediate(resolve)) };
}

const alive = ({ started }: Stage): number[] => started.flatMap((one, i) => (one.isAlive() ? [i] : []));

async function served(stage: Stage): Promise<void> {
  const filled = stage.place.fill();
  await stage.settled();
  stage.started[0]!.serve();
  expect(await filled).toBe(READY);
}

/** The last one dies, and its successor serves when the pause is over. @returns how long the pause was */
async function dieAndServe(stage: Stage): Promise<number> {
  stage.started.at(-1)!.die();
  await stage.settled();
  const { ms, end } = stage.pauses.at(-1)!;
  end();
  await stage.settled();
  stage.started.at(-1)!.serve();
  await stage.settled();
  return ms;
}

test("a place that a restart has filled is left alone by whoever was about to fill it", async () => {
  const stage = openStage();
  await served(stage);
  stage.started[0]!.die();
  await stage.settled();
  stage.pauses[0]!.end();
  await stage.settled();
  stage.started[1]!.die();
  await stage.settled();
  const restarted = stage.place.restart();
  await stage.settled();
  stage.started[2]!.serve();
  expect(await restarted).toBe(true);
  stage.pauses[1]!.end();
  await stage.settled();
  expect(alive(stage)).toEqual([2]);
  expect(stage.started).toHaveLength(3);
});

test("a restart waits for a process that is just being started in its place, and takes that one's turn", async () => {
  const stage = openStage();
  await served(stage);
  stage.started[0]!.die();
  await stage.settled();
  stage.pauses[0]!.end();
  await stage.settled();
  const restarted = stage.place.restart();
  await stage.settled();
  expect(alive(stage)).toEqual([1]);
  stage.started[1]!.serve();
  await stage.settled();
  expect(alive(stage)).toEqual([1, 2]);
  stage.started[2]!.serve();
  expect(await restarted).toBe(true);
  expect(alive(stage)).toEqual([2]);
});

test("one that dies while its successor starts is replaced when that one does not serve, and not when it does", async () => {
  for (const servesNext of [true, false]) {
    const stage = openStage();
    await served(stage);
    const restarted = stage.place.restart();
    await stage.settled();
    stage.started[0]!.die();
    await stage.settled();
    stage.pauses[0]!.end();
    if (servesNext) stage.started[1]!.serve();
    else stage.started[1]!.die();
    expect(await restarted).toBe(servesNext);
    await stage.settled();
    expect(alive(stage)).toEqual([servesNext ? 1 : 2]);
  }
});

test("one that serves and dies at once, again and again, is started after pauses that grow; one that has served for long, at once", async () => {
  const stage = openStage();
  await served(stage);
  const pauses: number[] = [];
  for (let i = 0; i < 10; i++) pauses.push(await dieAndServe(stage));
  expect(pauses).toEqual([0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  stage.pass(5_000);
  expect(await dieAndServe(stage)).toBe(0);
  expect(await dieAndServe(stage)).toBe(100);
});
