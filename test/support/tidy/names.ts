import { basename, dirname } from "node:path/posix";
import type { Check } from "./tree.ts";
import { isCode } from "./tree.ts";
import { syntaxOf } from "./syntax.ts";

// Names that a file must have because a tool or a custom asks for it.
const GIVEN = new Set(["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "NOTICE"]);
const KEBAB = /^\.?[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*$/;
const MIGRATION = /^gateway\/migrations\/\d{4}_[a-z0-9_]+\.sql$/;
const EMPTY = new Set(
  [
    ["util", "utils", "helper", "helpers", "common", "manager", "managers", "service", "services", "misc"],
    ["types", "interfaces", "stuff", "shared"],
  ].flat(),
);

/** Kebab-case paths, and no name that says nothing: when no better one is found, the thing is not understood yet. */
export const checkNames: Check = (files) =>
  files.flatMap(({ path }) => {
    if (GIVEN.has(basename(path)) || MIGRATION.test(path)) return [];
    const parts = path.split("/");
    const faults = parts.filter((part) => !KEBAB.test(part)).map((part) => `${path}: ${part} is not kebab-case`);
    const words = parts.flatMap((part) => part.replace(/^\./, "").split(/[-.]/));
    const empty = words.filter((word) => EMPTY.has(word));
    return [...faults, ...empty.map((word) => `${path}: "${word}" names nothing; say what it holds or does`)];
  });

const DOORS = /^(verify|client|gateway)\/src\/index\.ts$/;

/** A module is imported where it stands: no barrels, and index.ts is a package's public door and nothing else. */
export const checkDoors: Check = (files) =>
  files
    .filter(({ path }) => isCode(path))
    .flatMap((file) => {
      if (DOORS.test(file.path)) return [];
      if (basename(file.path).startsWith("index."))
        return [`${file.path}: index is for a package's public door; ${dirname(file.path)} is none`];
      const { isBarrel, reexports } = syntaxOf(file);
      if (isBarrel) return [`${file.path}: a barrel; import from where the thing stands`];
      return reexports.map((line) => `${file.path}:${line}: passes on another module's export; import from there`);
    });

const ROOT_HOLDS = new Set(
  [
    [".ci", "bench", "client", "dashboard", "docs", "gateway", "proof", "test", "verify"],
    [".gitignore", ".npmrc", ".oxfmtrc.json", ".oxlintrc.json", "knip.json", "package.json", "package-lock.json"],
    ["tsconfig.base.json", "tsconfig.json", "tsconfig.test.json", "vitest.config.ts"],
    ["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"],
  ].flat(),
);

/** The first `ls` tells the story: nothing at the root that is not on the list. */
export const checkRoot: Check = (files) =>
  [...new Set(files.map(({ path }) => path.split("/")[0]!))]
    .filter((name) => !ROOT_HOLDS.has(name))
    .map((name) => `${name}: nothing of this name belongs at the root`);
