// The report as a table for the terminal.

/** What else may use of the machine before the numbers mean nothing. */
const OTHERS_MAX = 0.1;

/** @param {any} report as run-ingest makes it */
export function printReport(report) {
  const { machine } = report;
  const out = [
    "",
    `Ingest, ${machine.cores} cores (${machine.processor}), ${machine.memoryGb} GB, Node ${machine.node}, fdatasync ${machine.fdatasyncMs} ms, load average ${machine.loadAverage[0]}`,
    `Medians of rounds of ${report.roundMs / 1000} s each, contenders in turn; sender, server and database share the cores.`,
    "",
    ...table([
      [
        "",
        "conns",
        "rounds",
        "req/s",
        "lowest–highest",
        "spread",
        "p50 ms",
        "p99 ms",
        "node µs",
        "database µs",
        "sender µs",
        "others",
      ],
      ...report.lines.map((line) => [
        line.contender,
        `${line.connections}`,
        `${line.rounds}`,
        whole(line.ratePerSec),
        `${whole(line.lowest)}–${whole(line.highest)}`,
        percent(line.spread),
        line.p50Ms.toFixed(1),
        line.p99Ms.toFixed(1),
        line.nodeCpuMicros === null ? "–" : whole(line.nodeCpuMicros),
        line.databaseCpuMicros === null ? "–" : whole(line.databaseCpuMicros),
        line.senderCpuMicros === null ? "–" : whole(line.senderCpuMicros),
        line.othersShare === null ? "–" : percent(line.othersShare),
      ]),
    ]),
    "",
    ...report.ratios.map(describeRatio),
    "",
    ...Object.entries(report.contenders).map(([name, what]) => `  ${name}: ${what}`),
  ];
  const busiest = Math.max(...report.lines.map((line) => line.othersShare ?? 0));
  if (busiest > OTHERS_MAX)
    out.push(
      "",
      `Something else used up to ${percent(busiest)} of the machine meanwhile: take none of this as a result.`,
    );
  if (report.faults.length > 0)
    out.push("", "WRONG ANSWERS, the run is void:", ...report.faults.map((fault) => `  ${fault}`));
  process.stdout.write(`${out.join("\n")}\n`);
}

function describeRatio(ratio) {
  const text = `${ratio.of} / ${ratio.to} at ${ratio.connections} connections: ${ratio.median.toFixed(2)} (rounds ${ratio.lowest.toFixed(2)}–${ratio.highest.toFixed(2)})`;
  return ratio.target === null ? text : `${text}, target ${ratio.target}: ${ratio.met ? "met" : "MISSED"}`;
}

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join("  "),
  );
}

const whole = (value) => Math.round(value).toLocaleString("en-US");
const percent = (value) => `${Math.round(value * 100)} %`;
