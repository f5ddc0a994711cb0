import { EventEmitter } from "node:events";
import { Counter, Gauge, Registry } from "prom-client";
import { afterEach, expect, test, vi } from "vitest";
import type { Metered } from "../../src/cli/share-metrics.ts";
import { createMetricsRelay, shareMetrics } from "../../src/cli/share-metrics.ts";
import type { MetricSamples } from "../../src/platform/metrics-exchange.ts";
import { createMetricsExchange } from "../../src/platform/metrics-exchange.ts";

afterEach(() => void vi.useRealTimers());

/** A process of many, as the one that started it sees it. */
function fakeProcess(accepted: number) {
  const registry = new Registry();
  new Counter({ name: "accepted", help: "a", registers: [registry] }).inc(accepted);
  new Gauge({ name: "waiting", help: "w", registers: [registry] }).set(accepted);
  const exchange = createMetricsExchange(registry);
  const state = { answers: true, got: (_samples: readonly MetricSamples[]): void => {} };
  const worker = new EventEmitter();
  const send = (words: { give: number } | { samples: readonly MetricSamples[] }): boolean => {
    if ("samples" in words) state.got(words.samples);
    else if (state.answers)
      void exchange.read().then((samples) => worker.emit("message", { given: words.give, samples }));
    return true;
  };
  // What Prometheus is shown when it asks this one.
  const scrape = async (): Promise<string> => {
    const others = new Promise<readonly MetricSamples[]>((resolve) => (state.got = resolve));
    worker.emit("message", { want: 1, own: await exchange.read() });
    exchange.gatherFrom(() => others);
    return exchange.show();
  };
  const metered = Object.assign(worker, { isConnected: () => true, send }) as unknown as Metered & EventEmitter;
  return { worker: metered, exchange, state, scrape };
}

test("no sum that was shown falls when a process is late, ends, or is followed by another", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 1_000 });
  const relay = createMetricsRelay();
  const [first, second, third] = [fakeProcess(10), fakeProcess(1_000), fakeProcess(1)];
  relay.join(first.worker);
  relay.join(second.worker);
  const whole = await first.scrape();
  expect(whole).toMatch(/^accepted 1010$/m);
  expect(whole).toMatch(/^waiting 1010$/m);
  second.state.answers = false;
  expect(await first.scrape()).toMatch(/^accepted 1010$/m);
  second.worker.emit("exit", null, "SIGKILL");
  const without = await first.scrape();
  expect(without).toMatch(/^accepted 1010$/m);
  expect(without).toMatch(/^waiting 10$/m);
  relay.join(third.worker);
  expect(await first.scrape()).toMatch(/^accepted 1011$/m);
  first.worker.emit("exit", 0, null);
  expect(await third.scrape()).toMatch(/^accepted 1011$/m);
});

test("a process shows the others as they last were while the one that started it does not answer in time", async () => {
  vi.useFakeTimers();
  const registry = new Registry();
  const accepted = new Counter({ name: "accepted", help: "a", registers: [registry] });
  accepted.inc(10);
  const exchange = createMetricsExchange(registry);
  const line = new EventEmitter();
  const others = await fakeProcess(1_000).exchange.read();
  let answers = true;
  const send = (words: object): void => {
    if (answers && "want" in words) line.emit("message", { got: words.want, samples: [others] });
  };
  shareMetrics(exchange, Object.assign(line, { send }));
  const show = async (): Promise<string> => {
    const shown = exchange.show();
    await vi.advanceTimersByTimeAsync(2_000);
    return shown;
  };
  expect(await show()).toMatch(/^accepted 1010$/m);
  answers = false;
  accepted.inc(5);
  expect(await show()).toMatch(/^accepted 1015$/m);
  // What comes too late for one look is there for the next; what was overtaken is not.
  line.emit("message", { got: 2, samples: [others, others] });
  line.emit("message", { got: 1, samples: [others] });
  expect(await show()).toMatch(/^accepted 2015$/m);
});
