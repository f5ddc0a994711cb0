import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { readInput } from "../../src/cli/read-input.ts";
import { runCli } from "../support/cli.ts";
import { testFolder } from "../support/folder.ts";
import { sent, toHttp } from "./broken-requests.ts";

/** A terminal at which the keys are pressed, chunk by chunk, and what was done to it in order. */
function openTerminal() {
  const done: string[] = [];
  const stdin = new PassThrough();
  const setRawMode = (mode: boolean): void => void done.push(mode ? "raw" : "cooked");
  const input = Object.assign(stdin, { isTTY: true, setRawMode });
  const stderr = { write: (text: string) => done.push(text) };
  const reading = readInput({ stdin: input, stderr } as unknown as NodeJS.Process);
  return { reading, done, press: (keys: Buffer | string) => void stdin.write(keys), hangUp: () => stdin.end() };
}

const UNSHOWN = ["raw", "Type it, then Enter (it is not shown): ", "cooked", "\n"];

describe("a secret at a terminal", () => {
  it.each([
    ["ends with Enter", ["s", "e", "c", "\r"], "sec"],
    ["is pasted with its line break", ["whsec_abc\r\n"], "whsec_abc"],
    ["is mended by backspace, whatever the key sends, and by whole characters", ["ab\u007f", "ü😀\b", "c\r"], "aüc"],
    ["leaves arrows out", ["a", "\u001b[D", "b\r"], "ab"],
    ["ends with Ctrl-D", ["ab\u0004"], "ab"],
  ])("%s, and is not shown", async (_what, keys, text) => {
    const { reading, done, press } = openTerminal();
    for (const chunk of keys) press(chunk);
    expect(await reading).toEqual({ ok: true, text });
    expect(done).toEqual(UNSHOWN);
  });

  it("is put together when a character comes in two parts", async () => {
    const { reading, press } = openTerminal();
    const bytes = Buffer.from("ü\r");
    press(bytes.subarray(0, 1));
    press(bytes.subarray(1));
    expect(await reading).toEqual({ ok: true, text: "ü" });
  });

  it.each([
    ["Ctrl-C", ["ab", "\u0003"], "it was cancelled"],
    ["a second line, whose first would be taken for all", ["one\rtwo\r"], "more than one line was typed"],
    ["more than 64 KiB", ["x".repeat(40_000), "x".repeat(40_000)], "standard input holds more than 64 KiB"],
  ])("is none after %s, and the terminal is as it was", async (_what, keys, problem) => {
    const { reading, done, press } = openTerminal();
    for (const chunk of keys) press(chunk);
    expect(await reading).toMatchObject({ ok: false, problem });
    expect(done).toEqual(UNSHOWN);
  });

  it("is none when the terminal goes away", async () => {
    const { reading, press, hangUp } = openTerminal();
    press("half of i");
    hangUp();
    expect(await reading).toMatchObject({ ok: false, problem: "it was cancelled" });
  });
});

it.each([
  [["secrets", "add", "stripe"]],
  [["people", "add", "a@example.com"]],
  [["verify", "--provider", "stripe", "--request", "saved.http", "--secret-stdin"]],
])("more than 64 KiB on standard input are refused before anything is asked, not cut: %j", async (args) => {
  const cwd = testFolder();
  await writeFile(join(cwd, "saved.http"), toHttp(sent()));
  const env = { HOLDFAST_ADMIN_URL: "http://127.0.0.1:9", HOLDFAST_ADMIN_TOKEN: "a-token" };
  const { code, stderr } = await runCli(args, { cwd, env, input: "x".repeat(65_537) });
  expect([code, stderr]).toEqual([2, expect.stringContaining("standard input holds more than 64 KiB")]);
});
