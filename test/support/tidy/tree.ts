import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One file of the repository: its path from the root, with slashes, and its text. */
export interface TreeFile {
  readonly path: string;
  readonly text: string;
}

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** One rule of the house: gives a sentence for each fault, empty when all is well. It sees nothing but these files. */
export type Check = (files: readonly TreeFile[]) => string[];

const BINARY = /\.(png|jpg|ico|woff2|gz|pcap|bin)$/;

/** Every file that is in the repository or would be added to it: tracked ones and new ones that are not ignored. */
export function readTree(): TreeFile[] {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const paths = [...new Set(listed.split("\0"))].filter((path) => path !== "" && !BINARY.test(path));
  // A file that was deleted and not yet committed is still listed.
  return paths
    .filter((path) => existsSync(join(ROOT, path)))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

/** Whether a file is TypeScript or JavaScript. */
export function isCode(path: string): boolean {
  return /\.(ts|tsx|mts|js|mjs|cjs)$/.test(path);
}

/** Whether a file is there for tests, benches and proofs alone, and ships with nothing. */
export function isTestCode(path: string): boolean {
  return /(^|\/)(test|bench|proof)\//.test(path) || path === "vitest.config.ts";
}
