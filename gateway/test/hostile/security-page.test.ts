import { expect, it } from "vitest";
import { readPage, readTable } from "../../../test/support/markdown.ts";
import { readTree } from "../../../test/support/tidy/tree.ts";

const rows = readTable(readPage("docs/security.md"), "Items");
const tree = new Map(readTree().map(({ path, text }) => [path, text]));

it("docs/security.md has each item of the list once, in order", () => {
  const numbers = Array.from({ length: 62 }, (_, i) => i + 1);
  expect(rows.map((row) => row["item"])).toEqual(numbers.map((n) => `S${String(n).padStart(2, "0")}`));
});

it("names only tests that there are, and says what is missing where it names none", () => {
  const missing = rows.filter((row) => {
    const [, path, name] = /^`([^`]+)`: (.+)$/.exec(row["test"] ?? "") ?? [];
    if (path === undefined || name === undefined) return row["test"] !== "none" || (row["state"] ?? "").length < 20;
    const text = tree.get(path) ?? "";
    return !['"', "'", "`"].some((quote) => text.includes(`${quote}${name}${quote}`));
  });
  expect(missing).toEqual([]);
});
