// Writes a report as JSON and as a page, and says the short of it.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { toPage } from "./page.mjs";
import { toText } from "./text.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Where reports go when nothing else is said. */
export const RESULTS = join(ROOT, "proof/results");

/**
 * @param {import("./report.d.ts").Report} report
 * @param {string} folder
 * @param {string} [name] of the files, without ending
 */
export function writeReport(report, folder, name = nameOf(report)) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, `${name}.html`), toPage(report));
  return join(folder, name);
}

/**
 * Writes it below proof/results and prints it: a summary, or the report as one line of JSON.
 *
 * @param {import("./report.d.ts").Report} report
 * @param {{ isJson: boolean }} how
 */
export function publishReport(report, { isJson }) {
  const at = writeReport(report, RESULTS);
  process.stdout.write(isJson ? `${JSON.stringify(report)}\n` : toText(report));
  process.stderr.write(`Written: ${relative(ROOT, at)}.json and .html\n`);
}

/** A name that sorts by time: kill-flood-2026-…-seed-7. */
export function nameOf({ proof, at, seeds }) {
  const seed = seeds.length === 1 ? `-seed-${seeds[0]}` : "";
  return `${proof}-${at.replaceAll(/[:.]/g, "-")}${seed}`;
}
