// Which tests name which fault: a test that holds against a fault ends its name with the fault's id, "… (F23)" or "… (F56, F57)".
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CATALOGUE } from "./catalogue.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const NAMED = /(["'`])((?:(?!\1)[^\n])+?) \((F\d{2,3}(?:, F\d{2,3})*)\)\1/g;

/** @typedef {{ id: string, priority: string, fault: string, tests: { path: string, name: string }[] }} Covered */

/**
 * @returns {{ rows: Covered[], unknown: string[] }} the catalogue with the tests that name each fault, and ids that it has not
 */
export function readCoverage() {
  const named = listTests().flatMap((path) =>
    [...readFileSync(join(ROOT, path), "utf8").matchAll(NAMED)].flatMap(([, , name, ids]) =>
      ids.split(", ").map((id) => ({ id, path, name })),
    ),
  );
  const known = new Set(CATALOGUE.map(({ id }) => id));
  const rows = CATALOGUE.map((fault) => ({
    ...fault,
    tests: named.filter(({ id }) => id === fault.id).map(({ path, name }) => ({ path, name })),
  }));
  return { rows, unknown: [...new Set(named.map(({ id }) => id).filter((id) => !known.has(id)))] };
}

/** How many of each priority a test names: `{ P0: [named, all], … }`. */
export function countCoverage(rows) {
  return Object.fromEntries(
    ["P0", "P1", "P2"].map((priority) => {
      const own = rows.filter((row) => row.priority === priority);
      return [priority, [own.filter(({ tests }) => tests.length > 0).length, own.length]];
    }),
  );
}

/** One line for each fault, and the sums. */
export function describeCoverage(rows) {
  const lines = rows.map(({ id, priority, fault, tests }) => {
    const first = tests[0] === undefined ? "no test" : `${tests[0].path}: ${tests[0].name}`;
    return `${id.padEnd(5)}${priority}  ${fault}\n        ${first}${tests.length > 1 ? ` (and ${tests.length - 1} more)` : ""}`;
  });
  const sums = Object.entries(countCoverage(rows)).map(([name, [named, all]]) => `${name} ${named} of ${all}`);
  return `${lines.join("\n")}\n\n${sums.join(", ")}\n`;
}

function listTests() {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z", "*.test.ts"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  return [...new Set(listed.split("\0"))].filter((path) => path !== "" && existsSync(join(ROOT, path)));
}
