// Arithmetic of the bench: medians of rounds, spreads, percentiles. Pure.

/** @param {readonly number[]} values @returns {number} */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * How far rounds lie apart: (highest − lowest) / median.
 *
 * @param {readonly number[]} values
 */
export function spread(values) {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

/**
 * The p-th percentile by nearest rank of values in ascending order.
 *
 * @param {Float64Array | readonly number[]} sorted
 * @param {number} p 0 to 100
 */
export function percentile(sorted, p) {
  return sorted.length === 0 ? NaN : sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)];
}

/**
 * One line of the table: the medians over a contender's rounds at one number of connections.
 *
 * @param {readonly import("./load-shape.d.ts").Round[]} rounds
 */
export function summarize(rounds) {
  const rates = rounds.map((round) => round.ratePerSec);
  const of = (pick) => median(rounds.map(pick));
  const known = (pick) => (rounds.every((round) => pick(round) !== null) ? of(pick) : null);
  return {
    rounds: rounds.length,
    ratePerSec: median(rates),
    lowest: Math.min(...rates),
    highest: Math.max(...rates),
    spread: spread(rates),
    p50Ms: of((round) => round.p50Ms),
    p99Ms: of((round) => round.p99Ms),
    p99LowestMs: Math.min(...rounds.map((round) => round.p99Ms)),
    p99HighestMs: Math.max(...rounds.map((round) => round.p99Ms)),
    lateP99Ms: known((round) => round.lateP99Ms),
    nodeCpuMicros: known((round) => round.nodeCpuMicros),
    databaseCpuMicros: known((round) => round.databaseCpuMicros),
    senderCpuMicros: known((round) => round.senderCpuMicros),
    othersShare: known((round) => round.othersShare),
    answered: rounds.reduce((sum, round) => sum + round.answered, 0),
  };
}

/**
 * A ratio of two contenders: the median over the rounds that ran next to each other, so that a slow minute of the
 * machine slows both sides of each ratio.
 *
 * @param {readonly { ratePerSec: number }[]} ours
 * @param {readonly { ratePerSec: number }[]} theirs
 */
export function pairedRatio(ours, theirs) {
  const ratios = ours.slice(0, theirs.length).map((round, i) => round.ratePerSec / theirs[i].ratePerSec);
  return { median: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) };
}
