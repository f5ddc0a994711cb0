import type { Command } from "commander";
import fc from "fast-check";
import picocolors from "picocolors";
import { expect, it } from "vitest";
import type { Run } from "../../src/cli/options.ts";
import { readMoment } from "../../src/cli/moment-flags.ts";
import { buildProgram, parse } from "../../src/cli/program.ts";
import type { ExitCode, Shell } from "../../src/cli/shell.ts";
import { testFolder } from "../support/folder.ts";

/** A shell that keeps what is said. Nothing answers at its addresses, and what would serve is told a port that is none. */
function fakeShell(cwd: string): { readonly shell: Shell; readonly said: string[] } {
  const said: string[] = [];
  const shell: Shell = {
    env: {
      HOLDFAST_ADMIN_URL: "http://127.0.0.1:9",
      HOLDFAST_ADMIN_TOKEN: "a-token",
      DATABASE_URL: "postgres://holdfast@127.0.0.1:9/holdfast",
      HOLDFAST_PORT: "none",
    },
    cwd,
    paint: picocolors.createColors(false),
    print: (line) => void said.push(line),
    write: (bytes) => void said.push(Buffer.from(bytes).toString("latin1")),
    note: (line) => void said.push(line),
    readInput: async () => ({ ok: true, text: "" }),
    onStop: (stop) => stop(),
    onRestart: () => {},
    onBrokenOutput: () => {},
  };
  return { shell, said };
}

/** Every command of the program with the words that lead to it, and the long names of its options. */
function commandsOf(command: Command, words: readonly string[] = []): { words: string[]; options: string[] }[] {
  const inner = command.commands.flatMap((one) => commandsOf(one, [...words, one.name()]));
  return [{ words: [...words], options: command.options.map((option) => option.long ?? "") }, ...inner];
}

/** What commander itself would print goes where everything else goes. */
function listen(command: Command, said: string[]): void {
  command.configureOutput({ writeOut: (text) => void said.push(text), writeErr: (text) => void said.push(text) });
  for (const inner of command.commands) listen(inner, said);
}

/** Runs a command line in this process, as main.ts does. */
async function runHere(args: readonly string[], cwd: string): Promise<{ code: ExitCode; said: string }> {
  const { shell, said } = fakeShell(cwd);
  const chosen: { run: Run | null } = { run: null };
  const program = buildProgram(shell, "0.0.0", (run) => {
    chosen.run = run;
  });
  listen(program, said);
  const parsed = parse(shell, program, args);
  const code = parsed ?? (chosen.run === null ? 0 : await chosen.run());
  return { code, said: said.join("\n") };
}

const COMMANDS = commandsOf(buildProgram(fakeShell("/").shell, "0.0.0", () => {}));

const typed = fc
  .oneof(
    fc.string({ maxLength: 12 }),
    fc.array(fc.nat(0x2fff), { maxLength: 12 }).map((codes) => String.fromCharCode(...codes)),
    fc.constantFrom(
      "",
      "-",
      "--",
      "-1",
      "0",
      "1e9",
      "@",
      "@nowhere",
      "*",
      "evt_",
      "dlv_01",
      "rpl_x",
      "\0",
      "\r\n",
      "%s",
    ),
    fc.constantFrom("yesterday", "2026-02-30T25:00:00Z", "+275760-09-13", "http://", "ftp://a", "::1", "__proto__"),
  )
  // Nothing is to be read or written outside of the test's folder.
  .map((word) => word.replaceAll(/[/\\]|\.\./g, "."));

const lines = fc.constantFrom(...COMMANDS).chain(({ words: path, options }) => {
  const option = fc.tuple(fc.constantFrom("--json", "--", ...options), fc.option(typed)).map(([name, value]) => {
    if (value === null) return [name];
    return value.length % 2 === 0 ? [name, value] : [`${name}=${value}`];
  });
  return fc
    .tuple(fc.array(typed, { maxLength: 3 }), fc.array(option, { maxLength: 4 }))
    .map(([given, flags]) => [...path, ...given, ...flags.flat()]);
});

