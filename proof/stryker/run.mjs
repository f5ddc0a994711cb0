// Mutation testing by Stryker: every operator, condition and text of the most dangerous files is changed, one at a time, and
// the tests must notice. Stryker is no dependency: npx gets the pinned version into npm's cache. docs/mutation-testing.md
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { copyTree } from "../mutants/copy-tree.mjs";
import { EQUIVALENT } from "./equivalent.mjs";
import { GROUPS } from "./groups.mjs";

const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));
// The last version that runs on Node 20.
const VERSION = "9.6.1";
const TEST_MS = 20_000;

/** @returns {Promise<number>} 0 when every mutant was killed or is known to change nothing */
export async function runStryker(args) {
  const options = { commit: { type: "string", default: "HEAD" }, mutate: { type: "string", multiple: true } };
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const known = Object.keys(GROUPS);
  const chosen = (asked) => known.filter((name) => name === asked || name.startsWith(`${asked}-`));
  const unknown = positionals.find((asked) => chosen(asked).length === 0);
  if (unknown !== undefined) {
    process.stderr.write(`There is no group called ${unknown}; they are ${known.join(", ")}.\n`);
    return 2;
  }
  let survived = 0;
  for (const name of positionals.length === 0 ? known : positionals.flatMap(chosen)) {
    const group = values.mutate === undefined ? GROUPS[name] : { ...GROUPS[name], mutate: values.mutate };
    survived += publish(name, await judge(values.commit, group));
  }
  return survived === 0 ? 0 : 1;
}

/**
 * Asks the near tests first, and all of them about what these have let live.
 *
 * @returns {Promise<object>} Stryker's report, in the schema of mutation-testing-elements
 */
async function judge(commit, { mutate, tests, near }) {
  const report = await runOnce(commit, mutate, near ?? tests);
  const living = Object.entries(report.files).flatMap(([file, { mutants }]) =>
    mutants.filter(isAlive).map((mutant) => ({ mutant, key: keyOf(file, mutant), place: placeOf(file, mutant) })),
  );
  if (near === undefined || living.length === 0) return report;
  const second = await runOnce(commit, [...new Set(living.map(({ place }) => place))], tests);
  const found = new Map(
    Object.entries(second.files).flatMap(([file, { mutants }]) => mutants.map((one) => [keyOf(file, one), one.status])),
  );
  for (const { mutant, key } of living) mutant.status = found.get(key) ?? mutant.status;
  return report;
}

function isAlive({ status }) {
  return status === "Survived" || status === "NoCoverage";
}

/** Stryker's words for one place: columns are counted from 0 there, and from 1 in its report. */
function placeOf(file, { location: { start, end } }) {
  return `${file}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`;
}

function keyOf(file, { location, replacement }) {
  return `${file} ${JSON.stringify(location)} ${replacement}`;
}

async function runOnce(commit, patterns, tests) {
  const folder = copyTree(commit);
  try {
    return await mutate(folder, patterns, tests);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function mutate(folder, patterns, tests) {
  writeConfig(folder, patterns, tests);
  const packages = ["core", "vitest-runner"].flatMap((name) => ["--package", `@stryker-mutator/${name}@${VERSION}`]);
  const child = spawn("npx", ["--yes", ...packages, "stryker", "run", "stryker.config.json"], {
    cwd: folder,
    stdio: ["ignore", 2, 2],
  });
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("exit", resolve));
  if (code !== 0) throw new Error(`Stryker ended with ${code}`);
  return JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
}

// Tests that draw by chance draw the same each time. What runs once, when a file is loaded, is left out: its mutants need the
// file loaded anew for each, which takes two thirds of the time for a tenth of the mutants.
function writeConfig(folder, patterns, tests) {
  const config = {
    testRunner: "vitest",
    vitest: { configFile: "stryker.vitest.mjs", related: false },
    mutate: patterns,
    coverageAnalysis: "perTest",
    ignoreStatic: true,
    concurrency: 1,
    // On a busy machine a test stands still for seconds, which must not count as a mutant that loops.
    timeoutMS: 30_000,
    timeoutFactor: 10,
    inPlace: true,
    reporters: ["json", "progress-append-only"],
    jsonReporter: { fileName: "report.json" },
  };
  writeFileSync(join(folder, "stryker.config.json"), JSON.stringify(config));
  writeFileSync(join(folder, "stryker.seed.mjs"), `import fc from "fast-check";\nfc.configureGlobal({ seed: 1 });\n`);
  writeFileSync(
    join(folder, "stryker.vitest.mjs"),
    `export default {
  resolve: { conditions: ["holdfast-source", "node"] },
  ssr: { resolve: { conditions: ["holdfast-source", "node"] } },
  test: { include: ${JSON.stringify(tests)}, setupFiles: ["./stryker.seed.mjs"], testTimeout: ${TEST_MS}, isolate: false },
};\n`,
  );
}

function publish(name, report) {
  mkdirSync(RESULTS, { recursive: true });
  const path = join(RESULTS, `stryker-${name}.json`);
  const files = Object.entries(report.files).map(([file, found]) => summarize(file, found));
  const others = readFiles(path).filter((kept) => files.every(({ file }) => file !== kept.file));
  const at = new Date().toISOString();
  const result = { proof: "stryker", group: name, at, version: VERSION, files: [...others, ...files] };
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  for (const { file, killed, timedOut, of, equivalent, survivors } of files) {
    process.stdout.write(`${file}: ${killed} of ${of} killed (${timedOut} by time), ${equivalent} equivalent\n`);
    for (const { line, from, to } of survivors) process.stdout.write(`  ${line}: ${from}  =>  ${to}\n`);
  }
  return files.reduce((sum, { survivors }) => sum + survivors.length, 0);
}

// A group may be asked file by file: what is known of its other files stays.
function readFiles(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).files : [];
}

/** @returns {{ file: string, killed: number, timedOut: number, of: number, equivalent: number, survivors: { line: number, from: string, to: string }[] }} */
function summarize(file, { source, mutants }) {
  const judged = mutants.filter(({ status }) => ["Killed", "Timeout", "Survived", "NoCoverage"].includes(status));
  const alive = judged.filter(isAlive).map(({ location, replacement }) => ({
    line: location.start.line,
    from: textAt(source, location),
    to: replacement.replaceAll(/\s+/g, " "),
  }));
  const isEquivalent = ({ from, to }) =>
    EQUIVALENT.some((known) => file.endsWith(known.file) && known.from === from && known.to === to);
  const survivors = alive.filter((mutant) => !isEquivalent(mutant));
  const equivalent = alive.length - survivors.length;
  const timedOut = judged.filter(({ status }) => status === "Timeout").length;
  return { file, killed: judged.length - alive.length, timedOut, of: judged.length, equivalent, survivors };
}

/** What a mutant takes the place of, on one line. */
function textAt(source, { start, end }) {
  const lines = source.split("\n").slice(start.line - 1, end.line);
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1);
  lines[0] = lines[0].slice(start.column - 1);
  return lines.join(" ").replaceAll(/\s+/g, " ");
}
