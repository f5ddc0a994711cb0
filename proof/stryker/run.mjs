// Mutation testing by Stryker: every operator, condition and text of the most dangerous files is changed, one at a time, and
// the tests must notice. Stryker is no dependency: npx gets the pinned version into npm's cache. docs/mutation-testing.md
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { copyTree } from "../mutants/copy-tree.mjs";
import { EQUIVALENT } from "./equivalent.mjs";
import { GROUPS } from "./groups.mjs";
import { VERSION, runMutants } from "./run-mutants.mjs";

const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));

/** @returns {Promise<number>} 0 when every mutant was killed or is known to change nothing */
export async function runStryker(args) {
  const options = { commit: { type: "string", default: "HEAD" }, mutate: { type: "string", multiple: true } };
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const names = positionals.length === 0 ? Object.keys(GROUPS) : positionals;
  const unknown = names.find((name) => !Object.hasOwn(GROUPS, name));
  if (unknown !== undefined) {
    process.stderr.write(`There is no group called ${unknown}; they are ${Object.keys(GROUPS).join(", ")}.\n`);
    return 2;
  }
  let survived = 0;
  for (const name of names) {
    const group = values.mutate === undefined ? GROUPS[name] : { ...GROUPS[name], mutate: values.mutate };
    survived += publish(name, await judge(values.commit, group));
  }
  return survived === 0 ? 0 : 1;
}

/** @returns {Promise<object[]>} the mutants with their verdicts, and the source of each */
async function judge(commit, { mutate, tests }) {
  const folder = copyTree(commit);
  try {
    const sources = new Map(mutate.map((file) => [file, readFileSync(join(folder, file), "utf8")]));
    const mutants = await runMutants(folder, mutate, tests);
    return mutants.map((mutant) => ({ ...mutant, source: sources.get(mutant.file) }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isAlive({ status }) {
  return status === "Survived" || status === "NoCoverage";
}

function publish(name, mutants) {
  mkdirSync(RESULTS, { recursive: true });
  const path = join(RESULTS, `stryker-${name}.json`);
  const byFile = groupByFile(mutants);
  const files = [...byFile].map(([file, found]) => summarize(file, found));
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

function groupByFile(mutants) {
  const groups = new Map();
  for (const mutant of mutants) groups.set(mutant.file, [...(groups.get(mutant.file) ?? []), mutant]);
  return groups;
}

// A group may be asked file by file: what is known of its other files stays.
function readFiles(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).files : [];
}

/** @returns {{ file: string, killed: number, timedOut: number, of: number, equivalent: number, survivors: { line: number, from: string, to: string }[] }} */
function summarize(file, mutants) {
  const judged = mutants.filter(({ status }) => ["Killed", "Timeout", "Survived", "NoCoverage"].includes(status));
  const alive = judged.filter(isAlive).map(({ source, location, replacement }) => ({
    line: location.start.line + 1,
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
  const lines = source.split("\n").slice(start.line, end.line + 1);
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column);
  lines[0] = lines[0].slice(start.column);
  return lines.join(" ").replaceAll(/\s+/g, " ");
}
