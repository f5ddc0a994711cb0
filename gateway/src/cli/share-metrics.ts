import type { Worker } from "node:cluster";
import type { MetricSamples, MetricsExchange } from "../platform/metrics-exchange.ts";
import { addUpGrowing } from "../platform/metrics-exchange.ts";

/** One asks for the others' metrics; the one that started them asks each of them, and brings the answers. */
type Words =
  | { readonly want: number; readonly own: MetricSamples }
  | { readonly give: number }
  | { readonly given: number; readonly samples: MetricSamples }
  | { readonly got: number; readonly samples: readonly MetricSamples[] };

const GIVE_MS = 1_000;
const GET_MS = 2_000;

/** The way to the one that started this process. */
export interface MetricsLine {
  on(event: "message", hear: (words: Words) => void): unknown;
  send?(words: Words): unknown;
}

/**
 * For a process of many: gives its metrics when asked, and shows those of all. While the others' do not come in time they are shown
 * as they last were: its own alone would be sums that fall.
 */
export function shareMetrics(exchange: MetricsExchange, line: MetricsLine = process): void {
  const waiting = new Map<number, (samples: readonly MetricSamples[]) => void>();
  let asked = 0;
  let last: { readonly number: number; readonly samples: readonly MetricSamples[] } = { number: 0, samples: [] };
  line.on("message", (words: Words) => {
    if ("give" in words) {
      void exchange.read().then((samples) => line.send?.({ given: words.give, samples }));
    } else if ("got" in words) {
      if (words.got > last.number) last = { number: words.got, samples: words.samples };
      waiting.get(words.got)?.(words.samples);
    }
  });
  exchange.gatherFrom(() => {
    const number = ++asked;
    return new Promise((resolve) => {
      const finish = (samples: readonly MetricSamples[]): void => {
        clearTimeout(timer);
        waiting.delete(number);
        resolve(samples);
      };
      // Before the first answer its own are better than none.
      const timer = setTimeout(() => finish(last.samples), GET_MS);
      waiting.set(number, finish);
      void exchange.read().then((own) => line.send?.({ want: number, own }));
    });
  });
}

/** What of a process of many is needed to bring it metrics. */
export type Metered = Pick<Worker, "isConnected" | "on" | "once" | "off" | "send">;

/** For the one that started them: brings a process the metrics of the others. */
export interface MetricsRelay {
  /** A process has been started. */
  join(worker: Metered): void;
}

/**
 * What has been shown of a sum does not fall: Prometheus would take that for a restart, and count all that is left of it once more. So
 * one that does not answer in time is shown as it was when it last did, and the sums of one that has ended are kept.
 */
export function createMetricsRelay(): MetricsRelay {
  const known = new Map<Metered, MetricSamples>();
  let ended: Promise<MetricSamples> = Promise.resolve([]);
  const gather = async (asker: Metered, number: number): Promise<readonly MetricSamples[]> => {
    const others = [...known.keys()].filter((one) => one !== asker);
    const answers = await Promise.all(others.map((other) => askFor(other, number)));
    answers.forEach((answer, i) => {
      if (answer !== null && known.has(others[i]!)) known.set(others[i]!, answer);
    });
    const shown = [...known].filter(([one]) => one !== asker).map(([, samples]) => samples);
    return [await ended, ...shown].filter((samples) => samples.length > 0);
  };
  return {
    join: (worker) => {
      known.set(worker, []);
      worker.once("exit", () => {
        const last = known.get(worker) ?? [];
        known.delete(worker);
        ended = ended.then((before) => addUpGrowing([before, last]));
      });
      worker.on("message", (words: Words) => {
        if (!("want" in words)) return;
        if (known.has(worker)) known.set(worker, words.own);
        void gather(worker, words.want).then((samples) => {
          if (worker.isConnected()) worker.send({ got: words.want, samples } satisfies Words);
        });
      });
    },
  };
}

function askFor(worker: Metered, number: number): Promise<MetricSamples | null> {
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
