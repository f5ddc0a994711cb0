import { StringDecoder } from "node:string_decoder";

/** What was piped in or typed; or why nothing is made of it, which is the input's fault. */
export type Input =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string; readonly remedy: string };

type Terminal = Pick<NodeJS.Process, "stdin" | "stderr">;

const INPUT_BYTES_MAX = 65_536;

const tooLarge: Input = {
  ok: false,
  problem: "standard input holds more than 64 KiB",
  remedy: "A secret or password is far shorter: look at what is piped in. Nothing of it was used.",
};
const cancelled: Input = { ok: false, problem: "it was cancelled", remedy: "Nothing was done." };
const severalLines: Input = {
  ok: false,
  problem: "more than one line was typed",
  remedy: "Pipe it in, or name its file, if it is one of several lines. Nothing of it was used.",
};

/** Reads a secret or password: what is piped in, up to 64 KiB, or a line that is typed at the terminal and not shown. */
export async function readInput(terminal: Terminal): Promise<Input> {
  return await (terminal.stdin.isTTY === true ? readTyped(terminal) : readPiped(terminal.stdin));
}

async function readPiped(stdin: AsyncIterable<Buffer>): Promise<Input> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    size += chunk.length;
    // Its beginning would be another secret.
    if (size > INPUT_BYTES_MAX) return tooLarge;
    chunks.push(chunk);
  }
  return { ok: true, text: Buffer.concat(chunks).toString("utf8") };
}

/** In raw mode, since the terminal shows what is typed in a line that it edits itself. So the keys are our matter. */
function readTyped({ stdin, stderr }: Terminal): Promise<Input> {
  const decoder = new StringDecoder("utf8");
  let text = "";
  return new Promise((resolve) => {
    const finish = (input: Input): void => {
      stdin.off("data", read).off("end", hangUp);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write("\n");
      resolve(input);
    };
    const hangUp = (): void => finish(cancelled);
    const read = (bytes: Buffer): void => {
      const next = typeKeys(text, decoder.write(bytes));
      if (typeof next === "string") text = next;
      else finish(next);
    };
    // Before anybody is asked: who types at once is not shown either.
    stdin.setRawMode(true);
    stderr.write("Type it, then Enter (it is not shown): ");
    stdin.on("data", read).on("end", hangUp);
    stdin.resume();
  });
}

/** The text after these keys, or what it ends with. */
function typeKeys(before: string, keys: string): string | Input {
  // Arrows and the like come as sequences of their own.
  if (keys.startsWith("\u001b")) return before;
  let text = before;
  let at = 0;
  for (const key of keys) {
    at += key.length;
    if (key === "\u0003") return cancelled;
    // Enter, and Ctrl-D; behind it stands what was pasted with it.
    if (key === "\r" || key === "\n" || key === "\u0004")
      return /^[\r\n]*$/.test(keys.slice(at)) ? { ok: true, text } : severalLines;
    text = key === "\u007f" || key === "\b" ? Array.from(text).slice(0, -1).join("") : text + key;
  }
  return Buffer.byteLength(text) > INPUT_BYTES_MAX ? tooLarge : text;
}
