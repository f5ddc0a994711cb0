// Where runs leave what they measured.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const RESULTS = fileURLToPath(new URL("./results/", import.meta.url));

/**
 * Writes a report, and a plot when there is one, and says where.
 *
 * @param {{ bench: string, at: string }} report
 * @param {string} [plot] SVG
 */
export function saveResults(report, plot) {
  mkdirSync(RESULTS, { recursive: true });
  const name = `${report.bench}-${report.at.replaceAll(/[:.]/g, "-")}`;
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  if (plot !== undefined) writeFileSync(join(RESULTS, `${name}.svg`), plot);
  process.stdout.write(`\nWritten: bench/results/${name}.json${plot === undefined ? "" : " and .svg"}\n`);
}
