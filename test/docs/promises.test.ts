import { describe, expect, it } from "vitest";
import { codeOf, readPage } from "../support/markdown.ts";
import { readTree } from "../support/tidy/tree.ts";

const tree = new Map(readTree().map(({ path, text }) => [path, text]));

interface Promised {
  readonly number: number;
  readonly text: string;
  readonly tests: readonly { readonly path: string; readonly name: string }[];
}

const promises: Promised[] = readPage("docs/promises.md")
  .split(/^## /m)
  .flatMap((section) => {
    const number = /^(\d+)\. /.exec(section)?.[1];
    if (number === undefined) return [];
    const lines = section.split("\n").slice(1);
    const tests = lines
      .filter((line) => line.startsWith("- "))
      .map((line) => ({
        path: codeOf(line.slice(0, line.indexOf("`: ") + 1)),
        name: line.slice(line.indexOf("`: ") + 3),
      }));
    return [
      {
        number: Number(number),
        text: lines
          .filter((line) => !line.startsWith("- "))
          .join(" ")
          .trim(),
        tests,
      },
    ];
  });

describe("docs/promises.md", () => {
  it("holds the seven promises in their order", () => {
    expect(promises.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(promises.filter(({ text }) => text.length < 80)).toEqual([]);
  });

  it("names for each promise at least one test", () => {
    expect(promises.filter(({ tests }) => tests.length === 0).map(({ number }) => number)).toEqual([]);
  });

  it("names only tests that there are", () => {
    const missing = promises
      .flatMap(({ tests }) => tests)
      .filter(({ path, name }) => !(path.endsWith(".test.ts") && titled(tree.get(path) ?? "", name)));
    expect(missing).toEqual([]);
  });
});

// As the title of a test, in quotes of either kind; a title with a place for a value may end with ours.
function titled(text: string, name: string): boolean {
  return [`"${name}"`, `'${name}'`, `\`${name}\``, `: ${name}"`].some((title) => text.includes(title));
}
