import cluster, { type Worker } from "node:cluster";
import type { MetricSamples, MetricsExchange } from "../platform/metrics-exchange.ts";

/** One asks for the others' metrics; the one that started them asks each of them, and brings the answers. */
type Words =
  | { readonly want: number }
  | { readonly give: number }
  | { readonly given: number; readonly samples: MetricSamples }
  | { readonly got: number; readonly samples: readonly MetricSamples[] };

const GIVE_MS = 1_000;
const GET_MS = 2_000;

/** For a process of many: gives its metrics when asked, and shows those of all. */
export function shareMetrics(exchange: MetricsExchange): void {
  const waiting = new Map<number, (samples: readonly MetricSamples[]) => void>();
  let asked = 0;
  process.on("message", (words: Words) => {
    if ("give" in words) {
      void exchange.read().then((samples) => process.send?.({ given: words.give, samples } satisfies Words));
    } else if ("got" in words) waiting.get(words.got)?.(words.samples);
  });
  exchange.gatherFrom(() => {
    const number = ++asked;
    return new Promise((resolve) => {
      const finish = (samples: readonly MetricSamples[]): void => {
        clearTimeout(timer);
        waiting.delete(number);
        resolve(samples);
      };
      // Its own are better than none.
      const timer = setTimeout(() => finish([]), GET_MS);
      waiting.set(number, finish);
      process.send?.({ want: number } satisfies Words);
    });
  });
}

/** For the one that started them: brings a process the metrics of the others, of those that answer in time. */
export function relayMetrics(asker: Worker): void {
  asker.on("message", (words: Words) => {
    if (!("want" in words)) return;
    const others = Object.values(cluster.workers ?? {}).filter((one) => one !== undefined && one !== asker);
    void Promise.all(others.map((other) => askFor(other as Worker, words.want))).then((answers) => {
      const samples = answers.filter((answer) => answer !== null);
      if (asker.isConnected()) asker.send({ got: words.want, samples } satisfies Words);
    });
  });
}

function askFor(worker: Worker, number: number): Promise<MetricSamples | null> {
  return new Promise((resolve) => {
    const finish = (samples: MetricSamples | null): void => {
      clearTimeout(timer);
      worker.off("message", hear);
      resolve(samples);
    };
    const hear = (words: Words): void => {
      if ("given" in words && words.given === number) finish(words.samples);
    };
    const timer = setTimeout(() => finish(null), GIVE_MS);
    worker.on("message", hear);
    if (worker.isConnected()) worker.send({ give: number } satisfies Words);
  });
}
