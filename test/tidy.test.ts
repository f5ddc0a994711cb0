import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkFileLengths, checkFunctionLengths } from "./support/tidy/budgets.ts";
import { checkMigrations } from "./support/tidy/frozen-migrations.ts";
import { checkDoors, checkNames, checkRoot } from "./support/tidy/names.ts";
import { checkNetwork } from "./support/tidy/network.ts";
import { checkLock, checkOrigins } from "./support/tidy/origins.ts";
import type { Manifest } from "./support/tidy/packages.ts";
import { checkNoDependencies, checkPins, findInstallScripts, readInstalled } from "./support/tidy/packages.ts";
import { checkRooms } from "./support/tidy/rooms.ts";
import { checkSql } from "./support/tidy/sql.ts";
import { checkTests } from "./support/tidy/test-code.ts";
import type { Check } from "./support/tidy/tree.ts";
import { ROOT, isCode, readTree } from "./support/tidy/tree.ts";
import { checkProse, checkWords } from "./support/tidy/words.ts";

const tree = readTree();

const RULES: readonly (readonly [promise: string, check: Check])[] = [
  ["a room imports only what the allow-list gives it, and a dependency lives in one room", checkRooms],
  ["SQL stands in the store alone", checkSql],
  ["requests leave through the one guarded egress (F119)", checkNetwork],
  ["no file is longer than 300 lines", checkFileLengths],
  ["no function is longer than 60 lines of code", checkFunctionLengths],
  ["files are named in kebab-case, by what they hold or do", checkNames],
  ["there is no barrel, and index.ts is a package's public door", checkDoors],
  ["the root holds what it should and nothing else", checkRoot],
  ["names keep to one word per idea", checkWords],
  ["prose keeps to one word per idea", checkProse],
  ["no test is switched off", checkTests],
  ["a migration never changes", checkMigrations],
  ["no file knows a machine or a registry", checkOrigins],
  ["the lock file leaves open from where packages come", checkLock],
  ["every dependency is pinned to one version", checkPins],
  ["the two libraries have no dependencies", checkNoDependencies],
];

describe("the repository", () => {
  it("was read: every workspace's code, its tests, its migrations and its docs", () => {
    const paths = tree.map(({ path }) => path);
    for (const folder of [
      "verify/src/",
      "client/src/",
      "gateway/src/",
      "gateway/test/",
      "gateway/migrations/",
      "docs/",
    ]) {
      expect([folder, paths.some((path) => path.startsWith(folder))]).toEqual([folder, true]);
    }
    expect(paths.filter(isCode).length).toBeGreaterThan(100);
    expect(tree.filter(({ text }) => text === "").map(({ path }) => path)).toEqual([]);
  });

  it.each(RULES)("%s", (_promise, check) => {
    expect(check(tree)).toEqual([]);
  });

  it("needs no install script of any package below the gateway", () => {
    const manifest = tree.find(({ path }) => path === "gateway/package.json");
    const root = JSON.parse(manifest?.text ?? "{}") as Manifest;
    const { read, faults } = findInstallScripts(root, join(ROOT, "gateway"), readInstalled);
    expect(faults).toEqual([]);
    expect(read).toBeGreaterThan(Object.keys(root.dependencies ?? {}).length);
  });
});
