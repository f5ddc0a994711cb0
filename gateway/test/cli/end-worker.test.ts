import { EventEmitter } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import type { Endable } from "../../src/cli/end-worker.ts";
import { createEnding } from "../../src/cli/end-worker.ts";

afterEach(() => void vi.useRealTimers());

function fakeWorker(): { readonly worker: Endable & EventEmitter; readonly signals: string[] } {
  const signals: string[] = [];
  const own = { isDead: () => false, process: { kill: (signal: string) => void signals.push(signal) } };
  return { worker: Object.assign(new EventEmitter(), own) as unknown as Endable & EventEmitter, signals };
}

test("a process that drains for a restart is not told a second time when all are stopped, which would cut what it has", async () => {
  const { worker, signals } = fakeWorker();
  const end = createEnding(1_000);
  const [first, second] = [end(worker), end(worker)];
  worker.emit("exit", 0, null);
  await Promise.all([first, second]);
  await end(worker);
  expect(signals).toEqual(["SIGTERM"]);
});

test("an error of the channel to a process that dies is not its end", async () => {
  const { worker } = fakeWorker();
  worker.on("error", () => {});
  const ended = createEnding(1_000)(worker);
  worker.emit("error", new Error("write EPIPE"));
  worker.emit("exit", null, "SIGKILL");
  await expect(ended).resolves.toBeUndefined();
});

test("one that does not end in time is killed", () => {
  vi.useFakeTimers();
  const { worker, signals } = fakeWorker();
  void createEnding(1_000)(worker);
  vi.advanceTimersByTime(1_000);
  expect(signals).toEqual(["SIGTERM", "SIGKILL"]);
});
