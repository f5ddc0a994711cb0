// `npm run bench` without a name: one bench after the other, each in a process of its own, and what became of each.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { BENCHES } from "./benches.mjs";
import { describeMachine } from "./machine.mjs";
import { measureLoad } from "./processes.mjs";
import { saveResults } from "./save-results.mjs";
import { describeLine, percent, table, warnOfOthers } from "./table.mjs";

const RUN = fileURLToPath(new URL("./run.mjs", import.meta.url));
const QUICK_SEC = 175;
const LOOK_MS = 1_000;
const SAID = { 0: "met", 1: "missed or void", 3: "could not be run" };

/**
 * @param {{ quick: boolean, long: boolean }} options
 * @returns {Promise<number>} exit code; with `quick` a missed bar means nothing, and only what could not be run counts
 */
export async function runAll({ quick, long }) {
  const startMs = performance.now();
  const spentSec = () => (performance.now() - startMs) / 1_000;
  const benches = [];
  // How much longer than on a quiet machine they took so far, so that the three minutes are kept on a busy one too.
  const expected = { sec: 0, tookSec: 0 };
  const slowness = () => Math.max(1, expected.tookSec / Math.max(1, expected.sec));
  for (const [name, { length, quickSec }] of Object.entries(BENCHES)) {
    const isLeftOut = quick ? spentSec() + quickSec * slowness() > QUICK_SEC : length === "long" && !long;
    if (isLeftOut) {
      benches.push({ name, said: quick ? "left out: the three minutes would be over" : "left out: long, see --long" });
      continue;
    }
    const done = await runOne(name, quick);
    benches.push(done);
    expected.sec += quickSec;
    expected.tookSec += done.tookSec;
  }
  const report = { bench: "all", at: new Date().toISOString(), machine: describeMachine(), quick, long, benches };
  print(report, spentSec());
  saveResults(report);
  const codes = benches.map(({ code = 0 }) => code);
  return quick ? (codes.some((code) => code !== 0 && code !== 1) ? 3 : 0) : Math.max(...codes);
}

// What others take is looked at while nothing of ours runs: some benches have no way to tell it from their own.
async function runOne(name, quick) {
  const othersShare = await measureLoad(LOOK_MS);
  process.stdout.write(`\n──── ${name} ────\n`);
  const startMs = performance.now();
  const child = spawn(process.execPath, [RUN, name, ...(quick ? ["--quick"] : [])], {
    stdio: "inherit",
    env: { ...process.env, BENCH_OF_ALL: "1" },
  });
  const code = await new Promise((resolve) => child.on("close", (number) => resolve(number ?? 3)));
  const tookSec = Math.round((performance.now() - startMs) / 1_000);
  return { name, code, said: SAID[code] ?? `ended with ${code}`, tookSec, othersShare };
}

function print({ machine, quick, benches }, tookSec) {
  const rows = benches.map(({ name, said, tookSec: own, othersShare }) => [
    name,
    own === undefined ? "" : `${own} s`,
    typeof othersShare === "number" ? percent(othersShare) : "",
    said,
  ]);
  const warning = warnOfOthers(benches.map(({ othersShare }) => othersShare));
  const out = [
    "",
    `──── all, in ${Math.round(tookSec)} s, ${describeLine(machine)}`,
    ...(quick ? ["A quick run only shows that everything runs: its figures and its bars mean nothing.", ""] : [""]),
    ...table([["", "took", "others before", "bars"], ...rows]),
    ...(warning === null ? [] : ["", warning]),
  ];
  process.stdout.write(`${out.join("\n")}\n`);
}
