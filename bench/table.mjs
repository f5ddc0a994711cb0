// Figures as text, for every bench's report.

/**
 * Rows with the first column to the left and the others to the right.
 *
 * @param {readonly (readonly string[])[]} rows
 * @returns {string[]} one line each
 */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join("  "),
  );
}

/** @param {number} value */
export const whole = (value) => Math.round(value).toLocaleString("en-US");

/** @param {number} share of 1 */
export const percent = (share) => `${Math.round(share * 100)} %`;

/** @param {number | null} micros CPU time; a dash where the system does not tell */
export const micros = (value) => (value === null ? "–" : whole(value));

/** @param {ReturnType<import("./machine.mjs").describeMachine>} machine */
export function describeLine(machine) {
  return `${machine.cores} cores (${machine.processor}), ${machine.memoryGb} GB, Node ${machine.node}, fdatasync ${machine.fdatasyncMs} ms, load average ${machine.loadAverage[0]}`;
}

/** What else may use of the machine before the numbers mean nothing. */
const OTHERS_MAX = 0.1;

/**
 * The warning that a disturbed run carries; null when nothing else ran.
 *
 * @param {readonly (number | null)[]} shares of the machine that went to others, one for each line
 * @param {string} [when]
 */
export function warnOfOthers(shares, when = "meanwhile") {
  const busiest = Math.max(0, ...shares.map((share) => share ?? 0));
  return busiest <= OTHERS_MAX
    ? null
    : `Something else used up to ${percent(busiest)} of the machine ${when}: take none of this as a result.`;
}

/**
 * What has to stand on a plot, since a picture goes further than the text that it came with.
 *
 * @param {{ quick: boolean }} report
 * @param {readonly { othersShare: number | null }[]} lines
 */
export function plotNotes({ quick }, lines) {
  const warning = warnOfOthers(lines.map(({ othersShare }) => othersShare));
  return [
    ...(quick ? ["A quick run: its figures and its bars mean nothing."] : []),
    ...(warning === null ? [] : [warning]),
  ];
}

/**
 * @param {{ of: string, to: string, median: number, lowest: number, highest: number, target: number | null, met: boolean | null,
 *   what?: string, atMost?: boolean }} ratio
 */
export function describeRatio(ratio) {
  const text = `${ratio.of} / ${ratio.to}${ratio.what === undefined ? "" : `, ${ratio.what}`}: ${ratio.median.toFixed(2)} (rounds ${ratio.lowest.toFixed(2)}–${ratio.highest.toFixed(2)})`;
  const bar = `${ratio.atMost === true ? "at most" : "at least"} ${ratio.target}`;
  return ratio.target === null ? text : `${text}, target ${bar}: ${ratio.met ? "met" : "MISSED"}`;
}
