// Judges every mutant of some files by some tests, in a copy of the product. Stryker makes the mutants (its instrumenter puts
// all of them into the code at once, each behind a switch); the tests are called again in one process, so that a mutant takes
// milliseconds, not a start of the test runner.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

// The last version that runs on Node 20.
export const VERSION = "9.6.1";
const OWN = fileURLToPath(new URL("./", import.meta.url));
// A verdict is written at least this often, or the mutant loops where no switch is passed.
const SILENCE_MS = 180_000;
const STARTS_MAX = 200;

/**
 * @param paths what is mutated
 * @param tests files, or folders with all their tests
 * @returns {Promise<object[]>} the mutants, each with its file, place, replacement and status (Killed, Timeout, Survived, NoCoverage, Ignored)
 */
export async function runMutants(folder, paths, tests) {
  const { files, mutants } = await instrument(folder, paths);
  for (const { name, content } of files) writeFileSync(join(folder, name), content);
  const asked = mutants.filter((mutant) => mutant.status === undefined);
  const statuses = await judgeAll(
    folder,
    tests.flatMap((path) => listTests(folder, path)),
    asked,
  );
  return asked.map((mutant) => ({ ...mutant, ...statuses.get(mutant.id) }));
}

function listTests(folder, path) {
  if (path.endsWith(".ts")) return [path];
  const names = readdirSync(join(folder, path)).filter((name) => name.endsWith(".test.ts"));
  return names.map((name) => `${path}/${name}`);
}

async function instrument(folder, paths) {
  const stryker = await findStryker();
  const quiet = { debug() {}, info() {}, warn() {}, isDebugEnabled: () => false };
  const { Instrumenter } = await import(stryker);
  const options = { ignorers: [], excludedMutations: [], plugins: null, noHeader: false };
  const given = paths.map((name) => ({ name, mutate: true, content: readFileSync(join(folder, name), "utf8") }));
  const { files, mutants } = await new Instrumenter(quiet).instrument(given, options);
  return {
    files,
    mutants: mutants.map(({ id, fileName, location, replacement, status }) => ({
      id,
      file: fileName,
      location,
      replacement,
      status,
    })),
  };
}

/** npx gets the pinned version into npm's cache: Stryker is no dependency. */
async function findStryker() {
  const args = [
    "--yes",
    "--package",
    `@stryker-mutator/core@${VERSION}`,
    "--package",
    `@stryker-mutator/vitest-runner@${VERSION}`,
  ];
  const bin = execFileSync("npx", [...args, "-c", "command -v stryker"], { encoding: "utf8" }).trim();
  const core = createRequire(join(bin, "../../@stryker-mutator/core/package.json"));
  return pathToFileURL(core.resolve("@stryker-mutator/instrumenter")).href;
}

async function judgeAll(folder, tests, mutants) {
  const results = join(folder, "mutants.jsonl");
  writeFileSync(results, "");
  writeEntry(folder, tests);
  const statuses = new Map();
  for (let start = 0; start < STARTS_MAX; start++) {
    const order = { mutants: mutants.map(({ id }) => id), done: [...statuses.keys()], results };
    writeFileSync(join(folder, "mutants.json"), JSON.stringify(order));
    const wasSilent = await runVitest(folder, results);
    const lines = readFileSync(results, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    const broken = lines.find((line) => line.broken !== undefined);
    if (broken !== undefined) throw new Error(`Without a mutant a test fails: ${broken.broken}: ${broken.error}`);
    for (const { id, status, by } of lines) if (status !== undefined) statuses.set(id, { status, by });
    const last = lines.at(-1);
    if (last?.finished === true) return statuses;
    if (last?.begun === true) statuses.set(last.id, { status: "Timeout" });
    else if (last === undefined || (wasSilent && last.poisoned !== true))
      throw new Error("the tests came to no verdict");
  }
  throw new Error(`not done after ${STARTS_MAX} starts`);
}

// One file that imports them all: then all tests are there when the first mutant is switched on. Tests that draw by chance
// draw the same each time.
function writeEntry(folder, tests) {
  const entry = join(folder, "mutants/all.test.ts");
  mkdirSync(join(entry, ".."), { recursive: true });
  const seed = `import fc from "fast-check";\nfc.configureGlobal({ seed: 1 });\n`;
  const imports = tests.map((path) => `await import(${JSON.stringify(`../${path}`)});\n`);
  writeFileSync(entry, [seed, ...imports].join(""));
  writeFileSync(join(folder, "mutants/runner.mjs"), readFileSync(join(OWN, "judge-mutants.mjs"), "utf8"));
  const conditions = ["holdfast-source", "node"];
  const config = {
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: {
      include: ["mutants/all.test.ts"],
      runner: "./mutants/runner.mjs",
      pool: "forks",
      maxWorkers: 1,
      testTimeout: 120_000,
    },
  };
  writeFileSync(join(folder, "mutants.config.mjs"), `export default ${JSON.stringify(config)};\n`);
}

/** @returns {Promise<boolean>} whether it had to be ended, because nothing was written for so long */
async function runVitest(folder, results) {
  const child = spawn("node", ["node_modules/vitest/vitest.mjs", "run", "--config", "mutants.config.mjs"], {
    cwd: folder,
    env: { ...process.env, MUTANTS: join(folder, "mutants.json") },
    stdio: ["ignore", 2, 2],
    detached: true,
  });
  let wasSilent = false;
  const startedMs = Date.now();
  const watch = setInterval(() => {
    const lastMs = Math.max(startedMs, existsSync(results) ? statSync(results).mtimeMs : 0);
    if (Date.now() - lastMs < SILENCE_MS) return;
    wasSilent = true;
    process.kill(-child.pid, "SIGKILL");
  }, 5_000);
  try {
    await new Promise((resolve, reject) => child.once("error", reject).once("exit", resolve));
  } finally {
    clearInterval(watch);
  }
  return wasSilent;
}
