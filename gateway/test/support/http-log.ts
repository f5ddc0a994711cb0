import { dropSpentBytes } from "../../src/recovery/drop-spent-bytes.ts";
import { startDue } from "../../src/recovery/start-due.ts";
import type { Bench } from "./reconcile-bench.ts";
import { openBench } from "./reconcile-bench.ts";
import { startFakeProvider } from "./fake-provider.ts";

export const DAY_MS = 86_400_000;
export const agoOf = (days: number) => new Date(Date.now() - days * DAY_MS);

/** A log of entries at times of their own (or of none), each with its body or without, and a reconciliation with it. */
export async function openHttpLog(more: Readonly<Record<string, unknown>> = {}) {
  const entries: { id: string; created?: number; payload?: object }[] = [];
  const log = await startFakeProvider(() => ({ status: 200, text: JSON.stringify(entries) }));
  const places = { id: "/id", time: "/created", timeFormat: "s", body: "/payload" };
  const connector = { kind: "http", url: `${log.url}/log`, paging: "none", ...places };
  const bench = await openBench({ log: { source: "stripe", lagSec: 0, connector, ...more } });
  const run = async (from?: Date, to?: Date) => {
    bench.wait(1_000);
    const window = from === undefined || to === undefined ? null : { from, to };
    return await bench.carryOn((await bench.start("log", window)).id);
  };
  const add = (id: string, at: Date) => void entries.push({ id, created: Math.floor(at.getTime() / 1_000) });
  const complete = () => {
    for (const entry of entries) entry.payload = { id: entry.id, object: "event", type: "invoice.paid" };
  };
  return { bench, run, add, entries, complete };
}

/** What the metric shows, once what nobody needs any more is dropped. */
export async function shownBy(bench: Bench) {
  while (await dropSpentBytes(bench.db));
  await startDue({ ...bench.deps, metrics: bench.metrics, findSourceName: () => "stripe" });
  return (await bench.metrics.reconciliationUnexplained.get()).values.map(({ value }) => value);
}
