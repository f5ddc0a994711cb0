// `npm run proof`: the flood under kills, and the worker that is frozen beyond its lease, as one report. docs/proof.md
import { join } from "node:path";
import { proveFrozenWorker } from "./frozen-worker/run.mjs";
import { readOptions } from "./kill-flood/options.mjs";
import { runKillFlood } from "./kill-flood/run.mjs";
import { withMutant } from "./mutants/with-mutant.mjs";
import { mergeReports } from "./report/merge-reports.mjs";
import { nameOf, publishReport, RESULTS } from "./report/save-report.mjs";

const FROZEN_EVENTS = 40;

/**
 * @param {readonly string[]} args the options of the flood, `--mutant` among them
 * @returns {Promise<number>} exit code: 0 every promise held, 1 one did not or too little was seen
 */
export async function runWhole(args) {
  const options = readOptions(args);
  if (options === null) return 2;
  const { mutant, seed, isJson } = options;
  const report = await withMutant(mutant, async (program = options.program) => {
    const keepLogsIn = (made) => join(RESULTS, nameOf(made));
    const flood = await runKillFlood({ ...options, program, keepLogsIn });
    process.stderr.write("a worker is frozen beyond its lease\n");
    const frozen = await proveFrozenWorker({ events: FROZEN_EVENTS, seed, mutant, program });
    return mergeReports("whole", [flood, frozen], repeatOf(args, seed));
  });
  publishReport(report, { isJson });
  return report.verdict === "true" && report.bars.every(({ met }) => met !== false) ? 0 : 1;
}

function repeatOf(args, seed) {
  const given = args.map((arg) => ` ${arg}`).join("");
  return `npm run proof --${given}${args.includes("--seed") ? "" : ` --seed ${seed}`}`;
}
