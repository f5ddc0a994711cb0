import { existsSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path/posix";
import { describe, expect, it, vi } from "vitest";
import { loadConfig } from "../../gateway/src/config.ts";
import { runCli } from "../../gateway/test/support/cli.ts";
import { testFolder } from "../../gateway/test/support/folder.ts";
import { codeSpans, readPage } from "../support/markdown.ts";
import { ROOT, readTree } from "../support/tidy/tree.ts";

const page = readPage("README.md");
const fences = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm"))].map((match) => match[1]!);

/** What a reader would type: the lines of shell blocks and the code spans that begin like a command. */
const typed = [...fences(page, "sh").flatMap((block) => block.split("\n")), ...codeSpans(page)];

describe("README.md", () => {
  it("shows npm commands that there are, and the two that a stranger types", () => {
    const { scripts } = JSON.parse(readPage("package.json")) as { scripts: Record<string, string> };
    const pages = `${typed.join("\n")}\n${fences(readPage("CONTRIBUTING.md"), "sh").join("\n")}`;
    const named = [...pages.matchAll(/\bnpm (?:run )?(start|test|\w+)\b/g)].map((match) => match[1]!);
    expect(named).toEqual(expect.arrayContaining(["ci", "start", "test", "check"]));
    expect(named.filter((name) => name !== "ci" && name !== "run" && scripts[name] === undefined)).toEqual([]);
    expect(fences(page, "sh")[0]).toBe("npm ci && npm start\n");
  });

  it("shows commands that the command line has", async () => {
    const commands = typed
      .map((line) => /^npx holdfast ([a-z]+(?: [a-z]+)?)/.exec(line)?.[1])
      .filter((command) => command !== undefined);
    expect(new Set(commands.map((command) => command.split(" ")[0]))).toEqual(
      new Set(["send", "events", "init", "dashboard", "verify"]),
    );
    for (const command of new Set(commands)) {
      const { code, stdout } = await runCli([...command.split(" ").filter((word) => word !== "stripe"), "--help"], {
        cwd: ROOT,
      });
      expect([command, code, stdout.includes("Usage: holdfast")]).toEqual([command, 0, true]);
    }
  });

  it("shows a configuration that is right as it stands", async () => {
    const cwd = testFolder();
    vi.stubEnv("STRIPE_WEBHOOK_SECRET", "whsec_dGhlIHNlY3JldCBvZiB0aGUgcmVhZG1l");
    try {
      writeFileSync(join(cwd, "holdfast.config.ts"), fences(page, "ts")[0]!);
      const loaded = await loadConfig({ flags: {}, env: {}, cwd });
      expect(loaded).toMatchObject({ ok: true });
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe("every page", () => {
  const pages = readTree().filter(({ path }) => path.endsWith(".md"));

  it("links to files that there are", () => {
    expect(pages.length).toBeGreaterThan(8);
    const broken = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
        .map((match) => normalize(join(dirname(path), match[1]!)))
        .filter((target) => !existsSync(join(ROOT, target)))
        .map((target) => `${path}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it("names files of the repository that there are", () => {
    const named = pages.flatMap(({ path, text }) =>
      codeSpans(text)
        .filter((span) => /^(?:gateway|verify|client|test|docs|bench|proof)\/[\w./-]*\.\w+$/.test(span))
        .filter(
          (span) =>
            !/\/(dist|results)\//.test(span) &&
            ![ROOT, join(ROOT, dirname(path))].some((folder) => existsSync(join(folder, span))),
        )
        .map((span) => `${path}: ${span}`),
    );
    expect(named).toEqual([]);
  });
});
