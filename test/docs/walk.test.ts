import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codeSpans, readPage, readTable } from "../support/markdown.ts";
import { syntaxOf } from "../support/tidy/syntax.ts";
import { ROOT, readTree } from "../support/tidy/tree.ts";

const page = readPage("docs/walk.md");
const tree = readTree();
const STEPS = ["arrive", "verify", "record", "claim", "deliver", "settle", "rescue", "replay", "reconcile"];

const files = (text: string): string[] => codeSpans(text).filter((span) => /^[a-z-]+\/.*\.ts$/.test(span));

describe("docs/walk.md", () => {
  it("names the nine steps in their order, each with the promise it keeps", () => {
    const rows = readTable(page, "The walk of one event");
    expect(rows.map((row) => row["step"])).toEqual(STEPS);
    expect(rows.filter((row) => row["promise"] === "")).toEqual([]);
  });

  it("names for each step a file that exists, or says that it is not built yet", () => {
    for (const row of readTable(page, "The walk of one event")) {
      const where = files(row["where"]!);
      if (where.length === 0) expect([row["step"], row["where"]]).toEqual([row["step"], "not built yet"]);
    }
    for (const file of files(page)) expect([file, existsSync(join(ROOT, "gateway/src", file))]).toEqual([file, true]);
  });

  it("does not say that a step is missing which is there", () => {
    const recovery = tree.filter(({ path }) => path.startsWith("gateway/src/recovery/")).map(({ path }) => path);
    for (const row of readTable(page, "The walk of one event").filter((one) => one["where"] === "not built yet")) {
      expect(recovery.filter((path) => path.endsWith(`/${row["step"]}.ts`))).toEqual([]);
    }
  });

  it("names every file of pipeline/", () => {
    const present = tree.map(({ path }) => path).filter((path) => path.startsWith("gateway/src/pipeline/"));
    expect(present.length).toBeGreaterThan(5);
    const named = new Set(files(page));
    expect(present.map((path) => path.slice("gateway/src/".length)).filter((path) => !named.has(path))).toEqual([]);
  });
});

describe("the two functions that name the steps", () => {
  it.each([
    ["ingest", "gateway/src/pipeline/ingest.ts"],
    ["work", "gateway/src/pipeline/work.ts"],
  ])("%s has at most 40 lines", (name, path) => {
    const file = tree.find((one) => one.path === path);
    const found = file === undefined ? undefined : syntaxOf(file).functions.find((one) => one.name === name);
    expect(found?.length).toBeGreaterThan(3);
    expect(found?.length).toBeLessThanOrEqual(40);
  });
});