it("whatever is typed, a command ends with 0, 1 or 2, says why in words, and never throws", async () => {
  const cwd = testFolder();
  await fc.assert(
    fc.asyncProperty(lines, async (args) => {
      const { code, said } = await runHere(args, cwd);
      expect([0, 1, 2]).toContain(code);
      if (code !== 0) expect(said.trim()).not.toBe("");
      expect(said).not.toMatch(/\n\s+at .*:\d+:\d+|node:internal|TypeError|\[object Object\]/);
    }),
    { seed: 20_261_122, numRuns: 100 },
  );
});

it.each([
  [["secrets", "promote", "", "v2"], "argument 'source' is \"\""],
  [["events", "show", ".."], "argument 'id' is \"..\""],
  [["dead", "dismiss", "dlv_1", " ", "--reason", "x"], "argument 'id' is \" \""],
])("an argument that names nothing is refused before anything is asked: %j", async (args, told) => {
  const { code, said } = await runHere(args, testFolder());
  expect([code, said]).toEqual([2, expect.stringContaining(told)]);
});

it.each([
  [["events", "--since", "yesterday"], '--since is no moment: "yesterday"\n  Write it as 2026-11-22'],
  [["events", "--until", "2026-02-30"], "--until is no moment"],
  [["dead", "--since", "1700000000"], "--since is no moment"],
  [["dead", "retry", "--status", "2xx"], "--status must be an HTTP status"],
  [["replay", "plan", "--until", ""], "--until is no moment"],
  [["reconcile", "run", "x", "--from", "2026-11-22", "--to", "2026-11-22T25:00Z"], "--to is no moment"],
])("a flag that holds something else is refused by its name before anything is asked: %j", async (args, told) => {
  const { code, said } = await runHere(args, testFolder());
  expect([code, said]).toEqual([2, expect.stringContaining(told)]);
});

const numberFlags: readonly (readonly [words: string, name: string])[] = [
  ["events", "limit"],
  ["send stripe", "count"],
  ["listen --until-type invoice.paid", "timeout"],
  ["secrets promote stripe v2", "overlap-hours"],
  ["throttle set --all", "admit"],
  ["throttle set --all --refuse", "minutes"],
  ["dead retry --group 0123456789abcdef", "expect"],
  ["dead dismiss dlv_1 --reason x", "expect"],
  ["dead dismiss --group 0123456789abcdef --reason x", "expect"],
  ["replay plan", "rate"],
  ["replay plan", "in-flight"],
  ["dev", "receiver-port"],
];

it.each(numberFlags)(
  "a number that is none is refused before anything is asked, and is never taken for 0: %s --%s",
  async (words, name) => {
    for (const text of ["", " ", "0x10", "1e1", "+5", "-1", " 5", "Infinity", "none"]) {
      const port = words === "dev" ? ["--port", "0"] : [];
      const { code, said } = await runHere([...words.split(" "), ...port, `--${name}=${text}`], testFolder());
      expect([text, code, said]).toEqual([
        text,
        2,
        expect.stringMatching(new RegExp(`--${name} must be a .*number from`)),
      ]);
    }
  },
);

it.each([
  ["secrets promote stripe v2 --overlap-hours 0.5"],
  ["throttle set --all --admit 0 --minutes 10080"],
  ["dead retry --group 0123456789abcdef --expect 0"],
  ["replay plan --rate 0.1"],
])("a number at its bound is taken: %s", async (line) => {
  const { code, said } = await runHere(line.split(" "), testFolder());
  expect([code, said]).toEqual([1, expect.stringContaining("no gateway answers at")]);
});

it.each([
  ["2026-11-22", "2026-11-22T00:00:00.000Z"],
  ["2026-11-22 18:00", "2026-11-22T18:00:00.000Z"],
  ["2026-11-22T18:00:00.123456789z", "2026-11-22T18:00:00.123Z"],
  ["2026-11-22T18:00+01:00", "2026-11-22T17:00:00.000Z"],
  ["1969-12-31", null],
  ["+275760-09-13", null],
])("a moment is read as people type it: %s", (text, moment) => {
  expect(readMoment(text)).toBe(moment);
});
