// Puts each mutant of the product before the test that must notice it. Without any mutant the same tests must pass first, or
// a failure would say nothing. docs/proof.md
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { applyEdits, copyTree, findMisfits } from "./copy-tree.mjs";
import { MUTANTS } from "./mutants.mjs";

const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));
const DIST = new URL("../../gateway/dist/", import.meta.url);
/** Some are killed by what never comes, so each of those takes as long. */
const TEST_MS = 60_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** @returns {Promise<number>} 0 when every mutant was killed */
export async function runMutants(args) {
  const options = { commit: { type: "string", default: "HEAD" }, only: { type: "string" }, json: { type: "boolean" } };
  const { values } = parseArgs({ args, options });
  const only = values.only?.split(",");
  const mutants = MUTANTS.filter(({ id }) => only === undefined || only.includes(id));
  if (mutants.length === 0) throw new Error(`no mutant is called ${values.only}; they are M1 to M${MUTANTS.length}`);
  const folder = copyTree(values.commit);
  const database = await startDatabase();
  try {
    writeConfig(folder);
    const bench = { folder, database };
    const plain = await passesPlain(bench, mutants);
    const results = [];
    for (const mutant of mutants) {
      const result = plain.has(mutant.id)
        ? await judge(bench, mutant)
        : { verdict: "not judged: fails without it too" };
      results.push({ id: mutant.id, what: mutant.what, ...result });
      process.stderr.write(`${mutant.id} ${mutant.what}: ${result.verdict}${result.by ? ` by "${result.by}"` : ""}\n`);
    }
    return publish(results, values.json === true);
  } finally {
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startDatabase() {
  const { startEmbedded } = await import(fileURLToPath(new URL("store/embedded/start-embedded.js", DIST)));
  const { migrate } = await import(fileURLToPath(new URL("store/migrate.js", DIST)));
  const dataDir = mkdtempSync(join(tmpdir(), "holdfast-mutants-data-"));
  const server = await startEmbedded({ log: silent, dataDir });
  if (!server.ok) throw new Error(`${server.message} ${server.remedy}`);
  const migrated = await migrate(server.url);
  if (!migrated.ok) throw new Error(migrated.message);
  return {
    given: JSON.stringify({ url: server.url, adminUrl: server.adminUrl }),
    stop: async () => {
      await server.stop();
      for (const path of [server.home, dataDir]) rmSync(path, { recursive: true, force: true });
    },
  };
}

// The tree's own conditions and places, with the database that is there already.
function writeConfig(folder) {
  const text = `export default {
  resolve: { conditions: ["holdfast-source", "node"], preserveSymlinks: false },
  ssr: { resolve: { conditions: ["holdfast-source", "node"] } },
  test: {
    include: ["{verify,client,gateway}/test/**/*.test.ts"],
    globalSetup: ["./proof/mutants/given-database.mjs"],
    testTimeout: ${TEST_MS}, hookTimeout: 60000, maxWorkers: 1,
  },
};\n`;
  writeFileSync(join(folder, "mutants.config.mjs"), text);
  mkdirSync(join(folder, "proof/mutants"), { recursive: true });
  const given = fileURLToPath(new URL("./given-database.mjs", import.meta.url));
  writeFileSync(join(folder, "proof/mutants/given-database.mjs"), readFileSync(given));
}

async function passesPlain(bench, mutants) {
  await build(bench.folder);
  const files = [...new Set(mutants.map(({ test }) => test.file))];
  const cases = await runTests(bench, files, mutants.map(({ test }) => escapeName(test.name)).join("|"));
  const isWell = ({ test }) => {
    const own = cases.filter(({ file, name }) => file.endsWith(test.file) && name.includes(test.name));
    return own.length > 0 && own.every(({ isPassed }) => isPassed);
  };
  return new Set(mutants.filter(isWell).map(({ id }) => id));
}

async function judge(bench, { edits, test, needs }) {
  const misfits = findMisfits(bench.folder, edits);
  // One that the code has moved away from says nothing of the others.
  if (misfits.length > 0) return { verdict: `not judged: ${misfits.join("; ")}` };
  const undo = applyEdits(bench.folder, edits);
  try {
    if (needs === "build") await build(bench.folder);
    const cases = await runTests(bench, [test.file], escapeName(test.name));
    const killer = cases.find(({ isPassed }) => !isPassed);
    if (cases.length === 0) return { verdict: "not judged: no test ran" };
    return killer === undefined ? { verdict: "survived" } : { verdict: "killed", by: killer.name, file: test.file };
  } finally {
    undo();
    if (needs === "build") await build(bench.folder);
  }
}

const escapeName = (name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

// A mutant may offend the compiler, and it is still to be tried: what it makes of the text is what counts.
const build = (folder) => execute(folder, ["node_modules/typescript/bin/tsc", "-b", "verify", "client", "gateway"], {});

/** @returns {Promise<{ file: string, name: string, isPassed: boolean }[]>} the tests that ran */
async function runTests({ folder, database }, files, pattern) {
  const report = join(folder, "report.json");
  rmSync(report, { force: true });
  const args = ["node_modules/vitest/vitest.mjs", "run", "--config", "mutants.config.mjs", "--reporter=json"];
  await execute(folder, [...args, `--outputFile=${report}`, "-t", pattern, ...files], {
    HOLDFAST_MUTANTS_DATABASE: database.given,
  });
  const { testResults } = JSON.parse(readFileSync(report, "utf8"));
  return testResults.flatMap(({ name: file, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === "passed" || status === "failed")
      .map(({ fullName, status }) => ({ file, name: fullName, isPassed: status === "passed" })),
  );
}

function execute(cwd, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, stdio: "ignore" });
    child.once("error", reject).once("exit", resolve);
  });
}

function publish(results, isJson) {
  const killed = results.filter(({ verdict }) => verdict === "killed").length;
  const report = { proof: "mutants", at: new Date().toISOString(), killed, of: results.length, results };
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, "mutants.json"), `${JSON.stringify(report, null, 2)}\n`);
  const lines = results.map(
    ({ id, what, verdict, by }) => `${id.padEnd(4)}${verdict}${by ? ` by "${by}"` : ""}\n    ${what}`,
  );
  process.stdout.write(
    isJson ? `${JSON.stringify(report)}\n` : `${lines.join("\n")}\n\n${killed} of ${results.length} killed\n`,
  );
  return killed === results.length ? 0 : 1;
}
