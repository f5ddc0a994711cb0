// A build of the product with one careless change in it, for a proof that must then fail.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { applyEdits, copyTree } from "./copy-tree.mjs";
import { MUTANTS } from "./mutants.mjs";

/**
 * Runs a proof against the last commit with that mutant in it, or against this tree when there is none.
 *
 * @template Result
 * @param {string | undefined} id M1 and so on
 * @param {(program: string | undefined) => Promise<Result>} prove gets the build's bin/holdfast.js
 * @returns {Promise<Result>}
 */
export async function withMutant(id, prove) {
  if (id === undefined) return prove(undefined);
  const mutant = MUTANTS.find((one) => one.id === id);
  if (mutant === undefined) throw new Error(`no mutant is called ${id}; they are M1 to M${MUTANTS.length}`);
  const folder = copyTree("HEAD");
  try {
    applyEdits(folder, mutant.edits);
    compile(folder);
    return await prove(join(folder, "gateway/bin/holdfast.js"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// A mutant may offend the compiler, which writes its code nevertheless: what that does is what counts.
function compile(cwd) {
  const args = ["node_modules/typescript/bin/tsc", "-b", "verify", "client", "gateway"];
  try {
    execFileSync(process.execPath, args, { cwd, stdio: "ignore" });
  } catch (error) {
    if (error.status === undefined || error.status === null) throw error;
  }
}
