// A flood of signed events while the gateway and its database are killed again and again. Afterwards the logs of the sender, the
// receiver, the fault driver and the store are held against each other. docs/proof.md
import { join } from "node:path";
import { readOptions } from "./kill-flood/options.mjs";
import { runKillFlood } from "./kill-flood/run.mjs";
import { withMutant } from "./mutants/with-mutant.mjs";
import { nameOf, publishReport, RESULTS } from "./report/save-report.mjs";

const options = readOptions(process.argv.slice(2));
process.exitCode = options === null ? 2 : await prove(options);

async function prove({ isJson, ...how }) {
  const keepLogsIn = (made) => join(RESULTS, nameOf(made));
  const report = await withMutant(how.mutant, (program = how.program) => runKillFlood({ ...how, program, keepLogsIn }));
  publishReport(report, { isJson });
  return report.verdict === "true" && report.bars.every(({ met }) => met !== false) ? 0 : 1;
}
