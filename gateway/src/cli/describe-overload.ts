import type { Overload, Throttle } from "@holdfast/client";
import { type Paint } from "./shell.ts";
import { formatDuration, formatTable, formatTime, printable } from "./table.ts";

const SIGNALS: Readonly<Record<string, readonly [name: string, unit: string]>> = {
  commits: ["a group commit takes", "ms"],
  queue: ["the queue before the database is full to", "%"],
  loop: ["the event loop is late by", "ms"],
  memory: ["memory is used to", "%"],
  disk: ["free on the database's disk are", "MiB"],
  oldest_ready: ["the oldest ready delivery waits for", "s"],
  depth: ["ready deliveries are", ""],
};

const DONE: Readonly<Record<string, string>> = {
  accepted: "accepted",
  throttled: "slowed down (429)",
  shed: "refused (503)",
};

/** One line: the level, why, and since when. */
export function summarizeOverload({ level, cause, since }: Overload): string {
  if (since === null) return "not known: no process that takes in has said within 30 s how it stands";
  if (level === 0 || cause === null) return "level 0: everything is accepted";
  const [name, unit] = SIGNALS[cause.signal] ?? [cause.signal, ""];
  const value = `${Math.round(cause.value)} ${unit}`.trim();
  return `level ${level}: ${name} ${value}, over the threshold ${cause.threshold}, since ${formatTime(since)} UTC`;
}

/** The classes with what becomes of them. */
export function overloadTable(paint: Paint, overload: Overload): string[] {
  const rows = Object.entries(overload.classes).map(([name, treatment]) => [
    name,
    overload.since === null ? "not known" : (DONE[treatment] ?? treatment),
    String(overload.refused[name] ?? 0),
  ]);
  return formatTable(paint, ["class", "arrivals are", "refused so far"], rows);
}

/** The throttles that are in force. */
export function throttleTable(paint: Paint, throttles: readonly Throttle[], now: Date): string[] {
  const rows = throttles.map((throttle) => [
    printable(describeTarget(throttle)),
    describeAction(throttle),
    formatDuration(Math.max(0, Date.parse(throttle.until) - now.getTime())),
    printable(throttle.reason ?? "-"),
  ]);
  return formatTable(paint, ["for", "what", "still for", "reason"], rows);
}

function describeTarget({ scope, class: name, source }: Throttle): string {
  if (scope === "all") return "everything";
  return scope === "class" ? `class ${name ?? "?"}` : `source ${source ?? "?"}`;
}

/** What a throttle does, in words. */
export function describeAction({ action, admitPercent }: Throttle): string {
  if (action === "admit") return "never refused by the controller";
  return action === "refuse" ? "refused (503)" : `${admitPercent ?? 0} % let in, the rest 429`;
}
