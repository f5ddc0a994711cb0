// A runner of vitest that goes on after the tests: with one mutant after the other switched on, it calls the tests that reach
// it again, in the same process. Each verdict is a line of its own, written at once.
import { EventEmitter } from "node:events";
import { appendFileSync, readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { TestRunner } from "vitest";

// What Stryker's instrumented code reads and writes: which mutant is on, which test runs, how often it came by where.
// oxlint-disable-next-line no-underscore-dangle -- the name is Stryker's
const switches = (globalThis.__stryker__ ??= { mutantCoverage: { static: {}, perTest: {} } });
// A test that is called a thousand times listens to the same signal as often.
EventEmitter.defaultMaxListeners = 0;
// A mutant that is come by a hundred times as often as without it is taken to loop for ever, as Stryker takes it.
const HITS_FACTOR = 100;
const HITS_MIN = 100_000;
// Whoever waits for verdicts sees by this that one is being worked out, on a slow machine too.
const SIGN_MS = 10_000;

export default class MutantRunner extends TestRunner {
  onBeforeRunTask(test) {
    switches.currentTestId = test.id;
    return super.onBeforeRunTask(test);
  }

  onAfterRunTask(test) {
    switches.currentTestId = undefined;
    return super.onAfterRunTask(test);
  }

  async onAfterRunFiles(files) {
    await super.onAfterRunFiles(files);
    await judge(files.flatMap(testsOf));
  }
}

function testsOf(found) {
  return found.type === "suite" ? found.tasks.flatMap(testsOf) : [found];
}

async function judge(tests) {
  const { mutants, done, results } = JSON.parse(readFileSync(process.env.MUTANTS, "utf8"));
  const write = (line) => appendFileSync(results, `${JSON.stringify(line)}\n`);
  const failed = tests.find((test) => test.mode === "run" && test.result?.state !== "pass");
  if (failed !== undefined) return write({ broken: failed.name, error: failed.result?.errors?.[0]?.message });
  const judges = await findJudges(tests, write);
  const skipped = new Set(done);
  for (const id of mutants) {
    if (skipped.has(id)) continue;
    const status = await judgeOne(id, judges, write);
    if (status === "poisoned") return;
  }
  write({ finished: true });
}

// Only tests that pass by themselves when they are called again can judge; the quickest are asked first.
async function findJudges(tests, write) {
  const timed = [];
  for (const test of tests.filter(({ mode }) => mode === "run")) {
    const startedMs = performance.now();
    const error = (await faultOf(test)) ?? (await faultOf(test));
    if (error === null) timed.push({ test, ms: performance.now() - startedMs });
    else write({ unfit: test.name, error: String(error) });
  }
  return timed.toSorted((a, b) => a.ms - b.ms).map(({ test }) => test);
}

async function judgeOne(id, judges, write) {
  const { perTest, static: loaded } = switches.mutantCoverage;
  const asked = judges.filter((test) => perTest[test.id]?.[id] !== undefined);
  if (asked.length === 0) {
    write({ id, status: loaded[id] === undefined ? "NoCoverage" : "Ignored" });
    return "judged";
  }
  let toldMs = -SIGN_MS;
  for (const test of asked) {
    if (performance.now() - toldMs >= SIGN_MS) {
      write({ id, begun: true });
      toldMs = performance.now();
    }
    switches.hitCount = 0;
    switches.hitLimit = Math.max(HITS_MIN, perTest[test.id][id] * HITS_FACTOR);
    switches.activeMutant = id;
    const fault = await faultOf(test);
    const isEndless = switches.hitCount > switches.hitLimit;
    switches.activeMutant = "none";
    if (fault === null && !isEndless) continue;
    // What a mutant left behind in a cache must not kill the next one: where the test fails without it too, all begins anew.
    if ((await faultOf(test)) !== null) {
      write({ id, status: "Killed", by: test.name, poisoned: true });
      return "poisoned";
    }
    write({ id, status: isEndless ? "Timeout" : "Killed", by: test.name });
    return "judged";
  }
  write({ id, status: "Survived" });
  return "judged";
}

async function faultOf(test) {
  try {
    await TestRunner.getTestFn(test)();
    return null;
  } catch (error) {
    return error ?? new Error("nothing was thrown");
  }
}
