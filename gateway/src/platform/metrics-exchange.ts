import { AggregatorRegistry, type Registry } from "prom-client";

/** The metrics of one process as data, which can go from process to process. */
export type MetricSamples = readonly object[];

/** Lets one process show the metrics of several. */
export interface MetricsExchange {
  /** This process's own. */
  read(): Promise<MetricSamples>;
  /** For Prometheus: this process's own, with the others' added to them, each metric in its own way. */
  show(): Promise<string>;
  /** Whom else to ask; nobody until it is called. */
  gatherFrom(others: () => Promise<readonly MetricSamples[]>): void;
}

export function createMetricsExchange(registry: Registry): MetricsExchange {
  let gather: (() => Promise<readonly MetricSamples[]>) | null = null;
  const read = (): Promise<MetricSamples> => registry.getMetricsAsJSON();
  return {
    read,
    show: async () => {
      const others = (await gather?.()) ?? [];
      if (others.length === 0) return registry.metrics();
      return AggregatorRegistry.aggregate([await read(), ...others] as object[]).metrics();
    },
    gatherFrom: (others) => {
      gather = others;
    },
  };
}

const GROWING: ReadonlySet<unknown> = new Set(["counter", "histogram"]);

/** What of several processes' metrics goes on counting when they have ended, added up; the others tell of a process as it is. */
export async function addUpGrowing(all: readonly MetricSamples[]): Promise<MetricSamples> {
  const growing = all.map((samples) => samples.filter((one) => "type" in one && GROWING.has(one.type)));
  return AggregatorRegistry.aggregate(growing as object[]).getMetricsAsJSON();
}
