import { createHash, randomUUID } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Copies PostgreSQL's programs to `cacheDir`, where any user can run them, and gives the folder of the copy. One copy for
 * each build: it appears whole under its name or not at all, so a kill in the middle leaves nothing that looks like one.
 */
export function copyBinaries(native: string, cacheDir: string): string {
  const copy = join(cacheDir, `postgresql-${buildOf(native)}`);
  if (existsSync(copy)) return copy;
  mkdirSync(cacheDir, { recursive: true, mode: 0o755 });
  const partial = `${copy}.partial-${randomUUID()}`;
  try {
    // The static archives are only for compiling against, and a sixth of the size.
    cpSync(native, partial, { recursive: true, verbatimSymlinks: true, filter: (from) => !from.endsWith(".a") });
    renameSync(partial, copy);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    // Another process of ours was first with the same copy.
    if (!existsSync(copy)) throw error;
  }
  return copy;
}

function buildOf(native: string): string {
  const manifest = join(dirname(native), "package.json");
  const text = existsSync(manifest) ? readFileSync(manifest, "utf8") : "";
  const server = statSync(join(native, "bin", process.platform === "win32" ? "postgres.exe" : "postgres"));
  return createHash("sha256").update(text).update(`${server.size}`).digest("hex").slice(0, 12);
}
