import { EventEmitter } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import type { Endable } from "../../src/cli/end-worker.ts";
import { createEnding } from "../../src/cli/end-worker.ts";

afterEach(() => void vi.useRealTimers());

function createEnds(graceMs: (worker: Endable) => number) {
  const logged: object[] = [];
  const end = createEnding({ graceMs, log: { warn: (fields) => void logged.push(fields) } });
  return { end, logged };
}

function fakeWorker(): { readonly worker: Endable & EventEmitter; readonly signals: string[] } {
  const signals: string[] = [];
  const own = { isDead: () => false, process: { pid: 7, kill: (signal: string) => void signals.push(signal) } };
  return { worker: Object.assign(new EventEmitter(), own) as unknown as Endable & EventEmitter, signals };
}

test("a process that drains for a restart is not told a second time when all are stopped, which would cut what it has", async () => {
  const { worker, signals } = fakeWorker();
  const { end, logged } = createEnds(() => 1_000);
  const [first, second] = [end(worker), end(worker)];
  worker.emit("exit", 0, null);
  await Promise.all([first, second]);
  await end(worker);
  expect([signals, logged]).toEqual([["SIGTERM"], []]);
});

test("an error of the channel to a process that dies is not its end", async () => {
  const { worker } = fakeWorker();
  worker.on("error", () => {});
  const ended = createEnds(() => 1_000).end(worker);
  worker.emit("error", new Error("write EPIPE"));
  worker.emit("exit", null, "SIGKILL");
  await expect(ended).resolves.toBeUndefined();
});

test("one that does not end in time is killed, each by what it has itself, and the log says so", () => {
  vi.useFakeTimers();
  const [one, patient] = [fakeWorker(), fakeWorker()];
  const { end, logged } = createEnds((worker) => (worker === patient.worker ? 3_000 : 1_000));
  for (const { worker } of [one, patient]) void end(worker);
  vi.advanceTimersByTime(1_000);
  expect([one.signals, patient.signals]).toEqual([["SIGTERM", "SIGKILL"], ["SIGTERM"]]);
  expect(logged).toEqual([{ pid: 7, graceMs: 1_000 }]);
  vi.advanceTimersByTime(2_000);
  expect(patient.signals).toEqual(["SIGTERM", "SIGKILL"]);
});
