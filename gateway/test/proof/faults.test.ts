import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readTable } from "../../../test/support/markdown.ts";
import { readPage } from "../../../test/support/markdown.ts";
import { CATALOGUE } from "../../../proof/faults/catalogue.mjs";
import { countCoverage, readCoverage } from "../../../proof/faults/coverage.mjs";
import { findMisfits } from "../../../proof/mutants/copy-tree.mjs";
import { MUTANTS } from "../../../proof/mutants/mutants.mjs";

const { rows, unknown } = readCoverage();

test("the catalogue has its 140 faults, each once, in order", () => {
  expect(CATALOGUE.map(({ id }) => id)).toEqual(
    Array.from({ length: 140 }, (_, i) => `F${String(i + 1).padStart(2, "0")}`),
  );
  expect(countCoverage(rows)).toMatchObject({ P0: [expect.any(Number), 75], P1: [expect.any(Number), 58] });
});

test("every P0 fault has a test that names it", () => {
  const sums = Object.entries(countCoverage(rows)).map(([name, [named, all]]) => `${name} ${named} of ${all}`);
  process.stdout.write(`faults with a test that names them: ${sums.join(", ")}\n`);
  expect(rows.filter(({ priority, tests }) => priority === "P0" && tests.length === 0).map(({ id }) => id)).toEqual([]);
});

test("no test names a fault that the catalogue has not", () => {
  expect(unknown).toEqual([]);
});

test("docs/proof.md lists every other fault without a test, with the reason, and none that has one", () => {
  const listed = readTable(readPage("docs/proof.md"), "Faults without a test");
  expect(listed.map((row) => row["fault"])).toEqual(
    rows.filter(({ tests }) => tests.length === 0).map(({ id, fault }) => `${id} ${fault}`),
  );
  expect(listed.filter((row) => (row["why"] ?? "").length < 20)).toEqual([]);
});

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

test.each(MUTANTS.map((mutant) => [mutant.id, mutant] as const))(
  "the mutant %s fits the code as it stands, and the test that must notice it is there",
  (_id, { edits, test: killer }) => {
    expect(edits).not.toEqual([]);
    expect(findMisfits(ROOT, edits)).toEqual([]);
    expect(readFileSync(`${ROOT}${killer.file}`, "utf8")).toContain(killer.name);
  },
);
