// A copy of the repository as a commit has it, in a folder of its own, with the installed packages of this one. What is
// changed there is seen by nobody here.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const OWN = { holdfast: "gateway", "@holdfast/verify": "verify", "@holdfast/client": "client" };

/** @returns {string} the folder; whoever asks removes it */
export function copyTree(commit) {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-mutants-"));
  const archive = execFileSync("git", ["archive", commit], { cwd: ROOT, maxBuffer: 256 * 1024 * 1024 });
  execFileSync("tar", ["-x", "-C", folder], { input: archive });
  link(join(ROOT, "node_modules"), join(folder, "node_modules"), (name) => name in OWN || name === "@holdfast");
  for (const [name, workspace] of Object.entries(OWN)) {
    const at = join(folder, "node_modules", name);
    mkdirSync(join(at, ".."), { recursive: true });
    symlinkSync(join(folder, workspace), at);
  }
  for (const workspace of ["gateway", "verify", "client"]) {
    const from = join(ROOT, workspace, "node_modules");
    if (isThere(from)) link(from, join(folder, workspace, "node_modules"), () => false);
  }
  return folder;
}

function link(from, to, isLeftOut) {
  mkdirSync(to);
  for (const name of readdirSync(from)) if (!isLeftOut(name)) symlinkSync(join(from, name), join(to, name));
}

function isThere(folder) {
  try {
    return readdirSync(folder).length > 0;
  } catch {
    return false;
  }
}

/**
 * Each text of a mutant must stand in its file exactly once, or the mutant is not what its author meant.
 *
 * @param {string} folder
 * @param {readonly { file: string, from: string }[]} edits
 * @returns {string[]} what does not; empty when the mutant can be made
 */
export function findMisfits(folder, edits) {
  return edits.flatMap(({ file, from }) => {
    const found = readFileSync(join(folder, file), "utf8").split(from).length - 1;
    return found === 1 ? [] : [`${file}: ${found} times instead of once: ${from}`];
  });
}

/**
 * Makes the edits of a mutant, which {@link findMisfits} has nothing to say of.
 *
 * @returns {() => void} takes them back
 */
export function applyEdits(folder, edits) {
  const misfits = findMisfits(folder, edits);
  if (misfits.length > 0) throw new Error(misfits.join("\n"));
  const before = new Map();
  for (const { file, from, to } of edits) {
    const path = join(folder, file);
    const text = readFileSync(path, "utf8");
    if (!before.has(path)) before.set(path, text);
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
  }
  return () => {
    for (const [path, text] of before) writeFileSync(path, text);
  };
}
