// Every crash point with every way of striking it: what `npm test` takes a few of, by a fixed seed, is swept whole here.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const TESTS = "gateway/test/proof";

/**
 * @param {readonly string[]} args which of them, by a part of the file's name: `stop`, `late`, `throw` …; none: all
 * @returns {Promise<number>} exit code of the tests
 */
export function runSweeps(args) {
  const files = readdirSync(new URL(`../${TESTS}/`, import.meta.url))
    .filter(
      (name) => name.startsWith("crash-points-") && (args.length === 0 || args.some((part) => name.includes(part))),
    )
    .map((name) => `${TESTS}/${name}`);
  if (files.length === 0) throw new Error(`no sweep is called ${args.join(", ")}`);
  const env = { ...process.env, HOLDFAST_SWEEP: "full" };
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--reporter=verbose", ...files];
  return new Promise((resolve, reject) => {
    spawn(process.execPath, vitest, { cwd: ROOT, env, stdio: "inherit" })
      .once("error", reject)
      .once("exit", (code) => resolve(code ?? 1));
  });
}
