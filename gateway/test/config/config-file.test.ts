import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { importFile } from "../../src/config/import-file.ts";

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "holdfast-file-"));
});
afterEach(async () => {
  await rm(cwd, { recursive: true });
});

async function write(name: string, text: string): Promise<string> {
  await writeFile(join(cwd, name), text);
  return join(cwd, name);
}

/** What is wrong with the file that the working folder holds. */
async function problemOf(name: string, text: string): Promise<string> {
  await write(name, text);
  const imported = await importFile(cwd, undefined);
  return imported.ok || !("file" in imported.fault) ? "" : imported.fault.problem;
}

it("runs TypeScript with types, and the package's own door, from a folder that has no node_modules", async () => {
  await write(
    "holdfast.config.ts",
    `import { defineConfig } from "holdfast";\nconst port: number = 5;\nexport default defineConfig({ port } satisfies { port: number });`,
  );
  expect(await importFile(cwd, undefined)).toMatchObject({ ok: true, content: { port: 5 } });
});

it.each(["holdfast.config.mts", "holdfast.config.js", "holdfast.config.mjs"])("finds %s by itself", async (name) => {
  await write(name, `export default { port: 6 };`);
  expect(await importFile(cwd, undefined)).toMatchObject({ ok: true, path: join(cwd, name), content: { port: 6 } });
});

it("goes on without a file when there is none", async () => {
  expect(await importFile(cwd, undefined)).toEqual({ ok: true, path: null, content: {} });
});

it("refuses a named file that is not there, with what to do", async () => {
  expect(await importFile(cwd, "other.ts")).toMatchObject({
    ok: false,
    fault: { file: join(cwd, "other.ts"), problem: expect.stringContaining("holdfast init") },
  });
});

it("refuses two files at once, because nobody could tell which counts", async () => {
  await write("holdfast.config.ts", "export default {}");
  expect(await problemOf("holdfast.config.mjs", "export default {}")).toContain("there is also");
});

it.each(["holdfast.config.ts", "holdfast.config.mjs"])("names the line of a syntax error in %s", async (name) => {
  expect(await problemOf(name, `export default {\n  port: 1,,\n};\n`)).toMatch(/^line 2: /);
});

it.each(["holdfast.config.ts", "holdfast.config.mjs"])("names the line that throws in %s", async (name) => {
  const text = `const a = 1;\n\nexport default { port: (() => { throw new Error("no port today"); })() };\n`;
  expect(await problemOf(name, text)).toBe("line 3: no port today");
});

it("says which module is missing", async () => {
  expect(await problemOf("holdfast.config.mjs", `import "not-installed-anywhere";\nexport default {};`)).toContain(
    "not-installed-anywhere",
  );
});

it.each(["export const port = 1;", "export default 5;", "export default [];"])(
  "refuses a file whose default export is no object: %s",
  async (text) => {
    expect(await problemOf("holdfast.config.mjs", text)).toContain("export default defineConfig");
  },
);
