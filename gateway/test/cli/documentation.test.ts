import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { runCli } from "../support/cli.ts";

const page = await readFile(new URL("../../../docs/cli.md", import.meta.url), "utf8");

/** The commands that a help text lists. */
function commandsOf(help: string): string[] {
  const [, list = ""] = help.split("\nCommands:\n");
  return [...list.matchAll(/^ {2}([a-z]+)/gm)].map((match) => match[1]!).filter((name) => name !== "help");
}

async function helpOf(command: string): Promise<string> {
  const { code, stdout } = await runCli([...command.split(" "), "--help"].filter(Boolean), { cwd: "/" });
  expect(code).toBe(0);
  return stdout.trimEnd();
}

it("shows the help of every command as the command prints it, and no command that there is not", async () => {
  const documented = [...page.matchAll(/^## holdfast (.+)$/gm)].map((match) => match[1]!);
  const top = await helpOf("");
  expect(page).toContain(`\`\`\`text\n${top}\n\`\`\``);
  const found: string[] = [];
  for (const name of commandsOf(top)) {
    const help = await helpOf(name);
    expect(page).toContain(`\`\`\`text\n${help}\n\`\`\``);
    found.push(name);
    for (const inner of commandsOf(help)) {
      expect(page).toContain(`\`\`\`text\n${await helpOf(`${name} ${inner}`)}\n\`\`\``);
      found.push(`${name} ${inner}`);
    }
  }
  expect(documented.toSorted()).toEqual(found.toSorted());
});

it("has --json on every command that prints anything", async () => {
  const leaves = [...page.matchAll(/^Usage: holdfast ([a-z ]+?) \[options\].*\n([\s\S]*?)```/gm)];
  const without = leaves
    .filter(([, name, text]) => !text!.includes("--json") && !text!.includes("Commands:") && name !== "")
    .map(([, name]) => name);
  expect(leaves.length).toBeGreaterThan(12);
  expect(without).toEqual([]);
});
