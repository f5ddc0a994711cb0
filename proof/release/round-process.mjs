// One round of a release run, in a process of its own: what it leaks or breaks ends with it. It says what it found on its last
// line, and cleans up when whoever started it is gone.
import { join } from "node:path";
import { runKillFlood } from "../kill-flood/run.mjs";
import { nameOf, RESULTS, writeReport } from "../report/save-report.mjs";

const plan = JSON.parse(process.argv[2] ?? "{}");

// The channel closes with its other end, however that came to its end.
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
const report = await runKillFlood({
  concurrency: 48,
  isQuick: true,
  isKept: false,
  ...plan,
  keepLogsIn: (made) => join(RESULTS, nameOf(made)),
  onSetUp: (own) => process.send({ folder: own }),
});
// A round that broke a promise is worth its whole report.
if (report.verdict === "false") writeReport(report, RESULTS);
process.removeAllListeners("disconnect");
// Timers that nobody waits for any more would hold it for a minute.
process.send({ report }, () => process.exit(0));
