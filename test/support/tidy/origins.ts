import type { Check } from "./tree.ts";

// Written in parts, so that this file does not hold what it looks for.
const HOMES = ["home", "Users", "root", "work", "farm", "srv", "opt"].map((folder) => `/${folder}/`);
const MACHINE_PATH = new RegExp(`(?<![\\w./~*-])(?:${HOMES.join("|")})[A-Za-z0-9_.-]`);
const WINDOWS_PATH = /\b[A-Z]:\\{1,2}(?:Users|work)\\/;
const REGISTRY = new RegExp(
  ["registry", "\\.(?:npmjs|yarnpkg)\\.", "|npm\\.pkg", "\\.github", "|/", "artifactory/"].join(""),
);

/** Nothing in the repository knows the machine it was written on, nor where somebody's packages come from. */
export const checkOrigins: Check = (files) =>
  files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, i) => {
      const faults: string[] = [];
      const machine = MACHINE_PATH.exec(line) ?? WINDOWS_PATH.exec(line);
      if (machine !== null) faults.push(`${path}:${i + 1}: a path of one machine: ${machine[0]}`);
      const registry = REGISTRY.exec(line);
      if (registry !== null) faults.push(`${path}:${i + 1}: a registry's host: ${registry[0]}`);
      return faults;
    }),
  );

/** The lock file names versions and hashes, and leaves open from where they are fetched. */
export const checkLock: Check = (files) => {
  const lock = files.find(({ path }) => path === "package-lock.json");
  if (lock === undefined) return ["package-lock.json is missing: the same versions everywhere need it"];
  const { packages } = JSON.parse(lock.text) as { packages: Record<string, { resolved?: string; link?: boolean }> };
  return Object.entries(packages)
    .filter(([, { resolved, link }]) => resolved !== undefined && link !== true)
    .map(([name]) => `package-lock.json: ${name} names the host that it was fetched from`);
};
