import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const run = promisify(execFile);
const home = fileURLToPath(new URL("..", import.meta.url));
const bin = (name: string) => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));

/** The limit of issue and README: what a user downloads. */
const packedBytesMax = 300_000;

let folder = "";
let tarball = "";
let packed: { readonly size: number; readonly files: readonly { readonly path: string }[] };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-verify-"));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: home });
  const [made] = JSON.parse(stdout) as (typeof packed & { filename: string })[];
  if (made === undefined) throw new Error("npm pack made nothing");
  packed = made;
  tarball = join(folder, made.filename);
  await writeFile(join(folder, "package.json"), '{"private":true,"type":"module"}');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", tarball], { cwd: folder });
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("what is packed", () => {
  test("is less than 300 kB and holds the library, its types, its page and its licence", () => {
    expect(packed.size).toBeLessThan(packedBytesMax);
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(["LICENSE", "README.md", "dist/index.js", "dist/index.d.ts"]));
    expect(paths.filter((path) => !/^dist\/[\w/-]+\.(?:js|d\.ts)$/.test(path)).toSorted()).toEqual([
      "LICENSE",
      "README.md",
      "package.json",
      "require.cjs",
      "require.d.cts",
    ]);
  });

  test("needs nothing else", async () => {
    const given = JSON.parse(await readFile(join(home, "package.json"), "utf8")) as Record<string, unknown>;
    const kinds = ["dependencies", "peerDependencies", "optionalDependencies", "scripts", "bundleDependencies"];
    expect(kinds.filter((kind) => kind in given)).toEqual([]);
  });

  test("passes publint", async () => {
    const { stdout } = await run(bin("publint"), [tarball, "--strict"]);
    expect(stdout).toContain("All good!");
  });

  test("passes attw in every way of resolving it", async () => {
    const { stdout } = await run(bin("attw"), [tarball, "--format", "json"]);
    const { analysis } = JSON.parse(stdout) as { analysis: { problems: unknown[]; entrypoints: object } };
    expect(analysis.problems).toEqual([]);
    expect(Object.keys(analysis.entrypoints)).toEqual(["."]);
  });
});

describe("in a fresh project", () => {
  const readme = () => readFile(join(folder, "node_modules/@holdfast/verify/README.md"), "utf8");

  test("every example of the README runs and prints what it says", async () => {
    const examples = [...(await readme()).matchAll(/```js\n(.*?)```(?:\n\n```text\n(.*?)```)?/gs)];
    expect(examples.length).toBeGreaterThanOrEqual(4);
    for (const [index, [, code = "", says]] of examples.entries()) {
      const file = join(folder, `example-${index}.mjs`);
      await writeFile(file, code);
      const { stdout, stderr } = await run(process.execPath, [file], { cwd: folder });
      expect(stderr).toBe("");
      if (says === undefined) expect(stdout).toContain("invoice.paid\nevt_1\nsignature_mismatch\n");
      else expect(lines(stdout)).toEqual(lines(says));
    }
  });

  test("require gives the same library as import", async () => {
    const file = join(folder, "both.cjs");
    const code = `const required = require("@holdfast/verify");
import("@holdfast/verify").then((imported) => console.log(imported.verify === required.verify));`;
    await writeFile(file, code);
    expect((await run(process.execPath, [file], { cwd: folder })).stdout).toBe("true\n");
  });

  test("its types are read without any others, in both kinds of module", async () => {
    await writeFile(join(folder, "required.cts"), 'import v = require("@holdfast/verify");\nexport = v.verify;\n');
    const code = `import { verify, type Verdict } from "@holdfast/verify";
const request = { method: "POST", url: "/", headers: {}, body: new Uint8Array() };
const verdict: Verdict = verify({ provider: "stripe", receiver: {}, request, now: new Date() });
export const why: string = verdict.ok ? "" : verdict.reason;
`;
    await writeFile(join(folder, "imported.mts"), code);
    const flags = ["--noEmit", "--strict", "--module", "nodenext", "--types", ""];
    const { stdout } = await run(bin("tsc"), [...flags, "required.cts", "imported.mts"], { cwd: folder });
    expect(stdout).toBe("");
  });
});

function lines(text: string): string[] {
  return text.split("\n").map((line) => line.trimEnd());
}
