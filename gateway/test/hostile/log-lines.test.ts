import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { NAUGHTY } from "./naughty-strings.ts";

const run = promisify(execFile);
const LOG = fileURLToPath(new URL("../../dist/platform/log.js", import.meta.url));

it("whatever a field or an error holds, a record is one line of JSON without a control character (F89)", async () => {
  const script = `
    import { createLog, messageOf } from ${JSON.stringify(LOG)};
    const log = createLog("info");
    for (const text of ${JSON.stringify(NAUGHTY.map(([, text]) => text))}) {
      log.info({ detail: text, [text.slice(0, 40)]: 1, nested: { list: [text] } }, text);
      log.error({ error: messageOf(new Error(text)) }, "failed");
    }`;
  const { stderr } = await run(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  // Cut at every control character: each way in which a reader may end a line, and what a terminal would obey.
  const lines = stderr.split(/[\p{Cc}\p{Zl}\p{Zp}]/u).filter((line) => line !== "");
  expect(lines).toHaveLength(NAUGHTY.length * 2);
  const told = lines.map((line) => JSON.parse(line) as { level: string; detail?: string; msg: string });
  const texts = NAUGHTY.map(([, text]) => text.toWellFormed());
  expect(told.filter(({ level }) => level === "info").map(({ detail }) => detail?.toWellFormed())).toEqual(texts);
});
