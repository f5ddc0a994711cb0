// `npm run proof -- release`: rounds of one seed each until the target is reached, a promise is broken or the time is over.
// The same command goes on with the next seed.
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeReport } from "../report/make-report.mjs";
import { writeReport } from "../report/save-report.mjs";
import { toText } from "../report/text.mjs";
import { removeLeftovers, runRound } from "./run-round.mjs";
import { openState } from "./state.mjs";
import { sumRounds } from "./sum-rounds.mjs";
import { RELEASE, planRound } from "./target.mjs";

const USAGE = `npm run proof -- release [options]   (or npm run proof -- --release)
  --minutes <n>           begin no round after so many minutes (default: until the target is reached)
  --state <folder>        where the rounds are kept; the same folder goes on (default docs/proof/release)
  --first-seed <n>        of a new state (default 1)
  --acks, --kills, --database-crashes, --power-cuts, --seeds <n>   another target than a release's
  --report                only write and print the report of the rounds so far
  --json                  one line of JSON instead of the summary
`;
const STATE = fileURLToPath(new URL("../../docs/proof/release/", import.meta.url));
const FAULTS_MAX = 3;

/** @returns {Promise<number>} 0 target reached and all true, 1 a promise broken, 3 not there yet */
export async function runRelease(args) {
  const options = readOptions(args);
  if (options === null) return 2;
  const { folder, target } = options;
  const state = openState(folder);
  await removeLeftovers(folder);
  const control = { isStopping: false, child: null };
  const onSignal = () => {
    control.isStopping = true;
    control.child?.kill("SIGTERM");
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  if (!options.isReportOnly) await runRounds(options, state, control);
  process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  const { findings } = sumRounds(state.rounds, target, relative(process.cwd(), folder) || ".");
  const report = makeReport(findings);
  writeReport(report, folder, "release");
  process.stdout.write(options.isJson ? `${JSON.stringify(report)}\n` : toText(report));
  return { true: 0, false: 1, unknown: 3 }[report.verdict];
}

async function runRounds({ folder, target, minutes, firstSeed }, state, control) {
  const until = performance.now() + minutes * 60_000;
  let faults = 0;
  while (!control.isStopping && performance.now() < until) {
    const { findings, isReached } = sumRounds(state.rounds, target, folder);
    if (isReached || findings.verdict === "false") return;
    const seed = (state.rounds.at(-1)?.seed ?? firstSeed - 1) + 1;
    const began = performance.now();
    const { report, fault } = await runRound(planRound(seed, target), folder, (child) => {
      control.child = child;
    });
    // A round that was stopped by whoever started us is to be done again.
    if (control.isStopping && report === null) return;
    const round = toRound(seed, report, fault, Math.round(performance.now() - began));
    state.add(round);
    tell(round, state.rounds.length);
    faults = fault === null ? 0 : faults + 1;
    if (faults >= FAULTS_MAX) {
      process.stderr.write(`${FAULTS_MAX} rounds in a row came to no report, so this ends here\n`);
      return;
    }
  }
}

/** @returns {import("./state.mjs").Round} */
function toRound(seed, report, fault, tookMs) {
  const at = new Date().toISOString();
  const none = { verdict: "unknown", reasons: [], faults: {}, counts: {}, rules: [], notTried: [], commit: null };
  if (report === null) return { seed, at, tookMs, fault, ...none, recoveries: {} };
  const { verdict, reasons, faults, counts, rules, notTried = [], commit, bars, details } = report;
  const missed = bars.filter(({ met }) => met === false).map(({ name }) => `missed: ${name}`);
  const isTrue = verdict !== "true" || missed.length === 0;
  const said = { verdict: isTrue ? verdict : "unknown", reasons: [...reasons, ...missed] };
  return { seed, at, tookMs, fault, ...said, faults, counts, rules, notTried, commit, recoveries: details.recoveries };
}

function tell({ seed, verdict, counts, faults, tookMs, fault, reasons }, rounds) {
  const struck = Object.values(faults).reduce((sum, times) => sum + times, 0);
  const what = fault ?? `${counts.acked} acknowledged, ${struck} faults in ${Math.round(tookMs / 1_000)} s`;
  process.stderr.write(
    `round ${rounds}, seed ${seed}: ${verdict}; ${what}${reasons.map((reason) => `\n  ${reason}`).join("")}\n`,
  );
}

function readOptions(args) {
  const numbers = ["minutes", "first-seed", "acks", "kills", "database-crashes", "power-cuts", "seeds"];
  try {
    const { values } = parseArgs({
      args,
      options: {
        ...Object.fromEntries(numbers.map((name) => [name, { type: "string" }])),
        state: { type: "string" },
        ...Object.fromEntries(["report", "json", "help"].map((name) => [name, { type: "boolean" }])),
      },
    });
    if (values.help) throw new Error("A release run.");
    const number = (name, fallback, least) => {
      const value = values[name] === undefined ? fallback : Number(values[name]);
      if (value !== Infinity && !(Number.isInteger(value) && value >= least))
        throw new Error(`--${name} must be a whole number, at least ${least}`);
      return value;
    };
    const target = {
      acks: number("acks", RELEASE.acks, 1),
      kills: number("kills", RELEASE.kills, 0),
      databaseCrashes: number("database-crashes", RELEASE.databaseCrashes, 0),
      powerCuts: number("power-cuts", RELEASE.powerCuts, 0),
      seeds: number("seeds", RELEASE.seeds, 1),
    };
    return {
      target,
      minutes: number("minutes", Infinity, 1),
      firstSeed: number("first-seed", 1, 0),
      folder: resolve(values.state ?? STATE),
      isReportOnly: values.report === true,
      isJson: values.json === true,
    };
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return null;
  }
}
