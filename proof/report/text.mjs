// The report for a terminal.
import { formatCount, formatMs, formatRate } from "./format.mjs";

/** @param {import("./report.d.ts").Report} report */
export function toText(report) {
  const { verdict, reasons, counts, faults, recoveryMs, bars } = report;
  const missed = bars.filter(({ met }) => met === false).map(({ name, value }) => `  missed: ${name} (${value})`);
  const struck = Object.entries(faults).map(([name, times]) => `${times} × ${name}`);
  const again = Object.entries(recoveryMs).map(
    ([name, { count, median, highest }]) =>
      `  ${name.padEnd(28)} ${count} times, median ${formatMs(median)}, highest ${formatMs(highest)}`,
  );
  const lines = [
    `${report.proof}: ${verdict}`,
    `  ${report.about}`,
    ...reasons.map((reason) => `  ${reason}`),
    ...missed,
    ...Object.entries(counts).map(([name, count]) => `  ${name.padEnd(28)} ${formatCount(count)}`),
    ...(struck.length > 0 ? [`  faults: ${struck.join(", ")}`] : []),
    ...(report.notTried ?? []).map((text) => `  not tried: ${text}`),
    ...(report.lossBound95 === null ? [] : [`  loss bound at 95 % (3/N): ${formatRate(report.lossBound95)}`]),
    ...(report.duplicateRate === null
      ? []
      : [`  came again after an answer: ${formatRate(report.duplicateRate)} of arrivals`]),
    ...(again.length > 0 ? ["  until an event was acknowledged again:", ...again] : []),
    ...(report.tables ?? []).flatMap(tableLines),
    `  again: ${report.repeat}`,
  ];
  return `${lines.join("\n")}\n`;
}

function tableLines({ title, rows }) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => `${row[i]}`.length)));
  return [`  ${title}`, ...rows.map((row) => `    ${row.map((cell, i) => `${cell}`.padEnd(widths[i])).join("  ")}`)];
}
