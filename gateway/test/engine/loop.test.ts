import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startLoop } from "../../src/engine/loop.ts";
import { silentLog } from "../../src/platform/log.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const options = { name: "test", log: silentLog, idleMs: 100 };

test("a wake-up in the same turn as the timer does not start a second loop", async () => {
  // Immediates stay real: they come after all timers of a turn, as in a busy process.
  vi.useRealTimers();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let running = 0;
  let most = 0;
  let end = () => {};
  setTimeout(() => loop.wake(), 100);
  const loop = startLoop(options, async () => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => {
      end = resolve;
    });
    running--;
    return false;
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  end();
  await turn();
  vi.advanceTimersByTime(100);
  await turn();
  await turn();
  expect(most).toBe(1);
  end();
  await loop.stop();
  expect(vi.getTimerCount()).toBe(0);
});

test("no wake-up shortens the pause after a failure, however many there are", async () => {
  let rounds = 0;
  const loop = startLoop(options, async () => {
    rounds++;
    throw new Error("the database is away");
  });
  await vi.advanceTimersByTimeAsync(0);
  for (let ms = 1; ms < 200; ms++) {
    loop.wake();
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(rounds).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(rounds).toBe(2);
  await loop.stop();
});

test("a loop whose step fails again and again never ends, slows down, and goes on when it can (F54)", async () => {
  let failures = 0;
  let successes = 0;
  const loop = startLoop(options, async () => {
    if (failures < 50) {
      failures++;
      throw new Error("the database is away");
    }
    successes++;
    return false;
  });
  await vi.advanceTimersByTimeAsync(50 * 5_000);
  expect([failures, successes > 0]).toEqual([50, true]);
  // Afterwards it works as ever.
  const before = successes;
  loop.wake();
  await vi.advanceTimersByTimeAsync(1);
  expect(successes).toBe(before + 1);
  await loop.stop();
});
