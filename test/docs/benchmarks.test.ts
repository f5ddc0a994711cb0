import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readPage } from "../support/markdown.ts";
import { ROOT } from "../support/tidy/tree.ts";

const page = readPage("docs/benchmarks.md");

/** Loaded by its path, so that checking the tests' types does not check every bench. */
async function load<Shape>(path: string): Promise<Shape> {
  return (await import(pathToFileURL(join(ROOT, path)).href)) as Shape;
}

interface Benches {
  readonly BENCHES: Readonly<
    Record<string, { readonly length: string; readonly quickSec: number; load(): Promise<unknown> }>
  >;
}

describe("docs/benchmarks.md", () => {
  it("lists every bench there is, and says rightly whether a run of all has it", async () => {
    const { BENCHES } = await load<Benches>("bench/benches.mjs");
    const rows = [...page.matchAll(/^\| `([\w-]+)` \| [^|]+ \| (yes|with `--long`) \|$/gm)];
    const listed = rows.map(([, name, when]) => [name, when === "yes" ? "short" : "long"]);
    expect(listed).toEqual(Object.entries(BENCHES).map(([name, { length }]) => [name, length]));
  });

  it("has a section for each, with the command that runs it", async () => {
    const { BENCHES } = await load<Benches>("bench/benches.mjs");
    const headings = page.split("\n").filter((line) => line.startsWith("## "));
    for (const name of Object.keys(BENCHES))
      expect(
        headings.filter((line) => line.endsWith(`: \`${name}\``)),
        name,
      ).toHaveLength(1);
  });

  it("promises nothing that cannot be loaded", async () => {
    const { BENCHES } = await load<Benches>("bench/benches.mjs");
    for (const [name, bench] of Object.entries(BENCHES)) expect(typeof (await bench.load()), name).toBe("function");
  });
});

it("the peers that are measured are those that package.json pins", async () => {
  const { findVersions } = await load<{ findVersions: () => { versions: Record<string, string>; faults: string[] } }>(
    "bench/peers/pinned.mjs",
  );
  const { faults, versions } = findVersions();
  expect(faults).toEqual([]);
  const { devDependencies } = JSON.parse(readPage("package.json")) as { devDependencies: Record<string, string> };
  for (const name of ["express", "bullmq", "ioredis", "graphile-worker", "pg-boss"])
    expect(devDependencies[name], name).toBe(versions[name]);
});
