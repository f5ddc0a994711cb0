import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./tidy/tree.ts";

/** A page of the repository as text. */
export function readPage(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/**
 * The rows of the first table below a heading (or of the page, when the heading is empty), each as a record by column name,
 * cells trimmed. Throws when there is none: a test that reads no row would pass on an empty page.
 */
export function readTable(page: string, heading: string): Record<string, string>[] {
  const lines = page.split("\n");
  const from = heading === "" ? 0 : lines.findIndex((line) => /^#+ /.test(line) && line.includes(heading)) + 1;
  if (heading !== "" && from === 0) throw new Error(`no heading "${heading}"`);
  const start = lines.findIndex((line, i) => i >= from && line.startsWith("|"));
  const end = lines.findIndex((line, i) => i > start && !line.startsWith("|"));
  const [head, rule, ...rows] = lines.slice(start, end < 0 ? lines.length : end).map(toCells);
  if (start < 0 || head === undefined || rule === undefined || rows.length === 0) {
    throw new Error(`no table below "${heading}"`);
  }
  return rows.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i] ?? ""])));
}

function toCells(line: string): string[] {
  return line
    .replace(/^\||\|\s*$/g, "")
    .split("|")
    .map((cell) => cell.trim());
}

/** The code spans of a text, without their marks; fenced blocks are left out. */
export function codeSpans(text: string): string[] {
  return [...text.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
}

/** One cell's code span; throws when it has none or several. */
export function codeOf(cell: string | undefined): string {
  const spans = codeSpans(cell ?? "");
  if (spans.length !== 1) throw new Error(`expected one code span in: ${cell}`);
  return spans[0]!;
}
